"""Emergencies: a patient's plan and card, and the page for who helps."""

from uuid import UUID

from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.actors import Actor
from accounts.requests import actor_of, dangerous, twice_proved
from sharing import qr
from sharing.forms.emergencies import GlassForm, PlanForm
from sharing.services import emergencies
from sharing.services.recipients import Refused

TOO_OFTEN = "You have tried too many codes. Try again in an hour."


@dangerous
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest) -> HttpResponse:
    """Choose what may be opened in an emergency; saying so makes a new card."""
    actor = actor_of(request)
    found = emergencies.plan(actor)
    form = PlanForm.of(found, request.POST or None)
    if request.method == "POST" and form.is_valid():
        emergencies.arm(actor, form.plan())
        messages.success(request, "Your new card is ready. Any earlier card opens nothing more.")
        return redirect("sharing:emergency_print")
    context = {"form": form, "plan": found, "opened": emergencies.reasons(actor)}
    return render(request, "sharing/emergency_plan.html", context)


@login_required
@require_safe
def card(request: HttpRequest) -> HttpResponse:
    """The card, to print."""
    found = emergencies.plan(actor_of(request))
    if found is None or not found.armed:
        return redirect("sharing:emergency_plan")
    picture = qr.svg(found.url, label="The QR code of the emergency card")
    return render(request, "sharing/emergency_card.html", {"plan": found, "picture": picture})


@login_required
@require_http_methods(["POST"])
def disarm(request: HttpRequest) -> HttpResponse:
    emergencies.disarm(actor_of(request))
    messages.success(request, "Switched off. Your card opens nothing more.")
    return redirect("sharing:emergency_plan")


@twice_proved
@require_http_methods(["GET", "HEAD", "POST"])
def enter(request: HttpRequest, code: str = "") -> HttpResponse:
    """Give the code and the reason, and open the record."""
    actor = actor_of(request)
    where = emergencies.facilities(actor)
    form = GlassForm(request.POST or None, facilities=where, initial={"code": code})
    if request.method == "POST" and form.is_valid():
        if not ratelimit.consume(request, action="emergency_code", user=request.user):
            form.add_error("code", TOO_OFTEN)
        elif patient_id := _break_glass(actor, form):
            return redirect("phr:shared_records", patient_id)
    return render(request, "sharing/emergency.html", {"form": form})


def _break_glass(actor: Actor, form: GlassForm) -> UUID | None:
    said = form.cleaned_data
    try:
        return emergencies.break_glass(
            actor,
            said["code"],
            organization_id=UUID(said["organization"]),
            reason=said["reason"],
        )
    except Refused as refused:
        form.add_error("code", str(refused))
        return None
