"""Put files into a patient's record from the command line."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError, CommandParser

from accounts import services as accounts
from accounts.actors import Actor, Denied, System
from accounts.commands import Gated
from phr.formats.table.matching import PARTS, by_heading
from phr.room import NotTaken
from phr.services import imports, reports, reviews, uploads

PIECE = 1024 * 1024
PAUSE = 0.2
WHOSE = (
    "The name or the date of birth in this file is not the patient's, or it seems to be about"
    " several people, so nothing was added."
    " If it is about the patient all the same, use --confirm-identity."
)


class _Unmatched(Exception):
    """A table of which `--column` does not say enough; its text says what is missing."""


class Command(Gated):
    report = False
    columns: Sequence[tuple[str, str]] = ()
    help = "Import files as the named job `operator`. Ends with one JSON line of figures."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--patient", required=True, metavar="EMAIL")
        parser.add_argument(
            "--confirm-identity",
            action="store_true",
            help="The files are about this patient, even under another name or birth date.",
        )
        parser.add_argument(
            "--column",
            action="append",
            default=[],
            metavar="PART=HEADING",
            help="What is in a column of a table, such as date=Datum or weight-kg=Gewicht; once for"
            f" each. PART is one of: {', '.join(PARTS)}; or order=dmy or order=mdy;"
            " or zone=Europe/Berlin, where the clocks of its times were.",
        )
        parser.add_argument(
            "--report",
            action="store_true",
            help="First one JSON line for each entry: its place, what became of it, the item.",
        )
        parser.add_argument("files", nargs="+", metavar="FILE", type=Path)

    def handle(self, *_args: Any, **options: Any) -> None:
        began = time.monotonic()
        actor = Actor.job(System.OPERATOR)
        self.columns = [each.partition("=")[::2] for each in options["column"]]
        self.report = options["report"]
        try:
            patient_id = accounts.patient_of_address(actor, options["patient"])
        except Denied as denied:
            raise CommandError("Nobody with this address keeps a record here.") from denied
        figures = Counter[str](imported=0, updated=0, duplicates=0, skipped=0, errors=0)
        for path in options["files"]:
            figures += self._import(actor, patient_id, path, about_me=options["confirm_identity"])
        names = ("imported", "updated", "duplicates", "skipped", "errors")
        line = {name: figures[name] for name in names}
        self.stdout.write(json.dumps(line | {"seconds": round(time.monotonic() - began, 3)}))

    def _read(
        self, actor: Actor, upload_id: UUID, patient_id: UUID, *, about_me: bool = False
    ) -> uploads.Followed:
        """Take the file through both steps here, or wait for the worker that was quicker."""
        while True:
            imports.import_upload(Actor.job(System.IMPORT), upload_id)
            followed = uploads.upload(actor, upload_id, patient_id=patient_id)
            if followed.over:
                return followed
            if followed.state == "matching":
                self._match(actor, followed, patient_id)
            elif followed.state == "asking":
                self._tell(followed)
                reviews.confirm(actor, upload_id, about_me=about_me, patient_id=patient_id)
            else:
                time.sleep(PAUSE)

    def _match(self, actor: Actor, followed: uploads.Followed, patient_id: UUID) -> None:
        """Answer for a table what `--column` says. Raises _Unmatched."""
        columns = followed.outlook.columns if followed.outlook else None
        try:
            options = by_heading(columns, self.columns) if columns else {}
        except ValueError as error:
            raise _Unmatched(str(error)) from None
        reviews.match(actor, followed.upload.pk, options=options, patient_id=patient_id)

    def _tell(self, followed: uploads.Followed) -> None:
        """What is about to be added, in one line."""
        if found := followed.outlook:
            self.stderr.write(
                f"{followed.file_name}: {found.new} new, {found.changed} in another version,"
                f" {found.known} already there, {found.older} older, {found.skips} left out."
            )

    def _send(self, actor: Actor, patient_id: UUID, path: Path) -> UUID:
        try:
            with path.open("rb") as source:
                upload_id, writer = uploads.begin_upload(
                    actor, file_name=path.name, patient_id=patient_id
                )
                with writer:
                    while piece := source.read(PIECE):
                        writer.write(piece)
            uploads.complete_upload(actor, upload_id, size=writer.size, patient_id=patient_id)
        except OSError as error:
            raise CommandError(f"{path.name} cannot be read.") from error
        except NotTaken as refusal:
            raise CommandError(f"{path.name}: {refusal}") from None
        return upload_id

    def _import(
        self, actor: Actor, patient_id: UUID, path: Path, *, about_me: bool
    ) -> Counter[str]:
        upload_id = self._send(actor, patient_id, path)
        try:
            followed = self._read(actor, upload_id, patient_id, about_me=about_me)
        except (reviews.Unsure, _Unmatched) as unsure:
            said = WHOSE if isinstance(unsure, reviews.Unsure) else str(unsure)
            self.stderr.write(f"{path.name}: {said}")
            reviews.cancel(actor, upload_id, patient_id=patient_id)
            return Counter(errors=1)
        if self.report and followed.state == "finished":
            for entry in reports.every_entry(actor, upload_id, patient_id):
                self.stdout.write(json.dumps({"file": path.name} | entry))
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
