"""Pages by which administrators keep a facility and its people; no record is on any of them."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.requests import actor_of, dangerous
from sharing.forms.facilities import AgreementForm, ClosingForm, FacilityForm, PolicyForm
from sharing.models import AgreementKind
from sharing.services import agreements, closing, facilities, managing
from sharing.services.recipients import Refused


@login_required
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """The facilities that somebody works at, and invitations to others."""
    return render(request, "sharing/facilities.html", {"mine": facilities.mine(actor_of(request))})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """Register a facility, and become its first administrator."""
    actor = actor_of(request)
    facilities.require_professional(actor)
    form = FacilityForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            pk = facilities.register(actor, form.facts(), listed=form.cleaned_data["listed"])
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            return redirect("sharing:manage", pk)
    return render(request, "sharing/facility_register.html", {"form": form})


@login_required
@require_safe
def manage(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """A facility as its administrators see it."""
    page = managing.read(actor_of(request), organization_id)
    return render(request, "sharing/manage.html", {"page": page})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """Change what the facility says of itself: all of it, or once checked its policy alone."""
    actor = actor_of(request)
    row = managing.read(actor, organization_id).facility
    kind = PolicyForm if row.first_verified_at else FacilityForm
    names = ("name", "place", "identifier", "regime", "policy_url", "policy_version")
    known = {name: getattr(row, name) for name in names} | {"listed": bool(row.listed_at)}
    form = kind(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid():
        listed = form.cleaned_data["listed"]
        facilities.change(actor, organization_id, form.facts(row), listed=listed)
        messages.success(request, "Saved.")
        return redirect("sharing:manage", organization_id)
    return render(request, "sharing/facility_change.html", {"form": form, "facility": row})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def add_agreement(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """Put an agreement with its document into the register."""
    actor = actor_of(request)
    row = managing.read(actor, organization_id).facility
    form = AgreementForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data | {"kind": AgreementKind(form.cleaned_data["kind"])}
        try:
            agreements.add(actor, organization_id, **said)
        except Refused as refused:
            form.add_error("document", str(refused))
        else:
            messages.success(request, "Added. Our staff read it before they confirm it.")
            return redirect("sharing:manage", organization_id)
    return render(request, "sharing/agreement_new.html", {"form": form, "facility": row})


@dangerous
@require_http_methods(["GET", "HEAD", "POST"])
def close(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """Announce the day on which the facility leaves."""
    actor = actor_of(request)
    row = managing.read(actor, organization_id).facility
    form = ClosingForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            closing.announce(actor, organization_id, on=form.cleaned_data["closes_on"])
        except Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "The day is known. We tell every patient now.")
            return redirect("sharing:manage", organization_id)
    context = {"form": form, "facility": row, "first_day": closing.first_day()}
    return render(request, "sharing/facility_close.html", context)
