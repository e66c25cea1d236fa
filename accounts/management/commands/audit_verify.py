"""Prove that the audit trail is whole."""

import json
import time
from typing import Any

from django.core.management.base import BaseCommand

from accounts import sealer
from accounts.actors import Actor, System


class Command(BaseCommand):
    help = "Exit 0: intact. 1: tampered, names the first bad place and kind. 2: cannot decide."

    def handle(self, *_args: Any, **_options: Any) -> None:
        began = time.monotonic()
        verdict = sealer.verify(Actor.job(System.AUDIT))
        figures = {
            "verdict": ["intact", "tampered", "cannot decide"][verdict.code],
            "events": verdict.events,
            "kind": verdict.kind,
            "place": verdict.place,
            "seconds": round(time.monotonic() - began, 3),
        }
        self.stdout.write(json.dumps(figures))
        if verdict.code:
            raise SystemExit(verdict.code)
