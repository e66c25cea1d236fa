"""What must not come back with an old backup: who left a facility, and which one is not open."""

from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from accounts import ledger
from accounts.acting import acting_as, note
from accounts.actors import Actor
from accounts.ledger import Kind
from sharing.models import Organization, PractitionerRole

CLOSED, ENDED, SUSPENDED, UNVERIFIED = "closed", "ended", "suspended", "unverified"


def remember(pk: UUID, what: str) -> None:
    """Write into the ledger that this is so, before the act that makes it so commits."""
    ledger.remember(Kind.STANDING, f"{pk}/{what}", state="so")


def forget(pk: UUID, what: str) -> None:
    """Write that it is so no longer, once the act has committed: what fails must not open anything."""
    subject = f"{pk}/{what}"
    transaction.on_commit(partial(ledger.remember, Kind.STANDING, subject, state="no longer"))


def replay(actor: Actor) -> int:
    """After a restore: end, suspend, close and doubt again. For a job; returns how many there were."""
    latest = ledger.latest(Kind.STANDING)
    so = {token for token, entry in latest.items() if entry.state == "so"}
    if not so:
        return 0
    with acting_as(actor):
        return _roles(so) + _facilities(so)


def _is(so: set[bytes], pk: UUID, what: str) -> bool:
    return ledger.token(Kind.STANDING, f"{pk}/{what}") in so


def _roles(so: set[bytes]) -> int:
    rows = PractitionerRole.objects.filter(Q(ends_at=None) | Q(ends_at__gt=Now()))
    ended = _those(so, rows, ENDED)
    resting = _those(so, rows.filter(suspended_at=None), SUSPENDED)
    PractitionerRole.objects.filter(pk__in=resting).update(suspended_at=Now())
    PractitionerRole.objects.filter(pk__in=ended).update(ends_at=Now())
    _note([f"PractitionerRole/{pk}" for pk in [*ended, *resting]])
    return len(ended) + len(resting)


def _facilities(so: set[bytes]) -> int:
    rows = Organization.objects.filter(closed_at=None)
    closed = _those(so, rows, CLOSED)
    doubted = _those(so, rows.filter(first_verified_at__isnull=False), UNVERIFIED)
    resting = _those(so, rows.filter(suspended_at=None), SUSPENDED)
    Organization.objects.filter(pk__in=doubted).update(
        first_verified_at=None, first_verified_by=None, verified_at=None, verified_by=None
    )
    Organization.objects.filter(pk__in=resting).update(suspended_at=Now())
    Organization.objects.filter(pk__in=closed).update(closed_at=Now())
    _note([f"Organization/{pk}" for pk in [*closed, *doubted, *resting]])
    return len(closed) + len(doubted) + len(resting)


def _those(so: set[bytes], rows: QuerySet[Any], what: str) -> list[UUID]:
    return [pk for pk in rows.values_list("pk", flat=True) if _is(so, pk, what)]


def _note(subjects: list[str]) -> None:
    for subject in subjects:
        note("replay", subject=subject, basis="ledger")
