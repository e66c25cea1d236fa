"""Files on their way in: receiving, following, dismissing. Reading them is `imports.py`."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from accounts import keys
from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied
from accounts.models import Patient
from accounts.wake import wake
from phr import room, storage
from phr.deliveries import Delivery
from phr.formats.parsed import DESCRIBED, Person
from phr.models import Binary, Provenance, RecordFile, Upload
from phr.outlook import (
    Outlook,
    birth_date,
    is_about_somebody_else,
    open_outlook,
    seal_options,
    whose,
)
from phr.pace import pace
from phr.senders import Sender, senders
from phr.sending import Told, never_told
from phr.storage import Writer
from sharing import policy
from sharing.policy import Action

LEFT_OVER = timedelta(hours=1)
PIECE = 1024 * 1024


def begin_upload(
    actor: Actor, *, file_name: str, patient_id: UUID | None = None
) -> tuple[UUID, Writer]:
    """Make the rows of a file that is about to arrive; its bytes go to the writer, encrypted.

    The row comes first, so there is never a file without one. `patient_id` is for the operator's
    command; a person adds to her own record. Returns the Upload's id. Raises `NotTaken` where there
    is no room, and so does the writer once it has taken what there was.
    """
    with acting_as(actor, about=patient_id):
        patient = _receiver(actor, patient_id)
        left = room.ask(patient.pk, 0)
        upload = begin_rows(actor, patient, Upload(), file_name=file_name)
    with acting_as(actor, about=patient_id):
        binary = hold_file(upload)
        return upload.pk, room.Bounded(binary, left)


def begin_rows(actor: Actor, patient: Patient, upload: Upload, *, file_name: str) -> Upload:
    """Inside an act: save a new upload and the row of its file, and note it."""
    upload.original = Binary.objects.create(
        patient=patient, name=storage.new_name(), use=Binary.Use.ORIGINAL
    )
    upload.patient, upload.by_id = patient, actor.user_id
    upload.file_name_sealed = seal_name(upload, file_name)
    upload.save(force_insert=True)
    note("upload", patient_id=patient.pk, subject=f"Upload/{upload.pk}", basis=basis(actor))
    return upload


def hold_file(upload: Upload) -> Binary:
    """The row of its file, held while that is written: whoever destroys it comes before or after.

    Raises `Denied` when it was destroyed already.
    """
    # First the upload, then its file: in the order of whoever destroys it, or each waits for the other.
    Upload.objects.select_for_update(of=("self",)).filter(pk=upload.pk).first()
    rows = Binary.objects.select_for_update(of=("self",))
    binary = rows.filter(upload=upload).first()
    if binary is None:
        raise Denied("upload", patient_id=upload.patient_id, subject=f"Upload/{upload.pk}")
    return binary


def seal_name(upload: Upload, file_name: str) -> bytes:
    """The name of a file, sealed to its upload; at most 200 letters."""
    name = file_name[:200].encode(errors="replace")
    return keys.seal(upload.patient_id, keys.Purpose.BODY, _name_place(upload.pk), name)


def _name_place(upload_id: UUID) -> str:
    return f"phr_upload/{upload_id}/file_name"


def _report_place(upload_id: UUID) -> str:
    return f"phr_upload/{upload_id}/report"


def _receiver(actor: Actor, patient_id: UUID | None) -> Patient:
    if patient_id is None:
        return policy.require_kept(actor, Action.CREATE)
    return policy.require_patient(actor, Action.CREATE, patient_id)


def basis(actor: Actor) -> str:
    """On what ground an upload's owner, or the operator's command for her, does something."""
    return f"job:{actor.system}" if actor.system else "owner"


def complete_upload(
    actor: Actor,
    upload_id: UUID,
    *,
    size: int,
    patient_id: UUID | None = None,
    described: Mapping[str, Any] | None = None,
) -> None:
    """All bytes are here and durable: from now on the import is due.

    `described` are elements of the FHIR DocumentReference that the file is, by its owner: there is
    nothing left to ask her, and it is refused when it is anything but one document.
    Raises `NotTaken` where other files took the room meanwhile.
    """
    with acting_as(actor, about=patient_id):
        upload = own(actor, upload_id, patient_id)
        room.ask(upload.patient_id, size)
        if described is not None:
            _describe(actor, upload, described)
        Binary.objects.filter(upload=upload).update(size=size, complete_at=Now())
        wake("phr.tasks.import_upload", upload.pk)


def _describe(actor: Actor, upload: Upload, described: Mapping[str, Any]) -> None:
    options = {DESCRIBED: orjson.dumps(dict(described)).decode()}
    Upload.objects.filter(pk=upload.pk).update(
        options_sealed=seal_options(upload, options), confirmed_at=Now()
    )
    subject = f"Upload/{upload.pk}"
    note("confirm", patient_id=upload.patient_id, subject=subject, basis=basis(actor))


def abandon_upload(actor: Actor, upload_id: UUID) -> None:
    """The file did not arrive whole: leave nothing."""
    with acting_as(actor):
        remove(own(actor, upload_id))


def own(
    actor: Actor, upload_id: UUID, patient_id: UUID | None = None, *, action: Action = Action.READ
) -> Upload:
    """One of the actor's uploads, inside an act. Raises `Denied`."""
    mine = patient_id is None
    patient = policy.require_kept(actor, action) if mine else _receiver(actor, patient_id)
    rows = Upload.objects.select_related("original", "patient")
    row = rows.filter(pk=upload_id, patient=patient, dismissed_at=None, undone_at=None).first()
    if row is None:
        raise Denied("read", patient_id=patient.pk, subject=f"Upload/{upload_id}")
    return row


