"""Check that files, rows, keys and walls agree."""

import json
import time
from typing import Any

from django.core.management.base import BaseCommand

from accounts.actors import Actor, System
from phr import integrity
from rights.services import holds


class Command(BaseCommand):
    help = "Exit 0 when sound, 1 when not. Ends with one JSON line of figures."

    def handle(self, *_args: Any, **_options: Any) -> None:
        began = time.monotonic()
        found = integrity.check(Actor.job(System.INTEGRITY), beside=holds.beside)
        figures = {
            "patients": found.patients,
            "files": found.files,
            "files_without_row": len(found.files_without_row),
            "rows_without_file": len(found.rows_without_file),
            "patients_without_key": len(found.patients_without_key),
            "tables_without_wall": found.tables_without_wall,
            "seconds": round(time.monotonic() - began, 3),
        }
        self.stdout.write(json.dumps(figures))
        if not found.sound:
            raise SystemExit(1)
