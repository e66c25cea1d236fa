"""The files that were uploaded, byte for byte, and the pictures made from them."""

from collections.abc import Iterator
from itertools import chain, count
from uuid import UUID

import orjson
from django.db.models import Exists, OuterRef

from accounts.acting import acting_as
from accounts.keys import Unopenable
from phr import storage
from phr.models import Binary, Provenance, RecordFile, Upload
from phr.services.uploads import file_name, report
from rights.archive.fhir import instant
from rights.archive.names import numbered
from rights.archive.pack import shrinks
from rights.archive.room import Room

PAGE = 200
# A file that holds a deleted record is about to be destroyed with it.
OF_DELETED = Exists(
    Provenance.objects.filter(upload_id=OuterRef("pk"), record__hidden_at__isnull=False)
)
EXTENSIONS = {"image/png": ".png", "image/jpeg": ".jpg"}


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
        mine = Upload.objects.filter(~OF_DELETED, patient_id=room.patient_id)
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
        "read": upload.finished_at is not None,
        "imported": upload.imported,
        "updated": upload.updated,
        "duplicates": upload.duplicates,
        "skipped": upload.skipped,
        "problem": told.problem or None,
        "counts": told.counts or {},
        "left_out": told.skipped or [],
    }


def pictures(room: Room) -> None:
    """`pictures/`: the pictures made for looking at, and which record each belongs to."""
    number = count(1)
    lines = []
    for link in _pictures(room):
        binary = link.binary
        if binary.pk not in room.paths:
            name = numbered(next(number), f"picture{EXTENSIONS.get(binary.content_type, '')}")
            room.paths[binary.pk] = f"pictures/{name}"
            _copy(room, binary, room.paths[binary.pk])
        lines.append(orjson.dumps({"path": room.paths[binary.pk], "record": str(link.record_id)}))
    if lines:
        room.pack.text("pictures/files.ndjson", b"\n".join([*lines, b""]).decode())


def _pictures(room: Room) -> Iterator[RecordFile]:
    last: UUID | None = None
    while True:
        with acting_as(room.actor, about=room.patient_id):
            rows = RecordFile.objects.filter(
                patient_id=room.patient_id,
                record__hidden_at=None,
                binary__use=Binary.Use.PICTURE,
                binary__complete_at__isnull=False,
            )
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
