"""What the operators' commands have in common."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import gate


class Gated(BaseCommand):
    """A command for an open portal; behind a closed gate it ends with one sentence."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        if gate.closed():
            raise CommandError("The portal is locked: run manage.py reconcile first.")
        return super().execute(*args, **options)
