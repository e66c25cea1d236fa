"""Where the versions of records come from, as rows."""

from typing import NamedTuple
from uuid import UUID

from accounts.acting import acting_as
from phr.models import Provenance, Upload
from phr.senders import Sender, senders
from phr.services.uploads import file_name
from rights.archive.reading import as_text
from rights.archive.room import Room


class Source(NamedTuple):
    """A row of `phr.models.Provenance`."""

    id: UUID
    record_id: UUID
    upload_id: UUID | None
    by_id: UUID | None
    version: int
    place: str
    position: int | None
    outcome: str
    reason_sealed: bytes | None
    scope: UUID | None
    recorded_at: str


class File(NamedTuple):
    """An uploaded file: its name, and who sent it in for its patient, where somebody else did."""

    name: str
    sender: Sender | None


def sources(room: Room, records: list[UUID], files: dict[UUID, File]) -> list[Source]:
    """The rows about these records; each upload they tell of is added to `files`."""
    with acting_as(room.actor, about=room.patient_id):
        rows = Provenance.objects.filter(record_id__in=records, upload__undone_at=None).values_list(
            *Source._fields[:-1], as_text("recorded_at")
        )
        found = [Source(*row) for row in rows.order_by("record_id", "version", "id")]
        unknown = {row.upload_id for row in found if row.upload_id} - files.keys()
        sent = senders(unknown) if unknown else {}
        for upload in Upload.objects.filter(pk__in=unknown):
            files[upload.pk] = File(file_name(upload), sent.get(upload.pk))
    return found
