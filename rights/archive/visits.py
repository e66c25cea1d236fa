"""What belongs to one visit: the Encounter, and every item that says that it was there."""

from dataclasses import replace
from uuid import UUID

from accounts.acting import acting_as
from phr.models import Record
from phr.search import matching
from phr.visits import tokens_of
from rights.archive.choice import Choice
from rights.archive.reading import visible
from rights.archive.room import Room


def settled(room: Room) -> Choice | None:
    """The choice of the archive with its visit turned into single items, as its page shows them."""
    if room.choice is None or room.choice.visit is None:
        return room.choice
    return replace(room.choice, records=tuple(_belonging(room, room.choice.visit)))


def _belonging(room: Room, visit_id: UUID) -> list[UUID]:
    """The visit, always: a choice of no items at all would be one of everything."""
    with acting_as(room.actor, about=room.patient_id):
        kept = Record.objects.filter(patient_id=room.patient_id, hidden_at=None)
        visit = kept.filter(pk=visit_id).first()
        if visit is None:
            return [visit_id]
        found = matching(visible(room), tokens_of(visit), every=False).exclude(pk=visit_id)
        return [visit_id, *found.values_list("pk", flat=True)]
