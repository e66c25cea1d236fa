"""Fill a demo with invented people, or tell who they are."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import gate
from phr.demo import people


class Command(BaseCommand):
    help = "Make the people of the demo, once. Refuses where PHR_DEMO is off."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--show", action="store_true", help="only tell who they are")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not settings.PHR_DEMO:
            raise CommandError("This is not a demo: PHR_DEMO is off.")
        if options["show"]:
            self._show()
        elif not gate.closed() and people.fill():
            self.stdout.write("The demo is filled.")

    def _show(self) -> None:
        for person in people.PEOPLE:
            self.stdout.write(f"{person.email:20} {person.password:32} {person.what}")
        self.stdout.write("The second step of nina and sam: the code shown at /demo/mail/")
