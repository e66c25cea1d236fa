"""What staff see of people: contact facts and states, never content (S27)."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponseBase

from accounts import licences, services
from accounts.acting import acting_as
from accounts.actors import Actor
from accounts.models import AuditEvent, LicenceCheck, OutgoingMail, Practitioner, User
from accounts.requests import actor_of

MOST_LOOKED_UP = 10


def staff_actor(request: HttpRequest) -> Actor:
    """The staff member behind an admin request; she has no way to content."""
    actor = actor_of(request)
    if actor.user_id is None:
        return Actor()
    return Actor.staff(actor.user_id, request_id=actor.request_id)


class StateFilter(admin.SimpleListFilter):
    """How many rows stand in each state, and only those of one; `states` maps a name to its rule."""

    title = "state"
    parameter_name = "state"
    states: dict[str, Q] = {}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows = model_admin.get_queryset(request)
        return [
            (name, f"{name} ({rows.filter(rule).count()})") for name, rule in self.states.items()
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        del request
        rule = self.states.get(self.value() or "")
        return queryset if rule is None else queryset.filter(rule)


class MailState(StateFilter):
    states = {"due": Q(sent_at=None), "sent": Q(sent_at__isnull=False)}


class MetadataAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    """Lists named columns and nothing else: no search, no change, no oracle by query string."""

    actions: Any = ()
    fields: ClassVar[tuple[str, ...]] = ()
    list_per_page = 50
    show_full_result_count = False

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        del value, request
        return lookup == "state" or lookup.removesuffix("__exact") in self.list_filter

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Only the named columns leave the database."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.only(*self.fields)

    def has_add_permission(self, request: HttpRequest) -> bool:
        del request
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        del request, obj
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        del request, obj
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return self._as_staff(request, super().changelist_view, request, extra_context)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._as_staff(request, super().changeform_view, request, *args, **kwargs)

    def history_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._as_staff(request, super().history_view, request, *args, **kwargs)

    def _as_staff(self, request: HttpRequest, view: Any, *args: Any, **kwargs: Any) -> Any:
        """The rows are fetched and the page is rendered while the database knows it is staff."""
        with acting_as(staff_actor(request)):
            response: HttpResponseBase = view(*args, **kwargs)
            if hasattr(response, "render"):
                response.render()
            return response


@admin.register(User)
class UserAdmin(MetadataAdmin):
    list_display = ("email", "is_active", "is_staff", "date_joined")
    fields = ("id", "email", "is_active", "is_staff", "date_joined", "last_login")
    list_filter = ("is_active", "is_staff")
    ordering = ("-date_joined",)


class LicenceState(StateFilter):
    states = {
        "not verified": Q(verified_at=None),
        "due again": Q(recheck_due_at__isnull=False),
        "verified": Q(verified_at__isnull=False, recheck_due_at=None),
    }


@admin.register(Practitioner)
class PractitionerAdmin(MetadataAdmin):
    list_display = (
        "name", "profession", "specialty", "licence_number", "last_check", "verified_at",
        "recheck_on", "recheck_due_at",
    )  # fmt: skip
    fields = (
        "id", "name", "profession", "specialty", "place", "licence_number", "verified_at",
        "verified_by", "recheck_on", "recheck_due_at", "created_at",
    )  # fmt: skip
    list_filter = (LicenceState,)
    ordering = ("verified_at", "created_at")
    actions = ("look_up", "verify", "doubt")

    @admin.display(description="last looked up")
    def last_check(self, row: Practitioner) -> str:
        found = licences.last(row)
        return f"{found.outcome}, {found.checked_at:%Y-%m-%d}" if found else "never"

    @admin.action(description="Look the licence up in the register (verifies nothing)")
    def look_up(self, request: HttpRequest, chosen: QuerySet[Practitioner]) -> None:
        """A few at a time, once the desk's own transaction is over: the page waits for each answer."""
        rows = list(chosen[:MOST_LOOKED_UP])
        transaction.on_commit(lambda: self._look_up(request, rows))

    def _look_up(self, request: HttpRequest, rows: Iterable[Practitioner]) -> None:
        for row in rows:
            outcome = licences.look_up(staff_actor(request), row.pk)
            said = f"{row.name}: {outcome or 'no register is set'}"
            messages.add_message(request, messages.INFO, said)

    @admin.action(description="The licence was found in the register: verify")
    def verify(self, request: HttpRequest, chosen: QuerySet[Practitioner]) -> None:
        waiting = Q(verified_at=None) | Q(recheck_due_at__isnull=False)
        verified = self._verify(staff_actor(request), chosen.filter(waiting))
        messages.success(request, f"Verified: {verified}")

    def _verify(self, actor: Actor, chosen: Iterable[Practitioner]) -> int:
        rows = list(chosen)
        for row in rows:
            services.verify_practitioner(actor, row.pk)
        return len(rows)

    @admin.action(description="The licence does not hold: unverified from now on")
    def doubt(self, request: HttpRequest, chosen: QuerySet[Practitioner]) -> None:
        rows = list(chosen)
        for row in rows:
            licences.doubt(staff_actor(request), row.pk)
        messages.success(request, f"Unverified: {len(rows)}")


@admin.register(LicenceCheck)
class LicenceCheckAdmin(MetadataAdmin):
    list_display = (
        "checked_at", "practitioner_id", "registry", "outcome", "registered_name", "checked_by_id",
    )  # fmt: skip
    fields = (
        "id", "practitioner", "registry", "outcome", "registered_name", "checked_at", "checked_by",
    )  # fmt: skip
    ordering = ("-checked_at",)


@admin.register(AuditEvent)
class AuditEventAdmin(MetadataAdmin):
    list_display = ("at", "door", "system", "action", "outcome", "actor_id", "patient_id")
    fields = (*list_display, "subject", "basis", "request_id")
    list_filter = ("door", "outcome")
    ordering = ("-at",)


@admin.register(OutgoingMail)
class OutgoingMailAdmin(MetadataAdmin):
    list_display = ("id", "created_at", "due_at", "attempts", "sent_at")
    fields = list_display
    list_filter = (MailState,)
    ordering = ("-created_at",)
