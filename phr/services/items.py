"""Lines of a record: what a list says of each item, and the note that somebody read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.acting import note
from accounts.actors import Actor
from phr.bodies import open_body
from phr.display import headline
from phr.display.dates import date, known
from phr.formats.effective import as_written
from phr.models import Record
from phr.services.links import MOST, linked, medicine_of
from phr.sources import by_hand
from sharing.categories import Category
from sharing.policy import Action, Grounds
from sharing.services import usage


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a timeline.

    `day` is its heading: an ISO 8601 date, as precise as it is known, "" for what has none.
    """

    id: UUID
    category: Category
    title: str
    effective_at: datetime
    dated: bool
    by_hand: str = ""
    favourite: bool = False
    never_shared: bool = False
    day: str = ""

    @property
    def when(self) -> str:
        """The day in words."""
        return date(self.day)


@dataclass(frozen=True, slots=True)
class Within:
    """What belongs to a visit, newest first; `more` when there is more of it."""

    items: list[Item]
    more: bool

    @classmethod
    def of(cls, rows: Sequence[Record], by_id: Mapping[UUID, Item], most: int) -> "Within":
        """The first `most` of the rows, as lines that were made."""
        return cls([by_id[row.pk] for row in rows[:most]], len(rows) > most)


def items_of(
    actor: Actor, patient_id: UUID, rows: Sequence[Record], why: Grounds
) -> tuple[list[Item], list[Record]]:
    """The lines for these rows, and the other records whose names they show."""
    bodies = {
        row.pk: open_body(patient_id, row.pk, row.version, bytes(row.body_sealed)) for row in rows
    }
    wanted = {pk: medicine_of(body) for pk, body in bodies.items()}
    medicines, named = linked(actor, patient_id, wanted, why, most=max(MOST, 2 * len(rows)))
    written = by_hand(bodies)
    items = [
        Item(
            row.pk,
            Category(row.category),
            headline(bodies[row.pk], medicines.get(row.pk, {})),
            row.effective_at,
            row.dated,
            written.get(row.pk, ""),
            favourite=row.favourite and why.kept,
            never_shared=row.never_shared and why.kept,
            day=known(as_written(bodies[row.pk]), row.effective_at) if row.dated else "",
        )
        for row in rows
    ]
    return items, named


def offered(why: Grounds) -> list[Category]:
    """The categories of which the grounds may cover something."""
    granted = {name for grant in why.grants for name in grant.categories}
    return [category for category in Category if why.everything or category.value in granted]


def note_reads(
    patient_id: UUID, rows: Sequence[Record], why: Grounds, *, action: Action = Action.READ
) -> None:
    """One event for each ground that let something through, with the ids it let through.

    A page without a row is still a look: it shows whose record it is.
    """
    seen: dict[str, list[UUID]] = {}
    for row in {row.pk: row for row in rows}.values():
        for basis in why.of(row):
            seen.setdefault(basis.text, []).append(row.pk)
    if not seen:
        seen[why.first.text] = []
    for basis_text, ids in seen.items():
        note(action.value, patient_id=patient_id, records=ids, basis=basis_text)
        usage.used(why, basis_text, action=action, records=ids)
