"""Check whether this portal signed a certificate of an erasure."""

import json
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser

from rights import certificates


class Command(BaseCommand):
    help = "Exit 0 when every certificate in FILE, or of a REFERENCE, is genuine, and 1 when one is not."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("certificate", metavar="FILE or REFERENCE")

    def handle(self, *_args: Any, **options: Any) -> None:
        found = _read(options["certificate"])
        if not found:
            raise CommandError("No certificate was issued under this reference.")
        for document, genuine in found:
            self.stdout.write(json.dumps({"genuine": genuine} | _shown(document, genuine)))
        if not all(genuine for _, genuine in found):
            raise SystemExit(1)


def _shown(document: bytes, genuine: bool) -> dict[str, Any]:  # noqa: FBT001 - one of a pair
    """What a document says of itself; nothing is read from one that is not ours."""
    if not genuine:
        return {}
    facts = orjson.loads(document)
    return {"reference": facts["reference"], "stage": facts["stage"]}


def _read(name: str) -> list[tuple[bytes, bool]]:
    """Each document with whether its signature holds."""
    path = Path(name)
    if not path.exists():
        return [(one.document, one.genuine) for one in certificates.issued(name)]
    try:
        document, signature = certificates.read_file(path.read_bytes())
    except (OSError, ValueError) as error:
        raise CommandError("This file is not a certificate.") from error
    return [(document, certificates.verify(document, signature))]
