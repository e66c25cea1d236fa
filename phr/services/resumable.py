"""Files that come in pieces and may be interrupted; the doors speak tus 1.0.0 (phr/views/resumable.py).

What is acknowledged is in the row and on the disk, in whole encrypted chunks; the rest comes again.
"""

import errno
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
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
from phr.room import NoRoom, NotTaken, TooMuch, ask, ask_disk
from phr.services import reviews, uploads
from sharing import policy
from sharing.policy import Action

# How long the next piece may take.
PATIENCE = timedelta(days=1)
# So begins a fingerprint that is the SHA-256 hash of all bytes of a file.
WHOLE = "sha256"
FULL = {errno.ENOSPC, errno.EDQUOT}


class OutOfStep(Exception):
    """A piece does not begin where the file ends, for instance because another one was faster."""


class Mismatch(Exception):
    """The bytes of a piece are not those that its sender hashed."""


class Different(Exception):
    """The whole file is not the one that was announced; nothing of it is kept."""


@dataclass(frozen=True, slots=True)
class Arriving:
    """A file of which `offset` of `size` bytes are here; the rest may come until `until`.

    `fingerprint` is what her browser said it knows the file by, or "": after `sha256:` the hash of
    the whole file in hexadecimal digits, which is compared at its end.
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
    if size < 1:
        raise NotTaken("The file is empty.")
    with acting_as(actor):
        patient = policy.require_kept(actor, Action.CREATE)
        ask(patient.pk, size)
        _refuse_crowd(patient, size)
        upload = Upload(expected_size=size)
        if fingerprint:
            text = fingerprint[:80].encode()
            place = _fingerprint_place(upload.pk)
            upload.fingerprint_sealed = keys.seal(patient.pk, keys.Purpose.BODY, place, text)
        uploads.begin_rows(actor, patient, upload, file_name=file_name)
        Binary.objects.filter(upload=upload).update(arriving_until=Now() + PATIENCE)
    with acting_as(actor):
        storage.begin_pieces(uploads.hold_file(upload).name)
    return upload.pk


def _fingerprint_place(upload_id: UUID) -> str:
    return f"phr_upload/{upload_id}/fingerprint"


def _refuse_crowd(patient: Patient, size: int) -> None:
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
        rows = _unfinished(policy.require_kept(actor)).select_related("original")
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
    Raises `OutOfStep`, `NotTaken`, `Different`; `Denied`, or `Restricted` while the record rests.
    """
    try:
        with acting_as(actor):
            return _add(_in_pieces(actor, upload_id, action=Action.CREATE), data, offset)
    except Different:
        uploads.abandon_upload(actor, upload_id)
        raise


def _add(row: Upload, data: bytes, offset: int) -> int:
    binary = uploads.hold_file(row)
    if binary.size != offset:
        raise OutOfStep
    final = offset + len(data) == row.expected_size
    taken = data if final else data[: len(data) // storage.CHUNK * storage.CHUNK]
    if taken:
        ask_disk(len(taken))
        _write(binary, taken, offset, final=final)
        if final and not _as_announced(row, binary):
            raise Different
        _count(row, binary, len(taken), final=final)
    return len(taken)


def _as_announced(row: Upload, binary: Binary) -> bool:
    """Whether the file on the disk is the one that was announced, where that was said."""
    kind, _, said = _fingerprint(row).partition(":")
    if kind != WHOLE:
        return True
    found = sha256()
    for piece in storage.read(binary.name, binary.patient_id, binary.pk):
        found.update(piece)
    return found.hexdigest() == said.casefold()


def rewind(actor: Actor, upload_id: UUID, *, at: int, to: int) -> None:
    """Forget what came last of a file of which `at` bytes are here: the same comes again at `to`."""
    with acting_as(actor):
        binary = uploads.hold_file(_in_pieces(actor, upload_id, action=Action.CREATE))
        Binary.objects.filter(pk=binary.pk, size=at, complete_at=None).update(size=to)


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
