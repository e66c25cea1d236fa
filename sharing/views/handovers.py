"""Hand a record over to whom it is about, and take it."""

from urllib.parse import urlencode
from uuid import UUID

from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts import purposes
from accounts.actors import Denied
from accounts.purposes import Purpose
from accounts.requests import actor_of, dangerous, quiet
from sharing.forms.handovers import ClaimForm, HandOverForm
from sharing.services import handovers
from sharing.services.granting import Refused

ENDED = (
    "An account that was begun with this address, and whose address nobody confirmed, has ended."
)
TOO_OFTEN = "You have tried this too often. Try again in an hour."


@dangerous
@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    """Name the address, and mail it a link."""
    actor = actor_of(request)
    kept, form = handovers.one(actor, patient_id), HandOverForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            handovers.name(actor, patient_id, email=form.cleaned_data["email"])
        except Refused as refused:
            form.add_error("email", str(refused))
        else:
            messages.success(request, "We have sent an email to this address.")
            return redirect("sharing:acting")
    return render(request, "sharing/hand_over.html", {"kept": kept, "form": form})


@login_required
@require_http_methods(["POST"])
def withdraw(request: HttpRequest, patient_id: UUID) -> HttpResponse:
    handovers.withdraw(actor_of(request), patient_id)
    messages.success(request, "The link that we sent leads nowhere any more.")
    return redirect("sharing:acting")


@require_http_methods(["GET", "HEAD", "POST"])
def claim(request: HttpRequest, token: str) -> HttpResponse:
    """Say what it is, then make the record hers who followed the link."""
    actor = actor_of(request)
    try:
        form = ClaimForm(request.POST or None, email=handovers.offer(actor, token).email)
        if request.method == "POST" and _not_too_often(request, form) and form.is_valid():
            said, words = form.cleaned_data["password"], request.POST["sha256"]
            ended = handovers.claim(actor, token, password=said, sha256=words)
            messages.success(
                request, "The record is yours. Sign in with your address and password."
            )
            if ended:
                messages.info(request, ENDED)
            return quiet(_sign_in())
    except Denied:
        return quiet(render(request, "sharing/claim_gone.html", status=404))
    except Refused as refused:
        form.add_error(None, str(refused))
    agreement = purposes.current(Purpose.KEEP)
    return quiet(render(request, "sharing/claim.html", {"form": form, "agreement": agreement}))


def _sign_in() -> HttpResponse:
    """To what she is asked about first."""
    query = urlencode({"next": reverse("sharing:taken_over")})
    return redirect(f"{reverse('account_login')}?{query}")


def _not_too_often(request: HttpRequest, form: ClaimForm) -> bool:
    if ratelimit.consume(request, action="claim"):
        return True
    form.add_error(None, TOO_OFTEN)
    return False
