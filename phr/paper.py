"""What every print needs: whose it is, which files its items come from, the fonts it is set in."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from django.conf import settings

from accounts import services as accounts
from accounts.models import Patient
from phr.display.words import clean
from phr.models import Provenance, Upload
from phr.printing import document
from phr.services.uploads import file_name

Whose = tuple[str, date | None]


def whose(patient: Patient) -> Whose:
    """The name and the birth date that stand on every page."""
    return clean(accounts.name_of(patient), 200), accounts.born_of(patient)


def font_folders() -> list[str]:
    """Folders of fonts besides our own."""
    return [settings.PHR_FONT_DIR] if settings.PHR_FONT_DIR else []


class Files:
    """The files that printed items come from. Ask within an act about their patient."""

    def __init__(self) -> None:
        self._numbers: dict[UUID, int] = {}

    def of(self, record_ids: Iterable[UUID]) -> dict[UUID, list[int]]:
        """For each record the numbers of its files; a file gets its number when it is first met."""
        found: dict[UUID, list[int]] = {}
        uploaded = Provenance.objects.filter(
            record__in=list(record_ids), upload__isnull=False, upload__undone_at=None
        )
        pairs = uploaded.order_by("recorded_at", "id")
        for record_id, upload_id in pairs.values_list("record_id", "upload_id"):
            number = self._numbers.setdefault(upload_id, len(self._numbers) + 1)
            if number not in found.setdefault(record_id, []):
                found[record_id].append(number)
        return found

    def said(self) -> list[str]:
        """Each of them by number and name, with the day it came."""
        rows = Upload.objects.in_bulk(list(self._numbers))
        return [
            document.source(number, file_name(rows[pk]), rows[pk].received_at)
            for pk, number in self._numbers.items()
            if pk in rows
        ]
