"""The files that were uploaded, byte for byte, and the pictures made from them."""

from collections.abc import Iterator
from datetime import datetime
from itertools import chain, count
from uuid import UUID

import orjson
from django.db.models import Exists, OuterRef

from accounts.acting import acting_as
from accounts.keys import Unopenable
from phr import storage
from phr.models import Binary, Provenance, RecordFile, Upload
from phr.services.uploads import file_name, report
from rights.archive.names import numbered
from rights.archive.pack import shrinks
from rights.archive.reading import visible
from rights.archive.room import Room
from rights.archive.times import instant

PAGE = 200
# A file that holds a deleted record is about to be destroyed with it.
OF_DELETED = Exists(
    Provenance.objects.filter(upload_id=OuterRef("pk"), record__hidden_at__isnull=False)
)
EXTENSIONS = {
    "application/dicom": ".dcm",
    "application/pdf": ".pdf",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/tiff": ".tiff",
}


def originals(room: Room) -> None:
    """`originals/`: each uploaded file that is still kept, under a number and its own name."""
    number = count(1)
    for upload in _uploads(room):
        binary = upload.original
        if binary is not None and binary.complete_at is not None:
            path = f"originals/{numbered(next(number), file_name(upload))}"
            room.paths[binary.pk] = path
            _copy(room, binary, path)


def uploads(room: Room) -> None:
    """`originals/files.ndjson`: what was uploaded when, and what became of it."""
    with room.pack.file("originals/files.ndjson") as out:
        for upload in _uploads(room):
            out.write(orjson.dumps(_upload(room, upload)) + b"\n")


def _uploads(room: Room) -> Iterator[Upload]:
    with acting_as(room.actor, about=room.patient_id):
        mine = Upload.objects.filter(~OF_DELETED, patient_id=room.patient_id, undone_at=None)
        if room.choice:
            # A file may hold more than what was chosen; one that belongs to a chosen item is it.
            own = RecordFile.objects.filter(record__in=visible(room).values("pk"), aside=None)
            mine = mine.filter(original__in=own.values("binary"))
        ids = list(mine.order_by("received_at", "id").values_list("pk", flat=True))
    for start in range(0, len(ids), PAGE):
        with acting_as(room.actor, about=room.patient_id):
            rows = Upload.objects.select_related("original").in_bulk(ids[start : start + PAGE])
        yield from (rows[pk] for pk in ids[start : start + PAGE] if pk in rows)


def _upload(room: Room, upload: Upload) -> dict[str, object]:
    told = report(upload)
    return {
        "upload": str(upload.pk),
        "path": room.paths.get(upload.original_id) if upload.original_id else None,
        "file_name": file_name(upload),
        "received_at": instant(upload.received_at),
        "confirmed_at": _at(upload.confirmed_at),
        "finished_at": _at(upload.finished_at),
        "failed_at": _at(upload.failed_at),
        "undone_at": _at(upload.undone_at),
        "content_type": upload.original.content_type if upload.original else None,
        "read": upload.finished_at is not None,
        "imported": upload.imported,
        "updated": upload.updated,
        "duplicates": upload.duplicates,
        "skipped": upload.skipped,
        "problem": told.problem or None,
        "counts": told.counts or {},
        "left_out": told.skipped or [],
    }


def _at(at: datetime | None) -> str | None:
    return instant(at) if at else None


def pictures(room: Room) -> None:
    """`pictures/`: the pictures made for looking at."""
    _made(room, Binary.Use.PICTURE, "pictures/", "picture")


def inner(room: Room) -> None:
    """`parts/`: the files that came inside others, such as in a ZIP, byte for byte."""
    _made(room, Binary.Use.PART, "parts/", "file")


def _made(room: Room, use: Binary.Use, folder: str, stem: str) -> None:
    number = count(1)
    for link in _linked(room, binary__use=use):
        binary = link.binary
        if binary.pk not in room.paths:
            name = numbered(next(number), f"{stem}{EXTENSIONS.get(binary.content_type, '')}")
            room.paths[binary.pk] = folder + name
            _copy(room, binary, room.paths[binary.pk])


def files(room: Room) -> None:
    """`files.ndjson`: which file belongs to which record, as what."""
    with room.pack.file("files.ndjson") as out:
        for link in _linked(room):
            path = room.paths.get(link.binary_id)
            if path:
                line: dict[str, object] = {
                    "record": str(link.record_id),
                    "path": path,
                    "use": link.binary.use,
                    "content_type": link.binary.content_type,
                }
                if link.aside:
                    line["aside"] = link.aside
                out.write(orjson.dumps(line) + b"\n")


def _linked(room: Room, **narrow: str) -> Iterator[RecordFile]:
    """The files of every record, in a fixed order.

    What came `aside`, with a version that she did not take over, is for herself alone.
    """
    last: UUID | None = None
    while True:
        with acting_as(room.actor, about=room.patient_id):
            rows = RecordFile.objects.filter(
                patient_id=room.patient_id,
                record__hidden_at=None,
                binary__complete_at__isnull=False,
                **narrow,
            )
            if room.choice:
                rows = rows.filter(record__in=visible(room).values("pk"), aside=None)
            rows = rows.filter(pk__gt=last) if last else rows
            page = list(rows.select_related("binary").order_by("pk")[:PAGE])
        yield from page
        if len(page) < PAGE:
            return
        last = page[-1].pk


def _copy(room: Room, binary: Binary, path: str) -> None:
    """One file; of one that is damaged, what comes before the damage."""
    pieces = storage.read(binary.name, room.patient_id, binary.pk)
    try:
        first = next(pieces, b"")
    except (FileNotFoundError, Unopenable):
        room.damaged.append(path)
        return
    with room.pack.file(path, size=binary.size, shrinks=shrinks(first)) as out:
        try:
            for piece in room.flowing(chain([first], pieces)):
                out.write(piece)
        except Unopenable:
            room.damaged.append(path)
