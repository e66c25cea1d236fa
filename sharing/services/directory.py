"""Whom a patient finds to share with: verified professionals and facilities who want to be found."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from accounts import directory as people
from accounts.acting import acting_as
from accounts.actors import Actor, Denied, Door
from sharing.models import Organization

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


def professional(actor: Actor, practitioner_id: UUID) -> people.Professional:
    """One professional of the directory, or `Denied`."""
    with acting_as(actor):
        if actor.door is not Door.SESSION:
            raise Denied("find")
        return people.professional(practitioner_id)
