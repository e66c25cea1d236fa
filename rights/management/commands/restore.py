"""Bring a backup back."""

import json
import time
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.actors import Actor, System
from rights.backups.manifest import Manifest
from rights.services import backups, restoring


class Command(BaseCommand):
    help = "Replace a database by a backup and leave it locked. Ends with one JSON line."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("set", type=UUID, help="the id of the backup: see manage.py backups")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *_args: Any, **options: Any) -> None:
        began = time.monotonic()

        def agreed(found: Manifest) -> bool:
            if options["yes"]:
                return True
            self.stderr.write(
                f"This replaces all of the database “{found.kind}” by its state of"
                f" {found.started_at:%d %B %Y, %H:%M:%S} UTC ({found.rows} rows)."
            )
            return input("Type the id of the backup to go on: ").strip() == str(found.id)

        try:
            done = restoring.restore(Actor.job(System.BACKUP), options["set"], agreed=agreed)
        except restoring.Halfway as error:
            raise CommandError(str(error)) from error
        except backups.FAILURES as error:
            raise CommandError(f"Nothing was restored. {backups.told(error)}") from error
        if done is None:
            raise CommandError("Nothing was changed.")
        figures = {
            "id": str(done.manifest.id), "kind": done.manifest.kind.value,
            "snapshot": done.manifest.started_at.isoformat(timespec="seconds"),
            "rows": done.manifest.rows, "files": done.files,
            "files_lost": len(done.lost), "files_damaged": len(done.damaged),
            "seconds": round(time.monotonic() - began, 3),
        }  # fmt: skip
        self.stdout.write(json.dumps(figures))
        for name in done.lost:
            self.stderr.write(f"Lost: {name}")
        for name in done.damaged:
            self.stderr.write(f"Damaged in the repository: {name}")
        self.stderr.write("The portal is locked. Run manage.py reconcile to open it.")
