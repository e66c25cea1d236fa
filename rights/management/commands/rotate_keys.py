"""Replace the key-encryption key."""

import json
import time
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.actors import Actor, System
from accounts.commands import Gated
from rights.services import backups, rotating


class Command(Gated):
    help = "Wrap every key under a new KEK while the portal runs. Ends with one JSON line."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--retire", action="store_true", help="only destroy older KEKs that nothing needs"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        began, actor = time.monotonic(), Actor.job(System.BACKUP)
        try:
            done = rotating.retire(actor) if options["retire"] else rotating.rotate(actor)
        except backups.FAILURES as error:
            raise CommandError(f"{backups.told(error)} Nothing is lost: run it again.") from error
        seconds = round(time.monotonic() - began, 3)
        self.stdout.write(json.dumps(asdict(done) | {"seconds": seconds}))
