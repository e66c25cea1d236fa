"""A facility as its administrators see it: its people, their states, its agreements."""

from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from accounts import services as accounts
from accounts.acting import acting_as
from accounts.actors import Actor
from sharing.models import Agreement, Organization, PractitionerRole
from sharing.services import facilities, members


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of a facility, in one role."""

    role: PractitionerRole
    person: accounts.Person

    @property
    def state(self) -> str:
        """One of: ended, invited, suspended, later, here."""
        now = timezone.now()
        if self.role.ends_at and self.role.ends_at <= now:
            return "ended"
        if self.role.user_id is None:
            return "invited"
        if self.role.suspended_at:
            return "suspended"
        return "later" if self.role.starts_at > now else "here"


@dataclass(frozen=True, slots=True)
class Managed:
    """What an administrator works with."""

    facility: Organization
    here: list[Member]
    left: list[Member]
    agreements: list[Agreement]


def read(actor: Actor, organization_id: UUID) -> Managed:
    """A facility that the actor administers, or `Denied`."""
    with acting_as(actor):
        row = facilities.administered(actor, organization_id)
        found = [Member(*one) for one in members.of(actor, organization_id)]
        left = [one for one in found if one.state == "ended"]
        here = [one for one in found if one.state != "ended"]
        return Managed(row, here, left, facilities.agreements(row))
