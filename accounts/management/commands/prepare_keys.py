"""Make the KEK on the very first run, or check it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import gate, keys, starting

MADE = "The key file was made. Keep a copy in a safe place."
LOCKED = "The portal is locked: nothing was made."


class Command(BaseCommand):
    help = "Make the key file on the first run only; afterwards check that it is the right one."

    def handle(self, *_args: Any, **_options: Any) -> None:
        try:
            self.stdout.write(self._prepare())
        except keys.KeyProblem as problem:
            raise CommandError(str(problem)) from problem

    def _prepare(self) -> str:
        if gate.closed():
            starting.check_key()
            return LOCKED
        return MADE if keys.prepare() else "ok"
