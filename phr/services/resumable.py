"""Files that come in pieces and may be interrupted; the doors speak tus 1.0.0 (phr/views/resumable.py).

What is acknowledged is in the row and on the disk, in whole encrypted chunks; the rest comes again.
"""

import errno
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet, Sum
from django.db.models.functions import Now
from django.utils import timezone

from accounts import keys
from accounts.acting import acting_as
from accounts.actors import Actor, Denied
from accounts.models import Patient
from accounts.wake import wake
from phr import storage
from phr.models import Binary, Upload
from phr.services import reviews, uploads
from sharing import policy
from sharing.policy import Action

# How long the next piece may take.
PATIENCE = timedelta(days=1)
FULL = {errno.ENOSPC, errno.EDQUOT}


class NotTaken(Exception):
    """The file cannot be taken, or not now; the text says why, for its owner."""


class TooMuch(NotTaken):
    """It is larger than what one file, one person or one piece may be."""


class TooLarge(TooMuch):
    def __init__(self) -> None:
        megabytes = settings.PHR_UPLOAD_MOST_BYTES // 1_000_000
        super().__init__(f"The file is larger than {megabytes} MB, the largest we can take.")


class NoRoom(NotTaken):
    """The disk has too little room left."""

    def __init__(self) -> None:
        super().__init__("There is no room for this file at the moment. Please try again later.")


class OutOfStep(Exception):
    """A piece does not begin where the file ends, for instance because another one was faster."""


@dataclass(frozen=True, slots=True)
class Arriving:
    """A file of which `offset` of `size` bytes are here; the rest may come until `until`.

    `fingerprint` is what her browser said it knows the file by: hexadecimal, or "".
    """

    upload_id: UUID
    file_name: str
    fingerprint: str
    offset: int
    size: int
    until: datetime | None

    @property
    def percent(self) -> int:
        return self.offset * 100 // self.size

    @property
    def megabytes(self) -> float:
        return max(0.1, round(self.size / 1e6, 1))


def begin(actor: Actor, *, file_name: str, size: int, fingerprint: str = "") -> UUID:
    """Make ready for a file of `size` bytes. Returns the Upload's id.

    Raises `NotTaken`; `Denied`, or `Restricted` while the record rests.
    """
    _refuse_size(size)
    with acting_as(actor):
        patient = policy.require_own(actor, Action.CREATE)
        _refuse_crowd(patient, size)
        upload = Upload(expected_size=size)
        if fingerprint:
            text = fingerprint[:64].encode()
            place = _fingerprint_place(upload.pk)
            upload.fingerprint_sealed = keys.seal(patient.pk, keys.Purpose.BODY, place, text)
        uploads.begin_rows(actor, patient, upload, file_name=file_name)
        Binary.objects.filter(upload=upload).update(arriving_until=Now() + PATIENCE)
    with acting_as(actor):
        storage.begin_pieces(uploads.hold_file(upload).name)
    return upload.pk


def _fingerprint_place(upload_id: UUID) -> str:
    return f"phr_upload/{upload_id}/fingerprint"


def _refuse_size(size: int) -> None:
    if size < 1:
        raise NotTaken("The file is empty.")
    if size > settings.PHR_UPLOAD_MOST_BYTES:
        raise TooLarge
    if storage.free_bytes() - size < settings.PHR_UPLOAD_SPARE_BYTES:
        raise NoRoom


def _refuse_crowd(patient: Patient, size: int) -> None:
    # One at a time, or two beginnings at once would both find room.
    Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
    rows = _unfinished(patient)
    held = rows.aggregate(bytes=Sum("expected_size"))["bytes"] or 0
    crowded = rows.count() >= settings.PHR_UPLOAD_MOST_FILES
    if crowded or held + size > settings.PHR_UPLOAD_UNFINISHED_BYTES:
        raise TooMuch("You have too many unfinished uploads. Finish or remove one of them first.")


