"""Hand over one held item, after two members of staff have ordered it."""

import os
from pathlib import Path
from typing import Any
from uuid import UUID
from zipfile import ZIP_STORED, ZipFile

from django.core.management.base import CommandError, CommandParser

from accounts.actors import Actor, Denied, System
from accounts.commands import Gated
from rights.services import holds


class Command(Gated):
    help = "Write a held item and its files into a new ZIP file; once for each order."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("hold", type=UUID)
        parser.add_argument("--out", required=True, type=Path, metavar="FILE")

    def handle(self, *_args: Any, **options: Any) -> None:
        path: Path = options["out"]
        try:
            out = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise CommandError(f"{path.name} cannot be made.") from error
        try:
            opened = holds.open_held(Actor.job(System.OPERATOR), options["hold"])
        except Denied as denied:
            os.close(out)
            path.unlink()
            raise CommandError("Two members of staff must order it first, on the desk.") from denied
        with os.fdopen(out, "wb") as target, ZipFile(target, "w", ZIP_STORED) as archive:
            archive.writestr("item.json", opened.item)
            for name, pieces in opened.files:
                with archive.open(name, "w", force_zip64=True) as file:
                    for piece in pieces:
                        file.write(piece)
        self.stdout.write(f"Written: 1 item, {len(opened.files)} files.")
