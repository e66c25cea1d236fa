"""Past versions of a record: kept whole when a newer one comes, and brought back as they stood."""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from accounts import keys
from phr.models import Record, RecordVersion

# What changes with the content of a record; tags and the like are its owner's and stay.
_STANDING = ("category", "effective_at", "dated", "labels", "tokens")


def keep_past(row: Record) -> None:
    """Keep the version in force, and how it is found, before another takes its place."""
    standing = {name: getattr(row, name) for name in _STANDING} | {
        "digest": bytes(row.digest).hex(),
        "likeness": bytes(row.likeness).hex() if row.likeness else None,
    }
    place = _place(row.pk, row.version)
    text = orjson.dumps(standing)
    RecordVersion.objects.create(
        patient_id=row.patient_id,
        record=row,
        version=row.version,
        body_sealed=row.body_sealed,
        likeness=row.likeness,
        standing_sealed=keys.seal(row.patient_id, keys.Purpose.BODY, place, text),
    )


def stand_anew(past: RecordVersion, columns: dict[str, Any]) -> None:
    """Keep some columns of a past version otherwise, where how it stood is known. Does not save."""
    known = standing(past)
    if known is None:
        return
    known |= columns
    likeness = known["likeness"]
    said = known | {"digest": known["digest"].hex(), "likeness": likeness and likeness.hex()}
    place = _place(past.record_id, past.version)
    text = orjson.dumps(said)
    past.standing_sealed = keys.seal(past.patient_id, keys.Purpose.BODY, place, text)


def was_said(row: Record, digest: bytes) -> bool:
    """Whether an earlier version had this content."""
    known = (standing(past) for past in row.versions.defer("body_sealed"))
    return any(one is not None and one["digest"] == digest for one in known)


def standing(past: RecordVersion) -> dict[str, Any] | None:
    """The columns of its record as they were; None for a version from before they were kept.

    Raises `Unopenable` for what was sealed elsewhere.
    """
    if past.standing_sealed is None:
        return None
    place, sealed = _place(past.record_id, past.version), bytes(past.standing_sealed)
    text = keys.unseal(past.patient_id, keys.Purpose.BODY, place, sealed)
    found: dict[str, Any] = orjson.loads(text)
    found["digest"] = bytes.fromhex(found["digest"])
    likeness = found.get("likeness")
    found["likeness"] = bytes.fromhex(likeness) if likeness else None
    found["effective_at"] = datetime.fromisoformat(found["effective_at"])
    return found


def _place(record_id: UUID, version: int) -> str:
    return f"phr_recordversion/{record_id}/standing/{version}"
