"""The columns of a record, from its content: of a past version that comes into force again, and of
what was kept when they were made otherwise."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from accounts import keys
from phr.bodies import open_bytes
from phr.display.names import attached_text
from phr.display.words import each
from phr.elements import exactly
from phr.formats.resource import identifier, made
from phr.former import gone
from phr.likeness import likeness, read
from phr.models import Record, RecordVersion
from phr.past import standing
from phr.staging import Sealer

# A day by the clock where it was and the same in UTC are never further apart.
_OFFSET = timedelta(hours=14)


def columns_of(row: Record, past: RecordVersion) -> dict[str, Any]:
    """The columns of its record as they were, or as its content tells where that was not kept."""
    return standing(past) or reckoned(row, past.version, bytes(past.body_sealed))


def reckoned(row: Record, version: int, sealed: bytes) -> dict[str, Any]:
    """How a version is found and sorted, from its content."""
    raw = open_bytes(row.patient_id, row.pk, version, sealed)
    found = Sealer(row.patient_id).row(made(exactly(raw), ""))
    return {
        "category": found.category,
        "effective_at": found.effective_at if found.dated else row.created_at,
        "dated": found.dated,
        "labels": found.labels,
        "tokens": found.tokens,
        "digest": found.digest,
        "likeness": None,
    }


def anew(
    patient_id: UUID, raw: bytes, scopes: Sequence[UUID | None], at: datetime, *, since: int
) -> dict[str, Any]:
    """`tokens`, `likeness`, `aliases` and `effective_at` as they are made now; `at` is where it stood.

    `gone` are the tokens that a reckoning from `since` on made of it, and this one no more. Only those
    that can be made: none for what is not valid any more. Call in an act about her.
    """
    item = read(raw)
    if item is None:
        return {}
    resource = orjson.loads(raw)
    item = replace(item, terms=(*item.terms, *notes(resource)))
    sealers = [Sealer(patient_id, scope) for scope in scopes or (None,)]
    found = {"tokens": {token for sealer in sealers for token in sealer.tokens(item)}}
    others = sealers[0].others(replace(item, identity=identifier(resource)))
    day = datetime.fromisoformat(item.effective_at) if item.effective_at else at
    return found | {
        "gone": gone(keys.subkey(patient_id, keys.Purpose.INDEX), item, since=since),
        "likeness": likeness(patient_id, raw, scopes),
        "aliases": [others[at : at + 32] for at in range(0, len(others), 32)] or None,
        "effective_at": day if abs(day - at) <= _OFFSET else at,
    }


def notes(resource: dict[str, Any]) -> list[str]:
    """The texts in it of which a note is found."""
    found = (attached_text(part.get("attachment")) for part in each(resource.get("content")))
    return [text for text in found if text]
