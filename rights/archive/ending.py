"""The last files of an archive: what each file is, in words and as a list with check sums."""

from collections.abc import Iterator
from hashlib import sha256

import orjson
from django.conf import settings
from django.template.loader import render_to_string

from accounts.acting import acting_as
from accounts.models import Patient
from phr.formats.own_shape import END, FORMAT, FORMAT_VERSION, TAG
from phr.genuine import tag_of
from phr.outlook import whose
from rights.archive.choice import words
from rights.archive.pack import Packed
from rights.archive.room import Room
from rights.archive.times import instant


def part(room: Room) -> list[str]:
    """What was chosen, in words; nothing when it is everything."""
    if room.choice is None:
        return []
    with acting_as(room.actor, about=room.patient_id):
        return words(room.patient_id, room.choice) or ["Every item of the record"]


def manifest(room: Room, parts: list[tuple[str, str]]) -> None:
    """`manifest.json`: SHA-256 and size of every other file, counts, when it was made, what failed.

    It says whose it is, and whether it is everything, else which part of the record, and ends with
    the tag of this portal over all that. `parts` are the paths of each
    part of the archive with what they hold.
    """
    head = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "made_at": instant(room.made_at),
        "made_by": settings.PHR_PORTAL_NAME,
        "patient": str(room.patient_id),
        "person": _person(room),
        "everything": room.choice is None,
        "part": part(room),
        "records": sum(room.counts.values()),
        "records_by_type": dict(sorted(room.counts.items())),
        "parts": dict(parts),
        "damaged": room.damaged,
    }
    said = sha256()
    with room.pack.file("manifest.json") as out:
        for text in _lines(head, list(room.pack.files)):
            said.update(text)
            out.write(text)
        said.update(END)
        out.write(TAG.replace(b"TAG", tag_of(said.hexdigest()).encode()) + END)


def _lines(head: dict[str, object], files: list[Packed]) -> Iterator[bytes]:
    yield orjson.dumps(head, option=orjson.OPT_INDENT_2)[:-2] + b',\n  "files": [\n'
    for number, file in enumerate(files):
        line = {"path": file.path, "size": file.size, "sha256": file.sha256}
        yield (b",\n    " if number else b"    ") + orjson.dumps(line)
    yield b"\n  ]"


def _person(room: Room) -> dict[str, str | None]:
    with acting_as(room.actor, about=room.patient_id):
        owner = whose(Patient.objects.select_related("user").get(pk=room.patient_id))
    return {"name": owner.names[0], "birth_date": owner.birth_date}


def readme(room: Room, parts: list[tuple[str, str]]) -> None:
    """`README.txt`: what each file is, in plain words."""
    context = {"portal_name": settings.PHR_PORTAL_NAME, "made_at": room.made_at, "parts": parts}
    context |= {"chosen": part(room)}
    room.pack.text("README.txt", render_to_string("rights/archive/readme.txt", context))
