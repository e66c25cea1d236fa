"""Where the versions of records come from, as rows."""

from typing import NamedTuple
from uuid import UUID

from accounts.acting import acting_as
from phr.models import Provenance, Upload
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


def sources(room: Room, records: list[UUID], names: dict[UUID, str]) -> list[Source]:
    """The rows about these records; the name of each upload they tell of is added to `names`."""
    with acting_as(room.actor, about=room.patient_id):
        rows = Provenance.objects.filter(record_id__in=records, upload__undone_at=None).values_list(
            *Source._fields[:-1], as_text("recorded_at")
        )
        found = [Source(*row) for row in rows.order_by("record_id", "version", "id")]
        unknown = {row.upload_id for row in found if row.upload_id} - names.keys()
        for upload in Upload.objects.filter(pk__in=unknown):
            names[upload.pk] = file_name(upload)
    return found
