"""Taking a record away: hidden in one statement, then destroyed with everything made from it."""

from uuid import UUID

from django.utils import timezone

from accounts.acting import acting_as, note
from accounts.actors import Actor
from phr import storage
from phr.models import Binary, Provenance, Record, RecordFile, RecordVersion, Upload
from sharing import policy
from sharing.policy import Action


def hide_record(actor: Actor, record_id: UUID) -> UUID:
    """Hide one of the actor's own records from everyone, at once. Returns the Patient's id."""
    with acting_as(actor):
        patient = policy.require_own(actor)
        row = policy.require(actor, Action.DELETE, Record.objects.all(), patient.pk, record_id)
        row.hidden_at = timezone.now()
        row.save(update_fields=["hidden_at"])
        note("delete", patient_id=patient.pk, records=[row.pk], basis="owner")
        return patient.pk


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
        Provenance.objects.filter(record_id=record_id).delete()
        RecordVersion.objects.filter(record_id=record_id).delete()
        gone, _ = Record.objects.filter(pk=record_id, hidden_at__isnull=False).delete()
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
