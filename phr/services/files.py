"""A record's files: looked at as pictures, or taken away as copies, decided anew while they flow."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied
from accounts.models import Patient
from phr import storage
from phr.models import Binary, Record, RecordFile
from phr.sending import Told, never_told
from sharing import policy
from sharing.policy import Action
from sharing.services import usage

PIECE = 1024 * 1024
# Where a kind of file says what it is (place, bytes there), and how its names end.
SIGNATURES = [
    (0, b"%PDF", ".pdf"),
    (0, b"\xff\xd8\xff", ".jpg"),
    (0, b"\x89PNG", ".png"),
    (0, b"II*\x00", ".tiff"),
    (0, b"MM\x00*", ".tiff"),
    (128, b"DICM", ".dcm"),
]
HEAD = 132


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file ready to be sent: all of it or a part from a start to an end, decided anew as it goes."""

    binary: Binary
    pieces: Iterator[bytes]
    part: Callable[[int, int], Iterator[bytes]]
    extension: str

    @property
    def file_name(self) -> str:
        """A name that says nothing about the content but its kind."""
        return f"file-{self.binary.pk.hex[:8]}{self.extension}"


def open_file(
    actor: Actor,
    patient_id: UUID,
    record_id: UUID,
    binary_id: UUID,
    *,
    copy: bool,
    told: Told = never_told,
) -> OpenFile:
    """A file of a record: a picture to look at, or the original to keep (`copy`).

    Audited, but for what is `told` already: the rest of a download that broke off.
    """
    action = Action.COPY if copy else Action.READ
    with acting_as(actor, about=patient_id):
        why = policy.grounds(actor, action, patient_id)
        row = policy.require(actor, action, Record.objects.all(), patient_id, record_id, known=why)
        binary = _file(actor, action, patient_id, record_id, binary_id)
        subject = f"Binary/{binary.pk}"
        for basis in why.of(row):
            if not told(f"{subject} {basis.text}", binary.size, binary.pk.hex):
                note(
                    action.value,
                    patient_id=patient_id,
                    records=[row.pk],
                    subject=subject,
                    basis=basis.text,
                )
                usage.used(why, basis.text, action=action, records=[row.pk])
        extension = _extension(binary)
    part = _Way(actor, action, patient_id, record_id, binary).part
    return OpenFile(binary, part(0, binary.size), part, extension)


def _extension(binary: Binary) -> str:
    head = b"".join(storage.read(binary.name, binary.patient_id, binary.pk, length=HEAD))
    found = (end for at, sign, end in SIGNATURES if head[at:].startswith(sign))
    return next(found, "")


def _file(
    actor: Actor, action: Action, patient_id: UUID, record_id: UUID, binary_id: UUID
) -> Binary:
    row = policy.require(actor, action, Record.objects.all(), patient_id, record_id)
    own = Q(aside=None) | Q(patient__in=Patient.objects.filter(policy.own(actor)))
    link = RecordFile.objects.filter(own, record=row, binary_id=binary_id)
    found = link.select_related("binary").first()
    looking = action is Action.READ
    if found is None or (looking and found.binary.use != Binary.Use.PICTURE):
        raise Denied(action.value, patient_id=patient_id, subject=f"Binary/{binary_id}")
    return found.binary


@dataclass(frozen=True, slots=True)
class _Way:
    """Who takes which file of which record."""

    actor: Actor
    action: Action
    patient_id: UUID
    record_id: UUID
    binary: Binary

    def part(self, start: int, end: int) -> Iterator[bytes]:
        """These bytes, decided anew at each MiB, so that a revocation cuts a running download."""
        file, whose = self.binary, self.patient_id
        while start < end:
            length = min(PIECE, end - start)
            with acting_as(self.actor, about=whose):
                _file(self.actor, self.action, whose, self.record_id, file.pk)
                piece = storage.read(file.name, whose, file.pk, start=start, length=length)
                data = b"".join(piece)
            yield data
            start += len(data) or PIECE
