"""List the backups there are and were."""

import json
from typing import Any

from django.core.management.base import BaseCommand

from rights.services import backups


class Command(BaseCommand):
    help = "One JSON line for each set, oldest first; alarms on standard error, with exit 1."

    def handle(self, *_args: Any, **_options: Any) -> None:
        for row in backups.every():
            self.stdout.write(json.dumps(backups.line(row)))
        alarms = backups.alarms()
        for sentence in alarms:
            self.stderr.write(sentence)
        if alarms:
            raise SystemExit(1)
