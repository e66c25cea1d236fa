"""Taking records away: hidden in one statement, then destroyed with everything made from them."""

from uuid import UUID

from django.db import connection
from django.db.models import Count, Model
from django.utils import timezone

from accounts.acting import acting_as, note
from accounts.actors import Actor
from phr import storage
from phr.deliveries import Delivery, Remark
from phr.models import (
    Binary,
    Provenance,
    Record,
    RecordFile,
    RecordVersion,
    Renewal,
    Tag,
    Upload,
)
from phr.tags import end_unused, lock_tags
from sharing import policy
from sharing.policy import Action

# How much of a patient is destroyed in one transaction.
FILES, ROWS = 100, 5000
# Every table of a patient's record, children first.
PURGED = (
    Provenance, RecordFile, RecordVersion, Record, Tag, Upload, Renewal, Delivery, Remark,
)  # fmt: skip


def hide_record(actor: Actor, record_id: UUID) -> tuple[UUID, str]:
    """Hide one of the actor's own records from everyone, at once. Returns its patient and category."""
    with acting_as(actor):
        patient = policy.require_own(actor)
        row = policy.require(actor, Action.DELETE, Record.objects.all(), patient.pk, record_id)
        row.hidden_at = timezone.now()
        row.save(update_fields=["hidden_at"])
        note("delete", patient_id=patient.pk, records=[row.pk], basis="owner")
        return patient.pk, row.category


def hide_again(actor: Actor, patient_id: UUID, record_id: UUID) -> bool:
    """Hide a record that a restored backup brought back. Returns whether it was there."""
    with acting_as(actor, about=patient_id):
        rows = Record.objects.filter(pk=record_id, patient_id=patient_id, hidden_at=None)
        return bool(rows.update(hidden_at=timezone.now()))


def record_ids(actor: Actor, patient_id: UUID) -> list[UUID]:
    """The ids of every item of a patient that is not hidden, for a job to compare."""
    with acting_as(actor, about=patient_id):
        rows = Record.objects.filter(patient_id=patient_id, hidden_at=None)
        return list(rows.values_list("pk", flat=True))


def companions(actor: Actor, record_id: UUID) -> int:
    """How many other records came from the same files: the files go, those records stay."""
    with acting_as(actor):
        patient = policy.require_own(actor)
        row = policy.require(actor, Action.DELETE, Record.objects.all(), patient.pk, record_id)
        uploads = row.provenances.values("upload_id")
        others = Provenance.objects.filter(upload_id__in=uploads).exclude(record=row)
        return others.values("record_id").distinct().count()


def purge_record(actor: Actor, patient_id: UUID, record_id: UUID) -> None:
    """Destroy a hidden record: its files first, then its rows. May be run again at any point.

    An uploaded file that holds the record is destroyed too: it would keep what was deleted.
    """
    for binary_id in _files(actor, patient_id, record_id):
        _destroy(actor, patient_id, binary_id)
    with acting_as(actor, about=patient_id):
        lock_tags(patient_id)
        Provenance.objects.filter(record_id=record_id).delete()
        RecordVersion.objects.filter(record_id=record_id).delete()
        hidden = Record.objects.filter(pk=record_id, hidden_at__isnull=False)
        tags = hidden.values_list("tags", flat=True).first()
        gone, _ = hidden.delete()
        end_unused(patient_id, tags or [])
        # The name and the report of a file that gave nothing else would still tell of the record.
        Upload.objects.filter(
            patient_id=patient_id, original=None, provenances=None, finished_at__isnull=False
        ).delete()
        if gone:  # nothing is left to say when a killed run had come to its end
            note("purge", patient_id=patient_id, records=[record_id], basis=f"job:{actor.system}")


def _files(actor: Actor, patient_id: UUID, record_id: UUID) -> list[UUID]:
    with acting_as(actor, about=patient_id):
        own = RecordFile.objects.filter(record_id=record_id).values_list("binary_id", flat=True)
        sources = Binary.objects.filter(upload__provenances__record_id=record_id)
        return list({*own, *sources.values_list("pk", flat=True)})


def _destroy(actor: Actor, patient_id: UUID, binary_id: UUID) -> None:
    with acting_as(actor, about=patient_id):
        binary = Binary.objects.select_for_update().filter(pk=binary_id).first()
        if binary is None:
            return
        storage.destroy(binary.name)
        RecordFile.objects.filter(binary=binary).delete()
        Upload.objects.filter(original=binary).update(original=None)
        binary.delete()


def counts(actor: Actor) -> dict[str, int]:
    """How many items the actor's own record holds, by category."""
    with acting_as(actor):
        return _counts(policy.require_own(actor).pk)


def counts_of(actor: Actor, patient_id: UUID) -> dict[str, int]:
    """The same of any patient, for a job."""
    with acting_as(actor, about=patient_id):
        return _counts(patient_id)


def _counts(patient_id: UUID) -> dict[str, int]:
    rows = Record.objects.filter(patient_id=patient_id, hidden_at=None).order_by()
    return dict(rows.values_list("category").annotate(count=Count("pk")))


def purge_files(actor: Actor, patient_id: UUID) -> int:
    """Destroy every file of a patient, some at a time, file first and row last. Returns how many."""
    total = 0
    while count := _purge_some_files(actor, patient_id):
        total += count
    return total


def _purge_some_files(actor: Actor, patient_id: UUID) -> int:
    with acting_as(actor, about=patient_id):
        rows = Binary.objects.filter(patient_id=patient_id).select_for_update()
        some = dict(rows.values_list("pk", "name")[:FILES])
        for name in some.values():
            storage.destroy(name)
        RecordFile.objects.filter(binary_id__in=some).delete()
        Upload.objects.filter(patient_id=patient_id, original_id__in=some).update(original=None)
        Binary.objects.filter(pk__in=some).delete()
        return len(some)


def purge_rows(actor: Actor, patient_id: UUID) -> int:
    """Delete every row of a patient's record, children first. Returns how many items there were."""
    total = 0
    for model in PURGED:
        while count := _purge_some_rows(actor, patient_id, model):
            total += count if model is Record else 0
    return total


def _purge_some_rows(actor: Actor, patient_id: UUID, model: type[Model]) -> int:
    table = model._meta.db_table  # noqa: SLF001 - a documented API of Django
    with acting_as(actor, about=patient_id), connection.cursor() as cursor:
        # By place in the table: no index begins with patient and id, and none is needed.
        cursor.execute(
            f"DELETE FROM {table} WHERE ctid = ANY (ARRAY("  # noqa: S608 - our own table's name
            f"SELECT ctid FROM {table} WHERE patient_id = %s LIMIT %s))",
            [patient_id, ROWS],
        )
        return int(cursor.rowcount)
