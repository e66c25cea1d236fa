"""Put files into a patient's record from the command line."""

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError, CommandParser

from accounts import services as accounts
from accounts.actors import Actor, Denied, System
from accounts.commands import Gated
from phr.services import imports, uploads

PIECE = 1024 * 1024
PAUSE = 0.2


class Command(Gated):
    help = "Import files as the named job `operator`. Ends with one JSON line of figures."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--patient", required=True, metavar="EMAIL")
        parser.add_argument("files", nargs="+", metavar="FILE", type=Path)

    def handle(self, *_args: Any, **options: Any) -> None:
        began = time.monotonic()
        actor = Actor.job(System.OPERATOR)
        try:
            patient_id = accounts.patient_of_address(actor, options["patient"])
        except Denied as denied:
            raise CommandError("Nobody with this address keeps a record here.") from denied
        figures = Counter[str](imported=0, updated=0, duplicates=0, skipped=0, errors=0)
        for path in options["files"]:
            figures += self._import(actor, patient_id, path)
        names = ("imported", "updated", "duplicates", "skipped", "errors")
        line = {name: figures[name] for name in names}
        self.stdout.write(json.dumps(line | {"seconds": round(time.monotonic() - began, 3)}))

    def _read(self, actor: Actor, upload_id: UUID, patient_id: UUID) -> uploads.Followed:
        """Read the file here, or wait for the worker that was quicker."""
        while True:
            imports.import_upload(Actor.job(System.IMPORT), upload_id)
            followed = uploads.upload(actor, upload_id, patient_id=patient_id)
            if followed.over:
                return followed
            time.sleep(PAUSE)

    def _import(self, actor: Actor, patient_id: UUID, path: Path) -> Counter[str]:
        try:
            with path.open("rb") as source:
                upload_id, writer = uploads.begin_upload(
                    actor, file_name=path.name, patient_id=patient_id
                )
                with writer:
                    while piece := source.read(PIECE):
                        writer.write(piece)
        except OSError as error:
            raise CommandError(f"{path.name} cannot be read.") from error
        uploads.complete_upload(actor, upload_id, size=writer.size, patient_id=patient_id)
        followed = self._read(actor, upload_id, patient_id)
        if followed.report.problem:
            self.stderr.write(f"{path.name}: {followed.report.problem}")
        row = followed.upload
        return Counter(
            imported=row.imported,
            updated=row.updated,
            duplicates=row.duplicates,
            skipped=row.skipped,
            errors=int(followed.state != "finished"),
        )
