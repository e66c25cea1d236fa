"""After a restore: do again what people did since, and open the portal."""

import json
import time
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.actors import Actor, System
from rights.services import backups, reconciling


class Command(BaseCommand):
    help = "Replay the ledger and open a locked portal. Ends with one JSON line."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--anyway", action="store_true", help="also when it is not locked")

    def handle(self, *_args: Any, **options: Any) -> None:
        began = time.monotonic()
        for alias in ("default", "vault"):
            # A backup may be older than the software.
            call_command("migrate", database=alias, interactive=False, verbosity=0)
        try:
            done = reconciling.reconcile(Actor.job(System.RECONCILE), anyway=options["anyway"])
        except (reconciling.Unsettled, *backups.FAILURES) as error:
            raise CommandError(f"The portal stays locked. {error}") from error
        self.stdout.write(json.dumps(done | {"seconds": round(time.monotonic() - began, 3)}))
