"""Taking back what came with one file: foreseen, hidden in one transaction, destroyed by a worker.

An item that only this file gave goes. One that others gave too stays; where this file's version is
the one in force, the version before it comes back. What a file says in an older version than what is
there (`older`), or was put `aside`, it does not give; nor does what came `back` in an archive of this
portal, which goes with the archive.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied
from accounts.models import Patient
from phr import storage
from phr.models import Binary, Provenance, Record, RecordFile, RecordVersion, Upload
from phr.past import standing
from phr.publishing import ONE_IMPORT_AT_A_TIME
from phr.reckoning import columns_of, reckoned
from phr.services import uploads
from phr.tags import end_unused
from sharing import policy
from sharing.policy import Action
from sharing.services import granting
from sharing.tokens import joined

IDS_AN_EVENT = 1000
BATCH = 500
# A version is this file's own when nothing else gave it.
_OWN = """
    SELECT p.record_id, p.version
    FROM phr_provenance p
    WHERE p.record_id IN (SELECT record_id FROM phr_provenance WHERE upload_id = %(upload)s)
    GROUP BY p.record_id, p.version
    HAVING bool_and(p.upload_id IS NOT DISTINCT FROM %(upload)s
                    OR p.outcome IN ('older', 'aside', 'back'))
       AND bool_or(p.upload_id = %(upload)s)
"""
_FILES = """
    SELECT f.record_id FROM phr_recordfile f WHERE f.upload_id = %(upload)s
       OR f.binary_id = (SELECT u.original_id FROM phr_upload u WHERE u.id = %(upload)s)
"""
# The same file came in another upload too, as the source of an item that stays: that one is kept.
_HAND_OVER = """
    INSERT INTO phr_recordfile (id, patient_id, record_id, binary_id, upload_id)
    SELECT DISTINCT ON (f.record_id, x.original_id)
           gen_random_uuid(), f.patient_id, f.record_id, x.original_id, x.id
    FROM phr_upload u
    JOIN phr_recordfile f ON f.binary_id = u.original_id
    JOIN phr_provenance p ON p.record_id = f.record_id AND p.upload_id <> u.id
    JOIN phr_upload x ON x.id = p.upload_id AND x.undone_at IS NULL
    JOIN phr_binary was ON was.id = u.original_id
    JOIN phr_binary b ON b.id = x.original_id AND b.size = was.size
    WHERE u.id = %(upload)s AND f.aside IS NULL AND p.outcome NOT IN ('older', 'aside', 'back')
    ON CONFLICT DO NOTHING
"""
# It came inside another one too, or with other things: what that gave as well keeps this file.
_KEEP = """
    UPDATE phr_recordfile f SET upload_id = g.upload_id
    FROM (
        SELECT DISTINCT ON (o.record_id) o.record_id, o.upload_id
        FROM phr_provenance m
        JOIN phr_provenance o ON o.record_id = m.record_id AND o.version = m.version
        JOIN phr_upload x ON x.id = o.upload_id AND x.id <> m.upload_id AND x.undone_at IS NULL
        WHERE m.upload_id = %(upload)s AND m.outcome NOT IN ('older', 'aside', 'back')
          AND o.outcome NOT IN ('older', 'aside', 'back')
        ORDER BY o.record_id, o.recorded_at, o.id
    ) g
    WHERE f.upload_id = %(upload)s AND f.record_id = g.record_id AND NOT EXISTS (
        SELECT 1 FROM phr_recordfile e JOIN phr_upload x ON x.original_id = e.binary_id
        JOIN phr_upload u ON u.id = f.upload_id AND u.original_id = f.binary_id
        WHERE e.record_id = f.record_id AND x.id <> u.id
    )
"""
_KEPT = """
    SELECT w.original_id FROM phr_upload w
    JOIN phr_recordfile f ON f.binary_id = w.original_id
    WHERE %(upload)s IN (w.id, w.brought_by) AND f.upload_id NOT IN (w.id, %(upload)s)
"""
_HANDING_OVER = (
    _HAND_OVER,
    _KEEP,
    f"UPDATE phr_binary SET use = 'part' WHERE id IN ({_KEPT})",  # noqa: S608
    f"UPDATE phr_upload SET original_id = NULL WHERE original_id IN ({_KEPT})",  # noqa: S608
)
_GOES = """
    NOT EXISTS (SELECT 1 FROM phr_provenance o WHERE o.record_id = r.id
                AND o.outcome NOT IN ('older', 'aside', 'back')
                AND o.upload_id IS DISTINCT FROM %(upload)s)
