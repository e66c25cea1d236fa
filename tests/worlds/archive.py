"""An archive as somebody finds it who unpacks it."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from io import BytesIO
from typing import Any
from uuid import UUID
from zipfile import ZipFile

from accounts.actors import Actor, System
from rights.archive import parts
from rights.archive.choice import Choice
from rights.services import building, exports

EXPORTER = Actor.job(System.EXPORT)
MADE_AT = datetime(2026, 2, 3, 4, 5, tzinfo=UTC)


@dataclass
class Archive:
    """The bytes of a ZIP and what is in it."""

    data: bytes

    @cached_property
    def zip(self) -> ZipFile:
        return ZipFile(BytesIO(self.data))

    @property
    def names(self) -> list[str]:
        return self.zip.namelist()

    def json(self, path: str) -> Any:
        return json.loads(self.zip.read(path))

    def lines(self, path: str) -> list[Any]:
        return [json.loads(line) for line in self.zip.read(path).splitlines()]

    def text(self, path: str) -> str:
        return self.zip.read(path).decode()

    @property
    def manifest(self) -> Any:
        return self.json("manifest.json")


def written(actor: Actor, patient_id: UUID) -> Archive:
    """The archive of a patient, written into memory."""
    out = BytesIO()
    parts.write(actor, patient_id, out, made_at=MADE_AT, beat=lambda _: None)
    return Archive(out.getvalue())


def archive_of(patient_id: UUID) -> Archive:
    """The archive that the worker writes."""
    return written(EXPORTER, patient_id)


def made(actor: Actor, choice: Choice | None = None) -> UUID:
    """Ask for an archive and let the worker make it. Returns the Export's id."""
    export_id = exports.request_export(actor, choice)
    assert building.build(EXPORTER, export_id)
    return export_id


def taken(actor: Actor, export_id: UUID) -> bytes:
    """The bytes of an archive that is ready."""
    size = exports.download(actor, export_id).size
    return b"".join(exports.pieces(actor, export_id, start=0, end=size))
