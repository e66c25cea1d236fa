"""What a care provider finds when she comes in: who shares, what is new, what ends soon."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.acting import acting_as
from accounts.actors import Actor
from phr.models import Record
from sharing import policy
from sharing.policy import Action
from sharing.services import listing, requests
from sharing.services.listing import Held
from sharing.services.statuses import Status

_LOOKS = "SELECT patient_id, looked_at, changed_at FROM phr_my_looks(%s)"


@dataclass(frozen=True, slots=True)
class Looks:
    """When the actor last looked at a record; when the UTC day ends on which it changed last."""

    looked_at: datetime | None = None
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One patient who shares: `unread` when what the actor may see changed since her last look."""

    held: Held
    looks: Looks
    unread: bool

    @property
    def is_new(self) -> bool:
        return self.looks.looked_at is None and bool(self.held.scope.categories)

    @property
    def ends_soon(self) -> bool:
        ends = self.held.grant.ends_at
        soon = timezone.now() + timedelta(days=settings.PHR_REMINDER_DAYS)
        return ends is not None and ends <= soon

    @property
    def may_pass_on(self) -> bool:
        grant = self.held.grant
        return grant.may_reshare and grant.path == "person"

    @property
    def status(self) -> Status | None:
        """Where programs that keep copies read whether it has ended; None where nothing is copied."""
        return Status.of(self.held.grant.serial) if self.held.scope.may_copy else None


@dataclass(frozen=True, slots=True)
class Workspace:
    """A page of lines, what is new or ends soon first; invitations; whether she may ask for access.

    `after` leads to the next page.
    """

    lines: list[Line]
    waiting: list[Held]
    may_ask: bool
    after: UUID | None = None


def workspace(actor: Actor, *, after: UUID | None = None) -> Workspace:
    """Who shares with the actor or her facilities now. Raises `Denied` for who is not signed in."""
    shared = listing.shared(actor, after=after)
    patients = {held.grant.patient_id for held in shared.open}
    looks = dict.fromkeys(patients, Looks()) | _looks(actor, patients)
    unread = {patient_id: _unread(actor, patient_id, known) for patient_id, known in looks.items()}
    about = ((held, held.grant.patient_id) for held in shared.open)
    lines = [Line(held, looks[patient_id], unread[patient_id]) for held, patient_id in about]
    lines.sort(key=lambda line: not (line.is_new or line.unread or line.ends_soon))
    return Workspace(lines, shared.waiting, requests.may_ask(actor), shared.after)


def _looks(actor: Actor, patients: Iterable[UUID]) -> dict[UUID, Looks]:
    with acting_as(actor), connection.cursor() as cursor:
        cursor.execute(_LOOKS, [sorted(patients)])
        return {row[0]: Looks(*row[1:]) for row in cursor.fetchall()}


def _unread(actor: Actor, patient_id: UUID, known: Looks) -> bool:
    """Asked of the records only where anything happened since, once for all permissions of hers."""
    since, changed = known.looked_at, known.changed_at
    if since is None or changed is None or changed <= since:
        return False
    with acting_as(actor, about=patient_id):
        rows = policy.records(actor, Action.READ, Record.objects.all(), patient_id)
        return rows.filter(updated_at__gt=since).exists()
