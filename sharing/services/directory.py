"""Whom a patient finds to share with: verified professionals and facilities who want to be found."""

from dataclasses import dataclass
from typing import Self

from django.db.models import Q

from accounts import directory as people
from accounts.acting import acting_as
from accounts.actors import Actor, Denied, Door
from sharing.models import Agreement, Organization
from sharing.services import facilities
from sharing.services.listing import Held
from sharing.services.recipients import Recipient

MOST_FOUND = 50


@dataclass(frozen=True, slots=True)
class Found:
    """What the directory has for some words."""

    facilities: list[Organization]
    professionals: list[people.Professional]


def search(actor: Actor, words: str) -> Found:
    """Facilities by name or place; professionals by name, profession, specialty or place.

    Every word must be somewhere in the entry. Raises `Denied` for who is not signed in.
    """
    with acting_as(actor):
        if actor.door is not Door.SESSION or actor.user_id is None:
            raise Denied("find")
        rows = Organization.objects.listed()
        for word in words.split():
            rows = rows.filter(Q(name__icontains=word) | Q(place__icontains=word))
        facilities = list(rows.order_by("name", "id")[:MOST_FOUND]) if words.split() else []
        return Found(facilities, people.professionals(words))


@dataclass(frozen=True, slots=True)
class Chosen:
    """With whom a patient shares or wants to; a facility with its agreements, read by staff or not.

    Of a single person nothing tells by which law she is bound: `place` is where she says that she
    works, `of` the facility as one of which she asked, `checked` whether staff checked her licence.
    """

    to: Recipient
    name: str
    role: str = ""
    facility: Organization | None = None
    agreements: tuple[Agreement, ...] = ()
    place: str = ""
    of: Organization | None = None
    checked: bool = False

    @classmethod
    def by_address(cls, email: str) -> Self:
        """Whoever owns this address."""
        return cls(Recipient(email=email), email)

    @property
    def invited(self) -> bool:
        """Whether nothing but an address is known of her, until she accepts."""
        return bool(self.to.email)

    @property
    def professional(self) -> bool:
        """Whether anything, though perhaps unchecked, says that she is one."""
        return bool(self.role or self.checked or self.of)


def chosen(actor: Actor, to: Recipient) -> Chosen:
    """A facility that is verified, or a professional of the directory; or `Denied`."""
    if to.organization_id:
        card = facilities.card(actor, to.organization_id)
        if not card.facility.verified:
            raise Denied("share", subject=f"Organization/{to.organization_id}")
        return _facility(to, card.facility, card.agreements)
    with acting_as(actor):
        if actor.door is not Door.SESSION or to.practitioner_id is None:
            raise Denied("find")
        found = people.professional(to.practitioner_id)
        return Chosen(to, found.name, found.role, place=found.place, checked=True)


def holding(actor: Actor, held: Held) -> Chosen:
    """Who holds one of the actor's permissions, or was invited to, as they are known today."""
    grant, person = held.grant, held.person
    with acting_as(actor):
        if grant.organization is not None:
            to = Recipient(organization_id=grant.organization_id)
            return _facility(to, grant.organization, facilities.agreements(grant.organization))
        if grant.grantee_id is None:
            return Chosen.by_address(grant.invited_email)
        to, place = Recipient(user_id=grant.grantee_id), people.place_of(grant.grantee_id)
        return Chosen(to, person.name, person.title, place=place, checked=person.verified)


def _facility(to: Recipient, row: Organization, bound: list[Agreement]) -> Chosen:
    return Chosen(to, row.name, row.place, row, tuple(bound))
