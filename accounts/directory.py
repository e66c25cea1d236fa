"""Care professionals who want to be found: only those whom staff verified, and who chose it."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied, Door
from accounts.models import Practitioner

MOST_FOUND = 50


@dataclass(frozen=True, slots=True)
class Professional:
    """What the directory tells of a professional: no address, no number of her licence."""

    id: UUID
    user_id: UUID
    name: str
    role: str
    place: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A professional's own entry; `listed` where she wants to be found."""

    verified: bool
    place: str
    listed: bool


def professionals(words: str) -> list[Professional]:
    """Who is found by these words, each in the name, profession, specialty or place.

    Within an act. Nothing is found without a word.
    """
    rows = _listed()
    for word in words.split():
        rows = rows.filter(
            Q(name__icontains=word) | Q(profession__icontains=word)
            | Q(specialty__icontains=word) | Q(place__icontains=word)
        )  # fmt: skip
    return (
        [_shown(row) for row in rows.order_by("name", "id")[:MOST_FOUND]] if words.split() else []
    )


def professional(practitioner_id: UUID) -> Professional:
    """One entry of the directory. Within an act. Raises `Denied` for who is not in it."""
    row = _listed().filter(pk=practitioner_id).first()
    if row is None:
        raise Denied("find", subject=f"Practitioner/{practitioner_id}")
    return _shown(row)


def place_of(user_id: UUID) -> str:
    """Where this user, if the directory has her, says that she works. Within an act."""
    row = _listed().filter(user_id=user_id).first()
    return row.place if row else ""


def _listed() -> QuerySet[Practitioner]:
    return Practitioner.objects.filter(
        verified_at__isnull=False, listed_at__isnull=False, user__is_active=True
    )


def _shown(row: Practitioner) -> Professional:
    role = ", ".join(part for part in (row.profession, row.specialty) if part)
    return Professional(row.pk, row.user_id, row.name, role, row.place)


def own_entry(actor: Actor) -> Entry:
    """The actor's own entry as a professional, or `Denied`."""
    with acting_as(actor):
        row = _own(actor)
        return Entry(row.verified_at is not None, row.place, row.listed_at is not None)


def keep_entry(actor: Actor, *, place: str, listed: bool) -> None:
    """Say where the actor works, and whether patients may find her. Raises `Denied`."""
    with acting_as(actor):
        row = _own(actor)
        Practitioner.objects.filter(pk=row.pk).update(
            place=place, listed_at=(row.listed_at or Now()) if listed else None
        )
        note("list" if listed else "unlist", subject=f"Practitioner/{row.pk}")


def _own(actor: Actor) -> Practitioner:
    row = None
    if actor.door is Door.SESSION and actor.user_id:
        row = Practitioner.objects.filter(user_id=actor.user_id).first()
    if row is None:
        raise Denied("read")
    return row
