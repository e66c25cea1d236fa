"""Which of two versions of one item counts, after what is staged was settled.

Files come in any order: an old one must not undo what a newer one corrected. What counts for more
than what is in force counts whatever the time, unless it was said before. Else, where both tell when
they were said, the later counts. Where they do not, or say the same time, what was said before and
is no more in force does not come back, and what corrects or takes back something stays.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from typing import Any
from uuid import UUID

import orjson
from django.db.models import Exists, OuterRef

from phr.bodies import open_bytes
from phr.formats.age import age, instant
from phr.models import Provenance, RecordVersion
from phr.past import standing
from phr.publishing import BY_HAND, IN_TIME

# Of these a laboratory sends the very same again, and the time of that says nothing.
_RESULTS = frozenset(("Observation", "DiagnosticReport"))
# What its patient wrote herself stays in force whatever these say (`phr.updates`).
_CHANGED = f"""
    SELECT s.id, s.record_id, s.resource_type, s.updated, s.issued, s.standing,
           l.likeness IS NOT NULL AND EXISTS (
               SELECT 1 FROM phr_recordversion v
               WHERE v.patient_id = %(patient)s AND v.likeness = l.likeness
                 AND v.record_id = s.record_id
           ), l.likeness IS NULL, s.digest, r.version, r.body_sealed,
           f.updated, f.issued, f.standing
    FROM pg_temp.staged s
    LEFT JOIN pg_temp.likened l ON l.id = s.id
    LEFT JOIN pg_temp.staged f ON f.id = s.record_id
    LEFT JOIN phr_record r ON r.id = s.record_id AND r.patient_id = %(patient)s
    WHERE s.outcome = 'changed' AND s.resource_type <> 'ImagingStudy'
      AND (r.id IS NULL OR NOT {BY_HAND})
    ORDER BY {IN_TIME}
"""  # noqa: S608 - pieces of our own
_NEVER = datetime.min.replace(tzinfo=UTC)
_OLDER = "UPDATE pg_temp.staged SET outcome = 'older', version = %s WHERE id = %s"


@dataclass(frozen=True, slots=True)
class _Told:
    """When a version was said (see `phr.formats.age.Age`), and how much it means to count."""

    updated: datetime | None
    issued: datetime | None
    standing: int

    @property
    def at(self) -> datetime | None:
        return self.updated or self.issued

    def or_later(self, other: "_Told") -> "_Told":
        """As much as this one counts, at the time of whichever was said later."""
        last = max(self, other, key=lambda told: (told.at or _NEVER, told.issued or _NEVER))
        return _Told(last.updated, last.issued, self.standing)


def settle_ages(cursor: Any, patient_id: UUID) -> None:
    """Take what is staged as another version for an `older` one where it is.

    In the transaction that settled the rest; the look of a file is judged as the file is.
    """
    cursor.execute(_CHANGED, {"patient": patient_id})
    rows = cursor.fetchall()
    once = _once_said(patient_id, {row[1] for row in rows if row[7]})
    kept = _kept(patient_id, {row[1] for row in rows if row[9] and row[9] > 1})
    in_force: dict[UUID, _Told] = {}
    older = []
    for id_, record_id, kind, *times, before, unlike, digest, version, body, f_u, f_i, f_s in rows:
        new = _Told(*times)
        if record_id not in in_force:
            first = _Told(f_u, f_i, f_s)
            first = _of(patient_id, record_id, version, body) if version else first
            in_force[record_id] = reduce(_Told.or_later, kept.get(record_id, ()), first)
        again = before or (unlike and bytes(digest) in once.get(record_id, ()))
        if _is_older(in_force[record_id], new, again=again, result=kind in _RESULTS):
            older.append((version or 1, id_))
        else:
            in_force[record_id] = new.or_later(in_force[record_id])
    cursor.executemany(_OLDER, older)


def _of(patient_id: UUID, record_id: UUID, version: int, sealed: bytes) -> _Told:
    found = age(orjson.loads(open_bytes(patient_id, record_id, version, bytes(sealed))))
    return _Told(instant(found.updated), instant(found.issued), found.standing)


def _kept(patient_id: UUID, record_ids: set[UUID]) -> dict[UUID, list[_Told]]:
    """Of what files said before: who tells no time does not make forget what others told."""
    found: dict[UUID, list[_Told]] = {}
    by_hand = Provenance.objects.filter(
        record_id=OuterRef("record_id"), version=OuterRef("version"), upload=None
    )
    past = RecordVersion.objects.filter(patient_id=patient_id, record_id__in=record_ids)
    past = past.exclude(Exists(by_hand))
    columns = ("record_id", "version", "body_sealed")
    for record_id, version, sealed in past.values_list(*columns) if record_ids else ():
        found.setdefault(record_id, []).append(_of(patient_id, record_id, version, sealed))
    return found


def _once_said(patient_id: UUID, record_ids: set[UUID]) -> dict[UUID, set[bytes]]:
    """What was said before of those that nothing but their digest is known by."""
    found: dict[UUID, set[bytes]] = {}
    past = RecordVersion.objects.filter(patient_id=patient_id, record_id__in=record_ids)
    for each in past.defer("body_sealed") if record_ids else ():
        if known := standing(each):
            found.setdefault(each.record_id, set()).add(known["digest"])
    return found


def _is_older(old: _Told, new: _Told, *, again: bool, result: bool) -> bool:
    later = _later(old, new)
    if new.standing > old.standing and not again:
        return False
    if later is None:
        return again or new.standing < old.standing
    return not later or (again and result and new.standing < old.standing)


def _later(old: _Told, new: _Told) -> bool | None:
    """Whether the new one was said later; None where they do not tell, or it was at the same time."""
    for one, other in ((old.at, new.at), (old.issued, new.issued)):
        if one and other and one != other:
            return other > one
    return None
