"""By what an item that is kept is known again, reckoned as an import does of what it stages.

For what its patient corrects, and for what was kept before it was told (`phr.publishing.LIKEN`).
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from struct import pack
from typing import Any
from uuid import UUID

import orjson

from phr.bodies import open_bytes
from phr.elements import spelled
from phr.formats.meaning import AROUND, SUBJECTS
from phr.formats.parsed import Parsed, Refused
from phr.formats.resource import keep
from phr.models import Record
from phr.search import answering
from phr.staging import Sealer

_HERSELF, _AROUND = b"\1", b"\2"


class Unsure(Exception):
    """Two records answer to a name in it."""


def likeness(patient_id: UUID, raw: bytes, scopes: Sequence[UUID | None]) -> bytes | None:
    """16 bytes that are equal for equal content, None for what says too little or is unsure.

    `raw` is the JSON of the resource, `scopes` the uploads in which its references mean something.
    Call within an act about the patient.
    """
    item = read(raw)
    sealers = [Sealer(patient_id, scope) for scope in scopes or (None,)]
    if item is None or not (core := sealers[0].known_by(item).core):
        return None
    herself = set(_subjects(orjson.loads(raw)))
    tokens = [sealer.called(item.meaning.refs) for sealer in sealers]
    answers = answering(sorted({token for each in tokens for token in each}))
    names = zip(item.meaning.refs, zip(*tokens, strict=True), strict=True)
    try:
        said = [
            _HERSELF if name in herself else _said(sealers[0], called, answers)
            for name, called in names
        ]
    except Unsure:
        return None
    return sha256(core + b"".join(said)).digest()[:16]


def read(raw: bytes) -> Parsed | None:
    """What is kept of a resource in this JSON; None where it is not valid any more."""
    try:
        item = keep(orjson.loads(raw), raw.decode(), spelled(raw), "", None)
    except Refused:
        return None
    return item if isinstance(item, Parsed) else None


def _subjects(resource: dict[str, Any]) -> Iterable[str]:
    found = (resource.get(name) for name in SUBJECTS)
    return (each["reference"] for each in found if isinstance(each, dict) and "reference" in each)


def _said(sealer: Sealer, called: Sequence[int], answers: dict[int, set[UUID]]) -> bytes:
    """What a reference stands for: the content of what it leads to, or else its name."""
    ids = set[UUID]().union(*(answers.get(token, ()) for token in called))
    if len(ids) > 1:
        raise Unsure
    row = Record.objects.filter(pk__in=ids).first()
    if row is not None and row.resource_type in AROUND:
        return _AROUND
    item = read(_body(row)) if row is not None else None
    core = sealer.known_by(item).core if item else None
    return core or pack(">q", called[0])


def _body(row: Record) -> bytes:
    return open_bytes(row.patient_id, row.pk, row.version, bytes(row.body_sealed))
