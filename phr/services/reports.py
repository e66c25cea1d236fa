"""What became of each entry of a file that was added, from the provenance of what it gave."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from accounts.acting import acting_as, note
from accounts.actors import Actor
from phr.models import Provenance, Upload
from phr.services import uploads
from phr.services.records import titles_of

PAGE = 50
# For who asks for all of it, from the command line.
AT_ONCE = 2000
WORDS = {
    "new": "Added",
    "changed": "Added as a newer version of an item you had",
    "known": "You had it already",
    "alike": "You had it already, from another source",
    "aside": "Kept beside what you wrote yourself, which stays as it is",
    "older": "Older than what you have, so not added",
    "unsure": "Added as an item of its own: its numbers belong to two items you had",
    "twice": "More than once in this file, so added once",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: where in the file, what became of it, and the item, if it is there and is hers."""

    position: int
    place: str
    outcome: str
    record_id: UUID
    title: str = ""

    @property
    def what(self) -> str:
        return WORDS[self.outcome]


@dataclass(frozen=True, slots=True)
class ReportPage:
    """Some entries in the order of the file; `after` leads to the next. `gone` were deleted since.

    Who acts for the patient is not told how many: it would count what she keeps from everybody, too.
    `skipped` are place and reason of what was left out, on the first page; `more_skipped` is how
    many besides them were, whose places were not kept.
    """

    upload: Upload
    file_name: str
    entries: list[Entry]
    after: int | None
    skipped: list[tuple[str, str]]
    more_skipped: int
    gone: int


def report(actor: Actor, upload_id: UUID, *, after: int = 0) -> ReportPage:
    """A page of what became of the entries of one of the actor's own files; audited.

    `after` is the `position` of the last entry seen. Raises `Denied`.
    """
    with acting_as(actor):
        row = uploads.own(actor, upload_id)
        found = _entries(row, after, PAGE + 1)
        page = found[:PAGE]
        named = titles_of(actor, row.patient_id, [one.record_id for one in page])
        note(
            "read",
            patient_id=row.patient_id,
            records=list(named),
            subject=f"Upload/{row.pk}",
            basis="owner",
        )
        skipped = [] if after else uploads.report(row).skipped or []
        return ReportPage(
            row,
            uploads.file_name(row),
            [_titled(one, named) for one in page],
            page[-1].position if len(found) > PAGE else None,
            skipped,
            0 if after else row.skipped - len(skipped),
            0 if after or actor.acting_for else _gone(row),
        )


def _entries(row: Upload, after: int, most: int) -> list[Entry]:
    rows = Provenance.objects.filter(upload=row, position__gt=after).order_by("position")
    columns = rows.values_list("position", "place", "outcome", "record_id")
    return [Entry(at or 0, place, what, pk) for at, place, what, pk in columns[:most]]


def _titled(entry: Entry, named: dict[UUID, str]) -> Entry:
    title = named.get(entry.record_id, "")
    return Entry(entry.position, entry.place, entry.outcome, entry.record_id, title)


def _gone(row: Upload) -> int:
    """How many entries gave something that was deleted since, and nothing is said about any more."""
    given = row.imported + row.updated + row.duplicates
    said = Provenance.objects.filter(upload=row).exclude(outcome=Provenance.Outcome.THEIRS)
    return max(0, given - said.count())


def every_entry(actor: Actor, upload_id: UUID, patient_id: UUID) -> Iterator[dict[str, str]]:
    """Each entry of a file for the operator, as it would be printed; memory stays flat.

    Raises `Denied`.
    """
    after = 0
    while True:
        with acting_as(actor, about=patient_id):
            row = uploads.own(actor, upload_id, patient_id)
            found = _entries(row, after, AT_ONCE)
            skipped = uploads.report(row).skipped or []
        for one in found:
            yield {"place": one.place, "outcome": one.outcome, "record": str(one.record_id)}
        if len(found) < AT_ONCE:
            break
        after = found[-1].position
    for place, reason in skipped:
        yield {"place": place, "outcome": "left-out", "reason": reason}