"""
# What this file said first stays in its words, whoever else says it or corrected it.
_IN_ITS_WORDS = """
    UPDATE phr_provenance p SET scope = coalesce(m.scope, m.upload_id)
    FROM phr_provenance m
    WHERE m.upload_id = %(upload)s AND m.record_id = ANY (%(records)s)
      AND (m.scope IS NOT NULL OR m.outcome NOT IN ('alike', 'older', 'aside'))
      AND p.record_id = m.record_id AND p.upload_id IS DISTINCT FROM m.upload_id
      AND p.scope IS NULL
      AND (p.version = m.version AND p.outcome IN ('alike', 'known')
           OR p.upload_id IS NULL AND p.version > m.version AND NOT EXISTS (
               SELECT 1 FROM phr_provenance q
               WHERE q.record_id = m.record_id AND q.upload_id <> m.upload_id
                 AND q.version > m.version AND q.version < p.version
                 AND q.outcome IN ('new', 'changed')))
"""
_FORESEE = f"""
    WITH own AS ({_OWN}), touched AS (
        SELECT DISTINCT record_id FROM phr_provenance WHERE upload_id = %(upload)s
    ), judged AS (
        SELECT r.favourite OR cardinality(r.tags) > 0 AS sorted, {_GOES} AS goes,
               (r.id, r.version) IN (SELECT record_id, version FROM own) AS back,
               r.id IN (SELECT record_id FROM own) AS had,
               EXISTS (SELECT 1 FROM phr_provenance h WHERE h.record_id = r.id
                       AND h.upload_id IS NULL) AS by_hand
        FROM phr_record r JOIN touched t ON t.record_id = r.id WHERE r.hidden_at IS NULL
    )
    SELECT count(*) FILTER (WHERE goes), count(*) FILTER (WHERE goes AND sorted),
           count(*) FILTER (WHERE NOT goes AND back),
           count(*) FILTER (WHERE NOT goes AND NOT back AND by_hand AND had),
           count(*) FILTER (WHERE NOT goes AND NOT back AND NOT (by_hand AND had))
    FROM judged
"""  # noqa: S608 - pieces of our own
_HIDE = f"""
    WITH own AS ({_OWN})
    UPDATE phr_record r SET hidden_at = %(at)s,
        tokens = CASE WHEN {_GOES} THEN '{{}}'::bigint[] ELSE tokens END
    WHERE (r.id IN (SELECT record_id FROM own) OR r.id IN ({_FILES}))
      AND r.patient_id = %(patient)s AND r.hidden_at IS NULL
    RETURNING r.id, r.category, {_GOES}
"""  # noqa: S608 - pieces of our own
_JUDGE = f"""
    WITH own AS ({_OWN})
    SELECT r.id, {_GOES}, ARRAY(SELECT version FROM own WHERE record_id = r.id)
    FROM phr_record r WHERE r.id = ANY (%(records)s) ORDER BY r.id FOR UPDATE OF r
"""  # noqa: S608 - pieces of our own


@dataclass(frozen=True, slots=True)
class Foreseen:
    """How many items go (`sorted` of them tagged or a favourite), go back to the version before
    (`back`), stay as the owner corrected them (`corrected`), and stay as they are (`stay`)."""

    file_name: str
    goes: int
    sorted: int
    back: int
    corrected: int
    stay: int


def foresee(actor: Actor, upload_id: UUID) -> Foreseen:
    """What undoing the import of one of the actor's own files would do. Raises `Denied`."""
    with acting_as(actor), connection.cursor() as cursor:
        row = _own(actor, upload_id)
        cursor.execute(_FORESEE, {"upload": row.pk})
        return Foreseen(uploads.file_name(row), *(cursor.fetchone() or (0,) * 5))


def _own(actor: Actor, upload_id: UUID) -> Upload:
    """An upload that was added, of a record that may change."""
    patient = policy.require_own(actor, Action.UPDATE)
    rows = Upload.objects.filter(pk=upload_id, patient=patient, undone_at=None)
    row = rows.filter(finished_at__isnull=False).first()
    if row is None:
        raise Denied("undo-import", patient_id=patient.pk, subject=f"Upload/{upload_id}")
    return row


