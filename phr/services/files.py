"""A record's files: looked at as pictures, or taken away as copies, decided anew while they flow."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied
from phr import storage
from phr.models import Binary, Record, RecordFile
from sharing import policy
from sharing.policy import Action

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
    """A file ready to be sent: its bytes come in pieces, each decided anew."""

    binary: Binary
    pieces: Iterator[bytes]
    extension: str

    @property
    def file_name(self) -> str:
        """A name that says nothing about the content but its kind."""
        return f"file-{self.binary.pk.hex[:8]}{self.extension}"


def open_file(
    actor: Actor, patient_id: UUID, record_id: UUID, binary_id: UUID, *, copy: bool
) -> OpenFile:
    """A file of a record: a picture to look at, or the original to keep (`copy`). Audited."""
    action = Action.COPY if copy else Action.READ
    with acting_as(actor, about=patient_id):
        why = policy.grounds(actor, action, patient_id)
        row = policy.require(actor, action, Record.objects.all(), patient_id, record_id, known=why)
        binary = _file(actor, action, patient_id, record_id, binary_id)
        for basis in why.of(row):
            note(
                action.value,
                patient_id=patient_id,
                records=[row.pk],
                subject=f"Binary/{binary.pk}",
                basis=basis.text,
            )
        extension = _extension(binary)
    return OpenFile(binary, _pieces(actor, action, patient_id, record_id, binary), extension)


def _extension(binary: Binary) -> str:
    head = b"".join(storage.read(binary.name, binary.patient_id, binary.pk, length=HEAD))
    found = (end for at, sign, end in SIGNATURES if head[at:].startswith(sign))
    return next(found, "")


def _file(
    actor: Actor, action: Action, patient_id: UUID, record_id: UUID, binary_id: UUID
) -> Binary:
    row = policy.require(actor, action, Record.objects.all(), patient_id, record_id)
    link = RecordFile.objects.filter(record=row, binary_id=binary_id).select_related("binary")
    found = link.first()
    looking = action is Action.READ
    if found is None or (looking and found.binary.use != Binary.Use.PICTURE):
        raise Denied(action.value, patient_id=patient_id, subject=f"Binary/{binary_id}")
    return found.binary


def _pieces(
    actor: Actor, action: Action, patient_id: UUID, record_id: UUID, binary: Binary
) -> Iterator[bytes]:
    """The file, decided anew at each MiB, so that a revocation cuts a running download."""
    start = 0
    while start < binary.size:
        with acting_as(actor, about=patient_id):
            _file(actor, action, patient_id, record_id, binary.pk)
            piece = storage.read(binary.name, patient_id, binary.pk, start=start, length=PIECE)
            data = b"".join(piece)
        yield data
        start += len(data) or PIECE
