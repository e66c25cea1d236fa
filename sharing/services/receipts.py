"""Who looked and copied under one permission, by person and facility."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Max, Min, Q

from accounts import audit
from accounts import services as accounts
from accounts.acting import acting_as
from accounts.actors import Actor
from accounts.models import AuditEvent
from sharing.models import Organization
from sharing.policy import Action
from sharing.services.listing import one_given

USED = (Action.READ.value, Action.COPY.value)


@dataclass(frozen=True, slots=True)
class Looked:
    """What one person did under a permission: how often, first and last. "" is whoever had a link."""

    who: str
    title: str
    looks: int
    copies: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Used:
    """All who used a permission, the last one first, and the facility that it was given to."""

    people: list[Looked]
    facility: Organization | None


def used(actor: Actor, grant_id: UUID) -> Used:
    """Who used one of the actor's own permissions, or `Denied`."""
    with acting_as(actor):
        row = one_given(actor, grant_id)
        events = AuditEvent.objects.filter(
            patient_id=row.patient_id, basis=f"grant:{row.pk}", outcome=audit.SUCCESS,
            action__in=USED,
        )  # fmt: skip
        found = (
            events.order_by()
            .values("actor_id")
            .annotate(
                looks=Count("pk", filter=Q(action=Action.READ.value)),
                copies=Count("pk", filter=Q(action=Action.COPY.value)),
                first_at=Min("at"),
                last_at=Max("at"),
            )
        )
        ordered = sorted(found, key=lambda one: one["last_at"], reverse=True)
        people = accounts.people({one["actor_id"] for one in ordered if one["actor_id"]})
        shown = [(one, people.get(one["actor_id"]) if one["actor_id"] else None) for one in ordered]
        return Used(
            [
                Looked(
                    person.name if person else "",
                    person.title if person else "",
                    *(one[name] for name in ("looks", "copies", "first_at", "last_at")),
                )
                for one, person in shown
            ],
            row.organization,
        )
