"""Write everything kept about a patient into a file, from the command line."""

import json
import os
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError, CommandParser

from accounts import services as accounts
from accounts.actors import Actor, Denied, System
from accounts.commands import Gated
from rights.archive.room import Room
from rights.services import building


class _Counting:
    """A file that knows how long it is and its SHA-256."""

    def __init__(self, descriptor: int) -> None:
        self._out = os.fdopen(descriptor, "wb")
        self._sha = sha256()
        self.size = 0

    def write(self, data: bytes) -> None:
        self.size += len(data)
        self._sha.update(data)
        self._out.write(data)

    def abandon(self) -> None:
        # What is still waiting to be written may not fit.
        with suppress(OSError):
            self._out.close()

    def close(self) -> None:
        with self._out:
            self._out.flush()
            os.fsync(self._out.fileno())

    @property
    def digest(self) -> str:
        return self._sha.hexdigest()


class Command(Gated):
    help = (
        "Write a patient's archive as the named job `operator`. Ends with one JSON line of figures."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--patient", required=True, metavar="EMAIL")
        parser.add_argument("--out", required=True, metavar="FILE", type=Path)

    def handle(self, *_args: Any, **options: Any) -> None:
        began = time.monotonic()
        actor, path = Actor.job(System.OPERATOR), options["out"]
        try:
            patient_id = accounts.patient_of_address(actor, options["patient"])
            found, out = self._write(actor, patient_id, path)
        except Denied as denied:
            raise CommandError("Nobody with this address keeps a record here.") from denied
        except FileExistsError as error:
            raise CommandError(f"{path.name} exists already; it is left as it is.") from error
        except OSError as error:
            raise CommandError(f"{path.name} cannot be written.") from error
        figures = {
            "records": sum(found.counts.values()),
            "files": len(found.pack.files),
            "damaged": len(found.damaged),
            "bytes": out.size,
            "sha256": out.digest,
            "seconds": round(time.monotonic() - began, 3),
        }
        self.stdout.write(json.dumps(figures))

    def _write(self, actor: Actor, patient_id: UUID, path: Path) -> tuple[Room, _Counting]:
        """The whole file or none: what breaks off is removed."""
        out = _Counting(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            found = building.hand_out(actor, patient_id, out)
            out.close()
        except BaseException:
            out.abandon()
            path.unlink(missing_ok=True)
            raise
        return found, out
