"""Begin to act for a patient, and stop."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.middleware import ACTING_FOR, DECIDES
from accounts.requests import actor_of, dangerous
from sharing.services import handovers, proxies


@login_required
@require_safe
def acting(request: HttpRequest) -> HttpResponse:
    """The patients whom the person signed in may act for or look after."""
    actor = actor_of(request)
    context = {"wards": proxies.wards(actor), "opened": handovers.opened(actor)}
    return render(request, "sharing/acting.html", context)


@dangerous
@require_http_methods(["GET", "HEAD", "POST"])
def act_for(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Ask once more whom it is about, then act for her until told to stop."""
    if request.method == "POST":
        acting = proxies.act_for(actor_of(request), patient_id)
        request.session[ACTING_FOR], request.session[DECIDES] = (
            str(patient_id),
            proxies.decides(acting),
        )
        # A form that was opened before, in another tab, was about somebody else.
        rotate_token(request)
        return redirect("phr:records")
    ward = proxies.ward(actor_of(request), patient_id)
    return render(request, "sharing/act_for.html", {"ward": ward})


@login_required
@require_http_methods(["POST"])
def stop_acting(request: HttpRequest) -> HttpResponse:
    if request.session.pop(ACTING_FOR, None):
        rotate_token(request)
        messages.success(request, "You are back at your own account.")
    return redirect("sharing:acting")
