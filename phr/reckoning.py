"""How a past version is found and sorted when it comes into force again."""

from typing import Any

from phr.bodies import open_bytes
from phr.elements import exactly
from phr.formats.resource import made
from phr.models import Record, RecordVersion
from phr.past import standing
from phr.staging import Sealer


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
