"""What others gave of a record before it was handed over: its new owner is asked about each.

Made of rows that are there: a permission of before she took the record over, which goes on, and to
which she has not said yes since. One that she ends or changes is over, and another may take its place.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Max, Q, QuerySet
from django.db.models.functions import Now

from accounts.acting import acting_as, note
from accounts.actors import Actor
from accounts.models import AuditEvent, Patient
from sharing import policy
from sharing.models import Grant, Path
from sharing.policy import Action
from sharing.services import granting, listing
from sharing.services.listing import Held

KEPT = "keep-sharing"
CLAIMED = "claim"
MOST_ASKED = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """What she has to decide about: the earliest first, and how many there are."""

    count: int
    first: list[Held]


def asked(actor: Actor) -> Asked:
    """Which permissions that others gave go on without her word. Raises `Denied`."""
    with acting_as(actor):
        ids = set(_undecided(policy.require_own(actor)).values_list("pk", flat=True))
        found = [held for held in listing.given(actor) if held.grant.pk in ids] if ids else []
        # What was passed on comes after that from which it was.
        return Asked(len(found), list(reversed(found))[:MOST_ASKED])


def count(actor: Actor) -> int:
    """How many of them there are. Raises `Denied`."""
    with acting_as(actor):
        return _undecided(policy.require_own(actor)).count()


def goes_on(actor: Actor) -> bool:
    """Whether anything that was given of the actor's own record goes on. Raises `Denied`."""
    with acting_as(actor):
        return _going_on(policy.require_own(actor).pk).exists()


def keep(actor: Actor, grant_id: UUID) -> None:
    """Say yes to one of them; doing it twice changes nothing. Raises `Denied` and `Restricted`."""
    with acting_as(actor):
        patient = granting.lock(actor, Action.SHARE)
        listing.one_given(actor, grant_id)
        if _undecided(patient).filter(pk=grant_id).exists():
            note(KEPT, patient_id=patient.pk, subject=f"Grant/{grant_id}", basis="owner")


def _undecided(patient: Patient) -> QuerySet[Grant]:
    since = _claimed_at(patient)
    if since is None:
        return Grant.objects.none()
    kept = AuditEvent.objects.filter(patient_id=patient.pk, action=KEPT, at__gte=since)
    said = {UUID(subject.partition("/")[2]) for subject in kept.values_list("subject", flat=True)}
    return _going_on(patient.pk).filter(created_at__lt=since).exclude(pk__in=said)


def _claimed_at(patient: Patient) -> datetime | None:
    rows = AuditEvent.objects.filter(patient_id=patient.pk, action=CLAIMED)
    found: datetime | None = rows.aggregate(last=Max("at"))["last"]
    return found


def _going_on(patient_id: UUID) -> QuerySet[Grant]:
    """All but what somebody opened in an emergency: nobody gave that, and it ends in hours."""
    rows = Grant.objects.filter(Q(ends_at=None) | Q(ends_at__gt=Now()), revoked_at=None)
    above = Q(via=None) | Q(via__revoked_at=None)
    return rows.filter(above, patient=patient_id).exclude(path=Path.EMERGENCY)
