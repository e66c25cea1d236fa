"""Rows as an import leaves them, without reading a file: fast enough to make thousands."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID, uuid4

import orjson
from django.utils import timezone

from accounts import keys
from accounts.acting import acting_as
from phr import storage
from phr.bodies import seal_body
from phr.models import Binary, Provenance, Record, RecordFile, RecordVersion, Upload
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.tokens import label_tokens
from tests.cast import IMPORTER


def keep(
    patient_id: UUID,
    *,
    category: Category = Category.LABORATORY,
    labels: Iterable[Sensitivity] = (Sensitivity.N,),
    hidden: bool = False,
    never_shared: bool = False,
    text: str = "Glucose",
) -> Record:
    """Keep one Observation."""
    tokens = label_tokens(patient_id)
    row = Record(
        patient_id=patient_id,
        resource_type="Observation",
        category=category.value,
        effective_at=timezone.now(),
        labels=[tokens[label] for label in labels],
        tokens=[],
        digest=uuid4().bytes,
        hidden_at=timezone.now() if hidden else None,
        never_shared=never_shared,
    )
    row.body_sealed = seal_body(patient_id, row.pk, 1, orjson.dumps(observation(text)))
    with acting_as(IMPORTER, about=patient_id):
        row.save(force_insert=True)
    return row


def observation(text: str) -> dict[str, Any]:
    return {"resourceType": "Observation", "status": "final", "code": {"text": text}}


def with_past(row: Record) -> RecordVersion:
    """Give a record a past version."""
    sealed = seal_body(row.patient_id, row.pk, 2, orjson.dumps(observation("Older glucose")))
    with acting_as(IMPORTER, about=row.patient_id):
        return RecordVersion.objects.create(
            patient_id=row.patient_id, record=row, version=2, body_sealed=sealed
        )


def with_file(row: Record, data: bytes, *, use: str = Binary.Use.ORIGINAL) -> Binary:
    """Give a record a stored file, the upload it came in, and its provenance."""
    with acting_as(IMPORTER, about=row.patient_id):
        binary = Binary(
            patient_id=row.patient_id,
            name=storage.new_name(),
            use=use,
            content_type="image/png",
            size=len(data),
            complete_at=timezone.now(),
        )
        binary.save(force_insert=True)
        upload = Upload(patient_id=row.patient_id, original=binary, finished_at=timezone.now())
        place = f"phr_upload/{upload.pk}/file_name"
        upload.file_name_sealed = keys.seal(row.patient_id, keys.Purpose.BODY, place, b"scan.png")
        upload.save(force_insert=True)
        RecordFile.objects.create(patient_id=row.patient_id, record=row, binary=binary)
        Provenance.objects.create(
            patient_id=row.patient_id, record=row, upload=upload, version=1, place="file"
        )
    storage.put(binary.name, row.patient_id, binary.pk, [data])
    return binary


def with_inner_file(patient_id: UUID, record_id: UUID, data: bytes) -> Binary:
    """Give a record a file that came inside another, such as in a ZIP."""
    with acting_as(IMPORTER, about=patient_id):
        binary = Binary.objects.create(
            patient_id=patient_id, name=storage.new_name(), use=Binary.Use.PART,
            content_type="application/pdf", size=len(data), complete_at=timezone.now(),
        )  # fmt: skip
        RecordFile.objects.create(patient_id=patient_id, record_id=record_id, binary=binary)
    storage.put(binary.name, patient_id, binary.pk, [data])
    return binary
