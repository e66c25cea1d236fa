"""Make the KEK on the very first run, or check it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import keys


class Command(BaseCommand):
    help = "Make the key file on the first run only; afterwards check that it is the right one."

    def handle(self, *_args: Any, **_options: Any) -> None:
        try:
            made = keys.prepare()
        except keys.KeyProblem as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write("The key file was made. Keep a copy in a safe place." if made else "ok")
