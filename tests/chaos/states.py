"""What a patient's part of the portal looks like, so that two ways to it can be compared."""

import json
from collections import Counter
from hashlib import sha256
from typing import Any
from uuid import UUID
from zipfile import BadZipFile

from accounts.actors import Actor, System
from accounts.keys import Unopenable
from phr import integrity, storage
from phr.bodies import open_body
from phr.services import uploads
from rights.services import holds
from tests import raw
from tests.cast import PURGER
from tests.worlds.archive import Archive

ENDED = (
    (
        "UPDATE phr_upload SET lease_until = now() - interval '1 second'"
        " WHERE patient_id = %s AND lease_until IS NOT NULL"
    ),
    "UPDATE rights_erasure SET due_at = now() - interval '1 second' WHERE patient_id = %s",
    (
        "UPDATE rights_export SET lease_until = now() - interval '1 second'"
        " WHERE patient_id = %s AND lease_until IS NOT NULL"
    ),
)
STALE = "UPDATE phr_binary SET created_at = created_at - interval '3 hours' WHERE patient_id = %s"
RECORDS = """
    SELECT r.id, r.version, r.body_sealed, r.effective_at, r.dated, r.labels, r.hidden_at IS NULL,
           r.resource_type, r.category, cardinality(r.tokens),
           (SELECT count(*) FROM phr_recordversion v WHERE v.record_id = r.id),
           (SELECT array_agg(p.version || p.place ORDER BY p.version, p.place)
            FROM phr_provenance p WHERE p.record_id = r.id),
           (SELECT array_agg(b.use || b.size ORDER BY b.use, b.size) FROM phr_recordfile f
            JOIN phr_binary b ON b.id = f.binary_id WHERE f.record_id = r.id)
    FROM phr_record r WHERE r.patient_id = %s
"""
UPLOADS = """
    SELECT finished_at IS NULL, failed_at IS NULL, lease_until, imported, updated, duplicates,
           skipped, original_id IS NULL, previewed_at IS NULL, preview_sealed IS NULL
    FROM phr_upload WHERE patient_id = %s ORDER BY received_at
"""
EVENTS = """
    SELECT action, door, outcome, cardinality(records) FROM accounts_auditevent
    WHERE patient_id = %s AND action <> 'read'
"""
# Times and ids in an archive make its size differ.
FILES = """
    SELECT use, CASE use WHEN 'export' THEN 0 ELSE size END, complete_at IS NULL
    FROM phr_binary WHERE patient_id = %s ORDER BY 1, 2
"""
EXPORTS = """
    SELECT finished_at IS NULL, failed_at IS NULL, destroyed_at IS NULL, lease_until,
           done = total, b.size = e.size AND b.complete_at IS NOT NULL, b.name, b.id
    FROM rights_export e LEFT JOIN phr_binary b ON b.id = e.binary_id WHERE e.patient_id = %s
"""


def state(patient_id: UUID) -> dict[str, Any]:
    """Everything that is kept about the patient, without ids and times that may differ.

    `visible` is what pages may show: the content of each record that is not hidden.
    """
    with raw.seeing() as opened:
        rows = [_Row(patient_id, row) for row in opened.execute(RECORDS, [patient_id]).fetchall()]
        return {
            "visible": sorted(row.content for row in rows if row.visible),
            "records": sorted(row.content + repr(row.rest) for row in rows),
            "uploads": opened.execute(UPLOADS, [patient_id]).fetchall(),
            "events": Counter(opened.execute(EVENTS, [patient_id]).fetchall()),
            "files": opened.execute(FILES, [patient_id]).fetchall(),
            "exports": [
                (*rest, _archive(patient_id, name, pk))
                for *rest, name, pk in opened.execute(EXPORTS, [patient_id]).fetchall()
            ],
        }


def _archive(patient_id: UUID, name: str | None, binary_id: UUID) -> list[tuple[str, bool]]:
    """The paths of an archive's files, and whether each is what its manifest says."""
    if name is None or not storage.exists(name):
        return []
    try:
        found = Archive(b"".join(storage.read(name, patient_id, binary_id)))
        listed = {one["path"]: one["sha256"] for one in found.manifest["files"]}
    except (Unopenable, BadZipFile):
        return []
    return [(path, listed[path] == sha256(found.zip.read(path)).hexdigest()) for path in listed]


class _Row:
    def __init__(self, patient_id: UUID, row: tuple[Any, ...]) -> None:
        pk, version, sealed, at, self.dated, labels, self.visible, *rest = row
        body = open_body(patient_id, pk, version, bytes(sealed))
        self.content = f"{version} {json.dumps(body, sort_keys=True)}"
        self.rest = [at if self.dated else "", len(labels), *rest]


def end_leases(patient_id: UUID) -> None:
    """Let time pass until nobody holds the patient's work any more."""
    with raw.owner() as opened:
        for statement in ENDED:
            opened.execute(statement, [patient_id])


def clear_leftovers(patient_id: UUID) -> None:
    """Let hours pass, and do what is done every ten minutes."""
    with raw.owner() as opened:
        opened.execute(STALE, [patient_id])
    uploads.clear_leftovers(PURGER)


def sound() -> bool:
    """Whether files, rows, keys and walls agree, those of held items too."""
    return integrity.check(Actor.job(System.INTEGRITY), beside=holds.beside).sound
