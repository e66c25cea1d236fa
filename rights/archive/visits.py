"""What belongs to one visit: the Encounter, and every item whose body says that it was there."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson

from accounts import keys
from accounts.acting import acting_as
from phr.models import Provenance, Record
from phr.search import Tokeniser, scoped
from rights.archive.choice import Choice
from rights.archive.reading import opened, pages
from rights.archive.room import Room


def settled(room: Room) -> Choice | None:
    """The choice of the archive with its visit turned into single items."""
    if room.choice is None or room.choice.visit is None:
        return room.choice
    return replace(room.choice, records=tuple(_belonging(room, room.choice.visit)))


def _belonging(room: Room, visit: UUID) -> Iterator[UUID]:
    names = _names(room, visit)
    tokeniser = Tokeniser(keys.subkey(room.patient_id, keys.Purpose.INDEX))
    for page in pages(room):
        said = {kept.id: set(_visits(orjson.loads(body))) for kept, body in opened(room, page)}
        uploads = _uploads(room, [pk for pk, visits in said.items() if visits])
        for pk, visits in said.items():
            asked = {scoped(upload, name) for upload in uploads.get(pk, ()) for name in visits}
            if pk == visit or names & set(tokeniser.links(asked)):
                yield pk


def _names(room: Room, visit: UUID) -> set[int]:
    """The tokens of the Encounter, among which are those of its names."""
    with acting_as(room.actor, about=room.patient_id):
        rows = Record.objects.filter(patient_id=room.patient_id, hidden_at=None, pk=visit)
        return set(rows.values_list("tokens", flat=True).first() or [])


def _uploads(room: Room, records: Iterable[UUID]) -> dict[UUID, list[UUID | None]]:
    found: dict[UUID, list[UUID | None]] = {}
    with acting_as(room.actor, about=room.patient_id):
        rows = Provenance.objects.filter(record_id__in=list(records))
        for record, upload in rows.values_list("record_id", "upload_id").distinct():
            found.setdefault(record, []).append(upload)
    return found


def _visits(resource: dict[str, Any]) -> Iterator[str]:
    """The references of `encounter`, in the resource and in its `context` (FHIR R4)."""
    context = resource.get("context")
    for holder in (resource, context if isinstance(context, dict) else {}):
        told = holder.get("encounter")
        for each in told if isinstance(told, list) else [told]:
            name = each.get("reference") if isinstance(each, dict) else None
            if isinstance(name, str):
                yield name
