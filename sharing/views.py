"""Pages about permissions that need nothing of what is kept."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.requests import actor_of
from sharing import services


@login_required
@require_safe
def sharing(request: HttpRequest) -> HttpResponse:
    """The one list of who has access."""
    return render(request, "sharing/sharing.html", {"given": services.given(actor_of(request))})


@login_required
@require_http_methods(["POST"])
def revoke(request: HttpRequest, grant_id: UUID) -> HttpResponse:
    services.revoke(actor_of(request), grant_id)
    messages.success(request, "Sharing has ended. They can open nothing more with it.")
    return redirect("phr:receipt", grant_id)


@login_required
@require_safe
def shared(request: HttpRequest) -> HttpResponse:
    """Patients who share with the person signed in."""
    return render(request, "sharing/shared.html", {"shared": services.shared(actor_of(request))})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, grant_id: UUID) -> HttpResponse:
    """See an invitation, and accept it."""
    if request.method == "POST":
        patient_id = services.accept(actor_of(request), grant_id)
        return redirect("phr:shared_records", patient_id)
    held = services.invitation(actor_of(request), grant_id)
    return render(request, "sharing/invitation.html", {"held": held})
