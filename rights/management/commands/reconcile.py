"""After a restore: do again what people did since, and open the portal."""

import json
import time
from argparse import ArgumentTypeError
from datetime import UTC, datetime
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.actors import Actor, System
from rights.services import backups, reconciling


class Command(BaseCommand):
    help = "Replay the ledger and open a locked portal. Ends with one JSON line."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--anyway", action="store_true", help="also when it is not locked; needs --since"
        )
        parser.add_argument(
            "--since", metavar="TIME", type=_instant,
            help="from when on the database does not know what people did (ISO 8601; UTC)",
        )  # fmt: skip

    def handle(self, *_args: Any, **options: Any) -> None:
        began, since = time.monotonic(), options["since"]
        if options["anyway"] != (since is not None):
            raise CommandError(
                "Say --anyway together with --since TIME: the moment the database was wound back"
                " to, or one before it, as in 2026-11-23T02:00:00."
            )
        for alias in ("default", "vault"):
            # A backup may be older than the software.
            call_command("migrate", database=alias, interactive=False, verbosity=0)
        try:
            done = reconciling.reconcile(Actor.job(System.RECONCILE), since=since)
        except (reconciling.Unsettled, *backups.FAILURES) as error:
            raise CommandError(f"The portal stays locked. {backups.told(error)}") from error
        self.stdout.write(json.dumps(done | {"seconds": round(time.monotonic() - began, 3)}))


def _instant(text: str) -> datetime:
    """A moment up to now; UTC where it does not say."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError("must look like 2026-11-23T02:00:00") from error
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if at > datetime.now(UTC):
        raise ArgumentTypeError("must not lie in the future")
    return at
