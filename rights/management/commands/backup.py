"""Make a backup now and read it back."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.actors import Actor, System
from rights.backups.repository import Kind
from rights.services import backups


class Command(BaseCommand):
    help = "Back up one database or both. Ends with one JSON line for each set; exit 1 on failure."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--kind", choices=[*Kind, "all"], default="all")

    def handle(self, *_args: Any, **options: Any) -> None:
        asked = options["kind"]
        for kind in backups.KINDS if asked == "all" else (Kind(asked),):
            try:
                made = backups.back_up(Actor.job(System.BACKUP), kind)
            except backups.FAILURES as error:
                raise CommandError(
                    f"No backup of {kind} was made. {backups.told(error)}"
                ) from error
            self.stdout.write(json.dumps(backups.line(made)))
