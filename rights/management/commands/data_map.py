"""`manage.py data_map`: print the data map as Markdown, for docs/data-map.md."""

from typing import Any

from django.core.management.base import BaseCommand

from rights import kept


class Command(BaseCommand):
    help = "Print every field and place that can hold data, and what happens to it."

    def handle(self, *_args: Any, **_options: Any) -> None:
        self.stdout.write(kept.document(), ending="")
