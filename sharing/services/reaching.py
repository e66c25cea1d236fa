"""Whether anybody can look by a permission now: asked of the same rows as the decision asks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from accounts.acting import acting_as
from accounts.actors import Actor
from accounts.models import Patient
from sharing.models import INVITED, Grant, Organization, Path
from sharing.services import facilities, listing
from sharing.services.facilities import Team

RESTS = "this record rests"
SWITCHED_OFF = "their account is switched off"
GIVER_OFF = "the account of whoever passed it on is switched off"
ABOVE = "what it was passed on from gives nothing now"
GUESSED = "too many wrong passcodes were tried"
CLOSED = "the facility has closed its account"
SUSPENDED = "our staff have suspended the facility"
UNVERIFIED = "our staff have not verified the facility"
EMPTY = "nobody works there at this moment who may look"
LEFT = "they do not see patients there now"


@dataclass(frozen=True, slots=True)
class Reach:
    """Who is there: users that hold a permission and are switched off, and teams of facilities."""

    rests: bool
    off: frozenset[UUID]
    givers_off: frozenset[UUID]
    teams: Mapping[UUID, Team]

    def why_nobody(self, row: Grant) -> str:
        """Why nobody can look by a permission that stands, as the end of a sentence; "" if one can."""
        if self.rests:
            return RESTS
        if row.via_id in self.givers_off:
            return GIVER_OFF
        if row.grantee_id in self.off:
            return SWITCHED_OFF
        if row.path == Path.LINK:
            return "" if row.link.attempts_left else GUESSED
        return "" if row.path in INVITED else self._why_nobody_there(row)

    def _why_nobody_there(self, row: Grant) -> str:
        facility = row.organization
        if reason := _why_shut(facility) if facility else LEFT:
            return reason
        there = self.teams.get(row.organization_id, Team()).seeing if row.organization_id else ()
        if row.grantee_id:
            return "" if row.grantee_id in there else LEFT
        return "" if there else EMPTY


def _why_shut(facility: Organization) -> str:
    if facility.closed_at:
        return CLOSED
    if facility.suspended_at:
        return SUSPENDED
    return "" if facility.verified_at else UNVERIFIED


def reach(patient: Patient, rows: Iterable[Grant]) -> Reach:
    """Who could look by these permissions of a patient now. Within an act of hers.

    Three statements at most, however many they are.
    """
    off = dict(patient.grants.filter(grantee__is_active=False).values_list("pk", "grantee_id"))
    at = {row.organization_id for row in rows if row.organization_id}
    return Reach(
        patient.restricted_at is not None,
        frozenset(off.values()),
        frozenset(off),
        facilities.teams(at),
    )


def why_nobody(actor: Actor, grant_id: UUID) -> str:
    """Why nobody can look now by one of the actor's own permissions that is in force by its dates.

    As the end of a sentence; "" if somebody can. Raises `Denied`.
    """
    with acting_as(actor):
        row = listing.one_given(actor, grant_id)
        if row.via_id and not Grant.objects.standing().filter(pk=row.via_id).exists():
            return ABOVE
        return reach(row.patient, [row]).why_nobody(row)
