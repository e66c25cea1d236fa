"""Queue news for everybody who asked for it."""

import json
import time
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts import news
from accounts.actors import Actor, System
from accounts.commands import Gated


class Command(Gated):
    help = "One mail to each person who agreed to news. Run again after a kill, it goes on."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--subject", required=True)
        parser.add_argument("--text", required=True, metavar="FILE", type=Path)

    def handle(self, *_args: Any, **options: Any) -> None:
        began = time.monotonic()
        try:
            text = options["text"].read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{options['text'].name} cannot be read as text.") from error
        if not text.strip() or not options["subject"].strip():
            raise CommandError("News needs a subject and a text.")
        queued = 0
        while count := self._queue(options["subject"].strip(), text):
            queued += count
        figures = {"queued": queued, "seconds": round(time.monotonic() - began, 3)}
        self.stdout.write(json.dumps(figures))

    def _queue(self, subject: str, text: str) -> int:
        return news.send_news(Actor.job(System.OPERATOR), subject=subject, text=text)
