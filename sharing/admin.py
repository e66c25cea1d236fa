"""Facilities on the staff desk: what they say of themselves, their agreements, and two yeses."""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import Q
from django.db.models.functions import Now
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path

from accounts.actors import Actor
from accounts.admin import MetadataAdmin, StateFilter, staff_actor
from sharing.models import EmergencyAccess, Organization, Outcome
from sharing.services import emergencies, vetting
from sharing.services.recipients import Refused

ACTS: Final[dict[str, Callable[[Actor, UUID], object]]] = {
    "doubt": vetting.doubt,
    "resume": vetting.resume,
    "suspend": vetting.suspend,
}
DONE: Final = {
    "confirm": "The agreement is confirmed: patients see that our staff read it.",
    "doubt": "The verification is taken back. Nobody of the facility sees anything.",
    "resume": "The suspension is over.",
    "suspend": "Suspended. Nobody of the facility sees anything.",
    "verify": "Kept: you found that the facility is what it says.",
}


class FacilityState(StateFilter):
    states = {
        "to be verified": Q(verified_at=None, closed_at=None),
        "verified by one": Q(verified_at=None, first_verified_at__isnull=False),
        "verified": Q(verified_at__isnull=False, closed_at=None),
        "suspended": Q(suspended_at__isnull=False, closed_at=None),
        "closing": Q(closing_at__isnull=False, closed_at=None),
        "closed": Q(closed_at__isnull=False),
    }


@admin.register(Organization)
class OrganizationAdmin(MetadataAdmin):
    list_display = (
        "name", "place", "regime", "created_at", "first_verified_at", "verified_at",
        "suspended_at", "closing_at", "closed_at",
    )  # fmt: skip
    fields = (
        "id", "name", "place", "identifier", "regime", "policy_url", "policy_version",
        "founded_by", "first_verified_by", "first_verified_at", "verified_by", "verified_at",
        "suspended_at", "listed_at", "closing_at", "closed_at", "created_at",
    )  # fmt: skip
    list_filter = (FacilityState, "regime")
    ordering = ("verified_at", "created_at")

    def get_urls(self) -> list[Any]:
        """The documents of agreements lie under the desk's own addresses."""
        inner = self.admin_site.admin_view(self.document)
        own = path("agreements/<uuid:agreement_id>/", inner, name="sharing_agreement_document")
        return [own, *super().get_urls()]

    def document(self, request: HttpRequest, agreement_id: UUID) -> HttpResponse:
        """The document of one agreement, to be read before it is confirmed."""
        found = vetting.document(staff_actor(request), agreement_id)
        response = HttpResponse(found, content_type="application/pdf")
        response.headers["Content-Disposition"] = 'attachment; filename="agreement.pdf"'
        return response

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The page of one facility; its acts go through services."""
        object_id = kwargs.get("object_id") or next(iter(args), None)
        if object_id is None:
            return super().changeform_view(request, *args, **kwargs)
        return self._as_staff(request, self._work, request, _id(object_id))

    def _work(self, request: HttpRequest, organization_id: UUID) -> HttpResponse:
        actor = staff_actor(request)
        if request.method == "POST":
            _act(request, actor, organization_id)
            return redirect("admin:sharing_organization_change", organization_id)
        context = self.admin_site.each_context(request) | {
            "opts": self.opts, "page": vetting.read(actor, organization_id),
        }  # fmt: skip
        return render(request, "sharing/desk_facility.html", context)


def _act(request: HttpRequest, actor: Actor, organization_id: UUID) -> None:
    wanted, about = request.POST.get("act", ""), organization_id
    try:
        if wanted == "confirm":
            vetting.confirm_agreement(actor, _id(request.POST.get("agreement", "")))
        elif wanted == "verify":
            vetting.verify(actor, about, seen=request.POST.get("seen", ""))
        elif wanted in ACTS:
            ACTS[wanted](actor, about)
        else:
            raise Http404
        messages.success(request, DONE[wanted])
    except Refused as refused:
        messages.error(request, str(refused))


class EmergencyState(StateFilter):
    states = {
        "due": Q(closed_at=None),
        "overdue": Q(closed_at=None, due_at__lt=Now()),
        "closed": Q(closed_at__isnull=False),
    }


@admin.register(EmergencyAccess)
class EmergencyAccessAdmin(MetadataAdmin):
    """Each time that a record was opened in an emergency; its page tells the reason, and is noted."""

    list_display = (
        "id", "facility", "person_id", "opened_at", "due_at", "closed_at", "outcome",
    )  # fmt: skip
    fields = ("id", "organization", "person_id", "opened_at", "due_at", "closed_at", "outcome")
    list_filter = (EmergencyState,)
    list_select_related = ("organization",)
    ordering = ("closed_at", "due_at")

    @admin.display(description="From", ordering="organization__name")
    def facility(self, row: EmergencyAccess) -> str:
        """The name of the facility; nothing of the patient."""
        return row.organization.name

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The page of one; closing it goes through the service."""
        object_id = kwargs.get("object_id") or next(iter(args), None)
        if object_id is None:
            return super().changeform_view(request, *args, **kwargs)
        return self._as_staff(request, self._work, request, _id(object_id))

    def _work(self, request: HttpRequest, access_id: UUID) -> HttpResponse:
        actor, said = staff_actor(request), request.POST.get("outcome", "")
        if request.method == "POST":
            if said not in Outcome.values:
                raise Http404
            emergencies.close(actor, [access_id], outcome=Outcome(said))
            messages.success(request, "Closed.")
            return redirect("admin:sharing_emergencyaccess_change", access_id)
        row, reason = emergencies.review(actor, access_id)
        context = self.admin_site.each_context(request) | {
            "opts": self.opts, "row": row, "reason": reason,
        }  # fmt: skip
        return render(request, "sharing/desk_emergency.html", context)


def _id(text: object) -> UUID:
    try:
        return UUID(str(text))
    except ValueError as error:
        raise Http404 from error