def hide_import(actor: Actor, upload_id: UUID) -> tuple[UUID, dict[str, int]]:
    """Hide at once whatever this file gave. Returns the patient, and how many items go by category.

    Call inside an act. Items that stay but lose a version or a file are hidden until they have.
    """
    row = _own(actor, upload_id)
    # An import at work moves the epoch at its end: whoever waits for it must not hold that.
    _alone(row.patient_id)
    granting.move_epoch(row.patient_id)
    return row.patient_id, _hide(row, "owner")


def hide_again(actor: Actor, patient_id: UUID, upload_id: UUID) -> dict[str, int] | None:
    """The same for what a restored backup brought back; what was not added yet is destroyed.

    Returns None when there is nothing of it left to do.
    """
    with acting_as(actor, about=patient_id):
        rows = Upload.objects.select_related("original").select_for_update(of=("self",))
        row = rows.filter(pk=upload_id, undone_at=None).first()
        if row is None:
            return None
        if row.finished_at is None:
            uploads.remove(row)
            return None
        return _hide(row, "ledger")


def _alone(patient_id: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(ONE_IMPORT_AT_A_TIME, {"patient": patient_id})


def _hide(row: Upload, basis: str) -> dict[str, int]:
    at = timezone.now()
    _alone(row.patient_id)
    with connection.cursor() as cursor:
        about: dict[str, Any] = {"upload": row.pk, "patient": row.patient_id, "at": at}
        cursor.execute(_HIDE, about)
        found = cursor.fetchall()
    Upload.objects.filter(pk=row.pk).update(undone_at=at)
    ids = [pk for pk, _, _ in found]
    for start in range(0, max(1, len(ids)), IDS_AN_EVENT):
        note(
            "undo-import",
            patient_id=row.patient_id,
            records=ids[start : start + IDS_AN_EVENT],
            subject=f"Upload/{row.pk}",
            basis=basis,
        )
    planned: dict[str, int] = {}
    for _, category, goes in found:
        planned[category] = planned.get(category, 0) + goes
    return {name: count for name, count in planned.items() if count}


def losing(actor: Actor, patient_id: UUID, upload_id: UUID, among: list[UUID]) -> dict[UUID, bool]:
    """Which of these records lose something with the file, and whether they go with it."""
    with acting_as(actor, about=patient_id), connection.cursor() as cursor:
        of_file = RecordFile.objects.filter(binary__upload=upload_id, record_id__in=among)
        named = Provenance.objects.filter(upload_id=upload_id, record_id__in=among)
        ids = {
            *of_file.values_list("record_id", flat=True),
            *named.values_list("record_id", flat=True),
        }
        cursor.execute(_JUDGE, {"upload": upload_id, "records": list(ids)})
        return {pk: goes for pk, goes, _ in cursor.fetchall()}


def rests(actor: Actor, patient_id: UUID) -> bool:
    """Whether nothing may be brought back now: the record is restricted (GDPR Art. 18)."""
    with acting_as(actor, about=patient_id):
        return Patient.objects.filter(pk=patient_id, restricted_at__isnull=False).exists()


def purge_import(actor: Actor, patient_id: UUID, upload_id: UUID) -> None:
    """Destroy what a file gave whose import was undone: files first, then rows, some at a time.

    May be run again at any point.
    """
    with acting_as(actor, about=patient_id), connection.cursor() as cursor:
        for statement in _HANDING_OVER:
            cursor.execute(statement, {"upload": upload_id})
    for binary_id in _files(actor, patient_id, upload_id):
        _destroy(actor, patient_id, binary_id)
    while _purge_some(actor, patient_id, upload_id):
        pass
    _forget_brought(actor, patient_id, upload_id)
    with acting_as(actor, about=patient_id):
        Upload.objects.filter(pk=upload_id, undone_at__isnull=False).delete()


def _forget_brought(actor: Actor, patient_id: UUID, upload_id: UUID) -> None:
    """Uploads that came back in an archive (`brought_by`) go when nothing is left of them."""
    with acting_as(actor, about=patient_id):
        brought = Upload.objects.filter(brought_by=upload_id, provenances=None)
        files = list(brought.exclude(original=None).values_list("original_id", flat=True))
    for binary_id in files:
        _destroy(actor, patient_id, binary_id)
    with acting_as(actor, about=patient_id):
        brought.filter(original=None).delete()


def _files(actor: Actor, patient_id: UUID, upload_id: UUID) -> list[UUID]:
    with acting_as(actor, about=patient_id):
        own = Binary.objects.filter(upload=upload_id).values_list("pk", flat=True)
        others = RecordFile.objects.filter(binary_id=OuterRef("binary_id"))
        others = others.exclude(upload_id=upload_id)
        made_of = RecordFile.objects.filter(~Exists(others), upload_id=upload_id)
        return list({*own, *made_of.values_list("binary_id", flat=True)})


def _destroy(actor: Actor, patient_id: UUID, binary_id: UUID) -> None:
    with acting_as(actor, about=patient_id):
        binary = Binary.objects.select_for_update().filter(pk=binary_id).first()
        if binary is not None:
            storage.destroy(binary.name)
            RecordFile.objects.filter(binary=binary).delete()
            Upload.objects.filter(original=binary).update(original=None)
            binary.delete()


def _purge_some(actor: Actor, patient_id: UUID, upload_id: UUID) -> int:
    """One batch of items. Returns how many there were."""
    with acting_as(actor, about=patient_id), connection.cursor() as cursor:
        upload = Upload.objects.filter(pk=upload_id, undone_at__isnull=False).first()
        named = Provenance.objects.filter(upload_id=upload_id).order_by("position", "pk")
        ids = list(dict.fromkeys(named.values_list("record_id", flat=True)[:BATCH]))
        if upload is None or not ids:
            return 0
        cursor.execute(_JUDGE, {"upload": upload_id, "records": ids})
        judged = cursor.fetchall()
        gone = [pk for pk, goes, _ in judged if goes]
        for pk, goes, versions in judged:
            if not goes:
                _give_back(upload, pk, versions)
        cursor.execute(_IN_ITS_WORDS, {"upload": upload_id, "records": ids})
        Provenance.objects.filter(upload_id=upload_id, record_id__in=ids).delete()
        _delete(patient_id, gone)
        if gone:
            note(
                "purge",
                patient_id=patient_id,
                records=gone,
                subject=f"Upload/{upload_id}",
                basis=f"job:{actor.system}",
            )
        return len(ids)


def _delete(patient_id: UUID, gone: list[UUID]) -> None:
    tags = Record.objects.filter(pk__in=gone).values_list("tags", flat=True)
    tokens = {token for each in tags for token in each}
    with connection.cursor() as cursor:
        for table in ("phr_provenance", "phr_recordfile", "phr_recordversion"):
            cursor.execute(f"DELETE FROM {table} WHERE record_id = ANY (%s)", [gone])  # noqa: S608
        cursor.execute("DELETE FROM phr_record WHERE id = ANY (%s)", [gone])
    end_unused(patient_id, tokens)


def _give_back(upload: Upload, record_id: UUID, versions: list[int]) -> None:
    """Take this file's own versions out of an item that stays, and show it again."""
    row = Record.objects.get(pk=record_id)
    if row.version in versions:
        _bring_back(row, versions)
    RecordVersion.objects.filter(record=row, version__in=versions).delete()
    if row.hidden_at == upload.undone_at:
        row.hidden_at = None
        _make_room(row)
    row.updated_at = timezone.now()
    row.save()


def _bring_back(row: Record, versions: list[int]) -> None:
    """Put the newest version that is not this file's own into force."""
    earlier = RecordVersion.objects.filter(record=row, version__lt=row.version)
    past = earlier.exclude(version__in=versions).order_by("-version").first()
    if past is None:
        return
    columns = columns_of(row, past)
    if _labelled_by_hand(row, earlier.order_by("-version").first()):
        columns["labels"] = row.labels
    row.version, row.body_sealed = past.version, past.body_sealed
    for name, value in columns.items():
        setattr(row, name, value)
    past.delete()


def _labelled_by_hand(row: Record, before: RecordVersion | None) -> bool:
    """Whether the owner has said since how sensitive it is: that stays hers."""
    known = standing(before) if before else None
    if known is None:
        return True
    own = reckoned(row, row.version, bytes(row.body_sealed))["labels"]
    patient_id = row.patient_id
    return joined(patient_id, row.labels) != joined(patient_id, (*known["labels"], *own))


def _make_room(row: Record) -> None:
    """What the owner wrote by hand meanwhile may say the same; both stay."""
    shown = Record.objects.filter(patient_id=row.patient_id, hidden_at=None).exclude(pk=row.pk)
    if shown.filter(digest=row.digest).exists():
        row.digest = sha256(bytes(row.digest) + row.pk.bytes).digest()
    if row.identity and shown.filter(identity=row.identity).exists():
        row.identity = None