@dataclass(frozen=True, slots=True)
class Report:
    """What an import wants to tell: a refusal's sentence, counts by type, what was skipped.

    `aside` is how many items were kept beside what she had written herself.
    """

    problem: str = ""
    counts: dict[str, int] | None = None
    skipped: list[tuple[str, str]] | None = None
    aside: int = 0


def seal_report(upload: Upload, report: Report) -> bytes:
    text = orjson.dumps(report)
    return keys.seal(upload.patient_id, keys.Purpose.BODY, _report_place(upload.pk), text)


def report(upload: Upload) -> Report:
    """What the import of this file told its owner."""
    if upload.report_sealed is None:
        return Report()
    place = _report_place(upload.pk)
    fields: dict[str, Any] = orjson.loads(
        keys.unseal(upload.patient_id, keys.Purpose.BODY, place, bytes(upload.report_sealed))
    )
    return Report(**fields)


def file_name(upload: Upload) -> str:
    sealed = bytes(upload.file_name_sealed)
    place = _name_place(upload.pk)
    return keys.unseal(upload.patient_id, keys.Purpose.BODY, place, sealed).decode()


@dataclass(frozen=True, slots=True)
class Followed:
    """An upload as its owner sees it; `outlook` is what adding it would do.

    `owner` is whose record it is, when the file looks as if it were about somebody else; `born`
    the birth date that the file tells and the record does not. `sender` sent it in for her.
    """

    upload: Upload
    file_name: str
    report: Report
    outlook: Outlook | None = None
    owner: Person | None = None
    born: date | None = None
    sender: Sender | None = None

    @property
    def state(self) -> str:
        """One of: arriving, finished, failed, matching (columns), asking (for her yes), reading,
        waiting.
        """
        if self.upload.finished_at:
            return "finished"
        if self.upload.failed_at:
            return "failed"
        if self.upload.previewed_at and not self.upload.confirmed_at:
            return "matching" if self.outlook and self.outlook.columns else "asking"
        if self.upload.original and self.upload.original.complete_at is None:
            return "arriving"
        return "reading" if self.upload.started_at else "waiting"

    @property
    def kept_until(self) -> datetime | None:
        """When the file is cleared away unless its owner answers; None where nothing is asked."""
        if self.state not in {"asking", "matching"} or self.upload.previewed_at is None:
            return None
        return self.upload.previewed_at + timedelta(days=settings.PHR_UPLOAD_WAIT_DAYS)

    @property
    def over(self) -> bool:
        return self.state in {"finished", "failed"}

    @property
    def moves(self) -> bool:
        """Whether it will soon look different by itself."""
        return self.state in {"reading", "waiting"}

    @property
    def pace(self) -> str:
        """How fast it is read and how long that will still take, in words; "" at the beginning."""
        row = self.upload
        if not (row.started_at and row.total and row.done):
            return ""
        return pace(row.done, row.total, row.unit, timezone.now() - row.started_at)

    @property
    def percent(self) -> int | None:
        """How far, 0 to 100; None while the length is not known."""
        if not self.upload.total:
            return None
        return min(100, self.upload.done * 100 // self.upload.total)


def uploads(actor: Actor, *, most: int = 20) -> list[Followed]:
    """The actor's uploads that arrived and were not put away, newest first."""
    with acting_as(actor):
        patient = policy.require_kept(actor)
        arrived = Q(original=None) | Q(original__complete_at__isnull=False)
        rows = Upload.objects.filter(arrived, patient=patient, dismissed_at=None, undone_at=None)
        rows = rows.select_related("original").order_by("-received_at", "-id")[:most]
        sent = senders([row.pk for row in rows])
        return [_followed(row, patient, sent.get(row.pk)) for row in rows]


def upload(actor: Actor, upload_id: UUID, *, patient_id: UUID | None = None) -> Followed:
    """One upload and what became of it, or `Denied`."""
    with acting_as(actor, about=patient_id):
        row = own(actor, upload_id, patient_id)
        return _followed(row, row.patient, senders([row.pk]).get(row.pk))


def _followed(row: Upload, patient: Patient, sender: Sender | None) -> Followed:
    outlook = open_outlook(row)
    asks = outlook is not None and is_about_somebody_else(outlook, patient)
    owner = whose(patient) if asks else None
    born = birth_date(outlook, patient) if outlook and not asks else None
    return Followed(row, file_name(row), report(row), outlook, owner, born, sender)


def dismiss(actor: Actor, upload_id: UUID) -> None:
    """Put an ended upload away; the file of a refused one is destroyed with it."""
    with acting_as(actor):
        row = own(actor, upload_id)
        if row.failed_at:
            remove(row)
        elif row.finished_at:
            Upload.objects.filter(pk=row.pk).update(dismissed_at=Now())


def remove(row: Upload) -> None:
    """Destroy an upload that gave no records; the last thing an act does."""
    binary = row.original
    row.delete()
    if binary is not None:
        binary.delete()
        # Before the commit, so that no file is without a row; after all that may be refused.
        storage.destroy(binary.name)


@dataclass(frozen=True, slots=True)
class Original:
    """An uploaded file on its way back to its owner."""

    file_name: str
    binary: Binary
    pieces: Iterator[bytes]
    part: Callable[[int, int], Iterator[bytes]]


def original(actor: Actor, upload_id: UUID, *, told: Told = never_told) -> Original:
    """The file of one of the actor's uploads, byte for byte. Raises `Denied`.

    Audited, but for what is `told` already: the rest of a download that broke off.
    """
    with acting_as(actor):
        row, binary = _arrived(actor, upload_id)
        subject = f"Binary/{binary.pk}"
        if not told(f"{subject} owner", binary.size, binary.pk.hex):
            note(
                "copy",
                patient_id=row.patient_id,
                subject=subject,
                records=list(_records_of(row)[:1000]),
                basis="owner",
            )
        part = partial(_pieces, actor, upload_id)
        return Original(file_name(row), binary, part(0, binary.size), part)


def _arrived(actor: Actor, upload_id: UUID) -> tuple[Upload, Binary]:
    patient = policy.require_kept(actor)
    rows = Upload.objects.select_related("original").filter(undone_at=None)
    row = rows.filter(pk=upload_id, patient=patient).first()
    if row is None or row.original is None or row.original.complete_at is None:
        raise Denied("copy", patient_id=patient.pk, subject=f"Upload/{upload_id}")
    return row, row.original


def _pieces(actor: Actor, upload_id: UUID, start: int, end: int) -> Iterator[bytes]:
    """Bytes `start` to `end`, decided anew at each MiB: what is deleted meanwhile stops flowing."""
    while start < end:
        length = min(PIECE, end - start)
        with acting_as(actor):
            row, binary = _arrived(actor, upload_id)
            piece = storage.read(binary.name, row.patient_id, binary.pk, start=start, length=length)
            data = b"".join(piece)
        yield data
        start += len(data) or PIECE


def _records_of(row: Upload) -> Any:
    return Provenance.objects.filter(upload=row).values_list("record_id", flat=True).distinct()


def everybodys(actor: Actor) -> list[tuple[UUID, UUID]]:
    """Every upload whose import is not undone, with its patient, for a job."""
    with acting_as(actor):
        return list(Upload.objects.filter(undone_at=None).values_list("pk", "patient_id"))


def clear_leftovers(actor: Actor) -> int:
    """Remove files that stopped arriving and pictures no import finished. Returns how many."""
    with acting_as(actor):
        found = list(_left_over().values_list("pk", "patient_id")[:200])
    return sum(_clear(actor, binary_id, patient_id) for binary_id, patient_id in found)


def _left_over() -> QuerySet[Binary]:
    stale = Binary.objects.filter(created_at__lt=timezone.now() - LEFT_OVER)
    over = Q(arriving_until=None) | Q(arriving_until__lt=timezone.now())
    unfinished = Q(over, complete_at=None) | Q(use__in=[Binary.Use.PICTURE, Binary.Use.PART])
    # An archive takes as long as it takes; whoever made its row clears it away.
    stale = stale.exclude(use=Binary.Use.EXPORT)
    # What an import is at work on is joined to its records at the end.
    busy = Upload.objects.filter(patient_id=OuterRef("patient_id"), lease_until__gt=timezone.now())
    stale = stale.filter(~Exists(busy))
    return stale.filter(unfinished, ~Exists(RecordFile.objects.filter(binary_id=OuterRef("pk"))))


def _clear(actor: Actor, binary_id: UUID, patient_id: UUID) -> bool:
    with acting_as(actor, about=patient_id):
        # Asked again under the lock: destroying a file cannot be rolled back.
        binary = _left_over().select_for_update(skip_locked=True).filter(pk=binary_id).first()
        if binary is None:
            return False
        if row := Upload.objects.filter(original=binary).first():
            Delivery.objects.filter(pk=row.pk, received_at=None).delete()
            remove(row)
        else:
            storage.destroy(binary.name)
            binary.delete()
        return True
