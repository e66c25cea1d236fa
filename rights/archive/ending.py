"""The last files of an archive: what each file is, in words and as a list with check sums."""

import orjson
from django.conf import settings
from django.template.loader import render_to_string

from rights.archive.fhir import instant
from rights.archive.room import Room

FORMAT = "phr-archive"
# 2: files.ndjson, links.ndjson, parts/, and whether it is everything.
FORMAT_VERSION = 2


def manifest(room: Room, parts: list[tuple[str, str]]) -> None:
    """`manifest.json`: SHA-256 and size of every other file, counts, when it was made, what failed.

    `parts` are the paths of each part with what they hold.
    """
    head = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "made_at": instant(room.made_at),
        "made_by": settings.PHR_PORTAL_NAME,
        "patient": str(room.patient_id),
        "records": sum(room.counts.values()),
        "records_by_type": dict(sorted(room.counts.items())),
        "parts": dict(parts),
        "damaged": room.damaged,
    }
    with room.pack.file("manifest.json") as out:
        out.write(orjson.dumps(head, option=orjson.OPT_INDENT_2)[:-2] + b',\n  "files": [\n')
        for number, file in enumerate(list(room.pack.files)):
            line = {"path": file.path, "size": file.size, "sha256": file.sha256}
            out.write((b",\n    " if number else b"    ") + orjson.dumps(line))
        out.write(b"\n  ]\n}\n")


def readme(room: Room, parts: list[tuple[str, str]]) -> None:
    """`README.txt`: what each file is, in plain words."""
    context = {"portal_name": settings.PHR_PORTAL_NAME, "made_at": room.made_at, "parts": parts}
    room.pack.text("README.txt", render_to_string("rights/archive/readme.txt", context))
