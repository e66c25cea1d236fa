"""What is counted for billing: action, time, user and an opaque reference (S20 to S22)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from accounts import services as accounts
from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied, Door
from sharing import references
from sharing.models import Grant, NoticeKind, Path, PractitionerRole, Usage, UsageKey
from sharing.policy import Action, Grounds
from sharing.services import notices

ROWS_AT_ONCE = 1000
TOLD = (Path.PERSON, Path.PROXY, Path.FACILITY)


def used(why: Grounds, basis: str, *, action: Action, records: Sequence[UUID]) -> None:
    """Tell the patient of a first look, and count what a facility uses. Within the open act.

    `basis` is the one of the grounds `why` that let these records through.
    """
    grant = next((one for one in why.grants if f"grant:{one.pk}" == basis), None)
    if grant is None:
        return
    if grant.path in TOLD:
        notices.tell(
            why.actor, NoticeKind.OPENED, patient_id=grant.patient_id, grant_id=grant.pk,
            organization_id=grant.organization_id,
        )  # fmt: skip
    if grant.path == Path.FACILITY and grant.organization_id:
        _count(why.actor, grant, grant.organization_id, action, records)


def _count(
    actor: Actor, grant: Grant, organization_id: UUID, action: Action, records: Sequence[UUID]
) -> None:
    one = len(records) == 1
    subject = f"Record/{records[0]}" if one else f"Patient/{grant.patient_id}"
    told = references.reference(references.key_of(organization_id), subject)
    row = Usage(action=action.value, user_id=actor.user_id, reference=told)
    Usage.objects.bulk_create([row])


@dataclass(frozen=True, slots=True)
class Counted:
    """One line for the bill."""

    at: datetime
    action: str
    who: str
    reference: str


def counted(actor: Actor, organization_id: UUID) -> Iterator[Counted]:
    """What people of a facility used, oldest first, for one of its administrators; else `Denied`.

    Some rows at a time, each time asked anew, so that memory stays flat.
    """
    last = 0
    while True:
        with acting_as(actor):
            _require_administrator(actor, organization_id)
            rows = _of(organization_id, last)
            if not last:
                note("usage", subject=f"Organization/{organization_id}")
            people = accounts.people({row.user_id for row in rows if row.user_id})
        for row in rows:
            who = people[row.user_id].name if row.user_id in people else ""
            yield Counted(row.at, row.action, who, bytes(row.reference).hex())
        if len(rows) < ROWS_AT_ONCE:
            return
        last = rows[-1].pk


def _require_administrator(actor: Actor, organization_id: UUID) -> None:
    roles = PractitionerRole.objects.administering().filter(organization=organization_id)
    if actor.door is not Door.SESSION or not roles.filter(user=actor.user_id).exists():
        raise Denied("usage", subject=f"Organization/{organization_id}")


def _of(organization_id: UUID, last: int) -> list[Usage]:
    key = references.known_key(organization_id)
    if key is None:
        return []
    mark = references.mark(key)
    first, end = mark + bytes(references.REST), mark + b"\xff" * references.REST
    rows = Usage.objects.filter(reference__gte=first, reference__lte=end, pk__gt=last)
    return list(rows.order_by("pk")[:ROWS_AT_ONCE])


def forget_keys(actor: Actor) -> int:
    """Destroy the key of every facility that has closed: its references mean nothing from now on.

    For a job. Returns how many.
    """
    with acting_as(actor):
        gone, _ = UsageKey.objects.filter(organization__closed_at__isnull=False).delete()
        return gone


def forget_old(actor: Actor) -> int:
    """Delete what was counted longer ago than it is kept. Returns how many rows."""
    with acting_as(actor):
        before = timezone.now() - timedelta(days=settings.PHR_USAGE_DAYS)
        gone, _ = Usage.objects.filter(at__lt=before).delete()
        return gone