def _unfinished(patient: Patient) -> QuerySet[Upload]:
    return Upload.objects.filter(
        patient=patient,
        expected_size__isnull=False,
        original__complete_at=None,
        original__arriving_until__gt=Now(),
    )


def unfinished(actor: Actor) -> list[Arriving]:
    """The actor's own files of which the rest is still to come, newest first."""
    with acting_as(actor):
        rows = _unfinished(policy.require_own(actor)).select_related("original")
        return [_told(row) for row in rows.order_by("-received_at", "-id")]


def _told(row: Upload) -> Arriving:
    binary: Any = row.original
    return Arriving(
        upload_id=row.pk,
        file_name=uploads.file_name(row),
        fingerprint=_fingerprint(row),
        offset=binary.size,
        size=row.expected_size or 0,
        until=None if binary.complete_at else binary.arriving_until,
    )


def _fingerprint(row: Upload) -> str:
    if row.fingerprint_sealed is None:
        return ""
    sealed, place = bytes(row.fingerprint_sealed), _fingerprint_place(row.pk)
    return keys.unseal(row.patient_id, keys.Purpose.BODY, place, sealed).decode()


def look(actor: Actor, upload_id: UUID) -> Arriving:
    """How much of one of the actor's files is here, arrived whole or not. Raises `Denied`."""
    with acting_as(actor):
        return _told(_in_pieces(actor, upload_id))


def _in_pieces(actor: Actor, upload_id: UUID, *, action: Action = Action.READ) -> Upload:
    row = uploads.own(actor, upload_id, action=action)
    binary = row.original
    if row.expected_size is None or binary is None or not _still_comes(binary):
        raise Denied("read", patient_id=row.patient_id, subject=f"Upload/{upload_id}")
    return row


def _still_comes(binary: Binary) -> bool:
    until = binary.arriving_until
    in_time = until is not None and until > timezone.now()
    # A restored backup brings back the row of a file it did not hold.
    return bool(binary.complete_at) or (in_time and storage.exists(binary.name))


def add(actor: Actor, upload_id: UUID, data: bytes, *, offset: int) -> int:
    """Take what follows on byte `offset`: whole chunks, or all if the file ends with it.

    Returns how many bytes were taken; they are durable. With the last one the import is due.
    Raises `OutOfStep`, `NotTaken`; `Denied`, or `Restricted` while the record rests.
    """
    with acting_as(actor):
        row = _in_pieces(actor, upload_id, action=Action.CREATE)
        binary = uploads.hold_file(row)
        if binary.size != offset:
            raise OutOfStep
        final = offset + len(data) == row.expected_size
        taken = data if final else data[: len(data) // storage.CHUNK * storage.CHUNK]
        if taken:
            _write(binary, taken, offset, final=final)
            _count(row, binary, len(taken), final=final)
        return len(taken)


def _write(binary: Binary, data: bytes, offset: int, *, final: bool) -> None:
    place = (binary.name, binary.patient_id, binary.pk)
    try:
        storage.add_piece(*place, data, start=offset, final=final)
    except (FileNotFoundError, keys.Unopenable) as error:
        raise Denied("upload", patient_id=binary.patient_id) from error
    except OSError as error:
        if error.errno in FULL:
            raise NoRoom from error
        raise


def _count(row: Upload, binary: Binary, taken: int, *, final: bool) -> None:
    Binary.objects.filter(pk=binary.pk).update(
        size=binary.size + taken,
        arriving_until=Now() + PATIENCE,
        complete_at=Now() if final else None,
    )
    if final:
        wake("phr.tasks.import_upload", row.pk)


def terminate(actor: Actor, upload_id: UUID) -> None:
    """Take back a file that comes, or came, in pieces, before it is added. Raises `Denied`."""
    with acting_as(actor):
        _in_pieces(actor, upload_id)
        reviews.cancel(actor, upload_id)
