"""Which part of a record somebody takes away, when it is not everything.

What she chose is sealed into the row of the export: kinds and visits are health data.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db.models import QuerySet

from accounts import keys
from phr.models import Record, Tag
from phr.tags import words_of
from sharing.categories import Category

Sealed = bytes | memoryview


@dataclass(frozen=True, slots=True)
class Choice:
    """A part: items for which everything that is set is true; nothing set means every item.

    `since` and `until` are days, both included, by which only dated items go. `tags` are ids of
    `Tag`s of which one is enough; `visit` is the id of an Encounter, which brings what was noted
    on it; `records` are single items. `shareable` leaves out what is never shared.
    """

    categories: tuple[Category, ...] = ()
    since: date | None = None
    until: date | None = None
    tags: tuple[UUID, ...] = ()
    visit: UUID | None = None
    records: tuple[UUID, ...] = ()
    shareable: bool = False


def narrowed(rows: QuerySet[Record], patient_id: UUID, choice: Choice | None) -> QuerySet[Record]:
    """Those of a patient's `rows` that are chosen; of a visit see `rights.archive.visits`."""
    if choice is None:
        return rows
    if choice.categories:
        rows = rows.filter(category__in=[one.value for one in choice.categories])
    if choice.since or choice.until:
        rows = rows.filter(dated=True)
    if choice.since:
        rows = rows.filter(effective_at__gte=_midnight(choice.since))
    if choice.until:
        rows = rows.filter(effective_at__lt=_midnight(choice.until + timedelta(days=1)))
    if choice.tags:
        tags = Tag.objects.filter(pk__in=choice.tags, patient_id=patient_id)
        rows = rows.filter(tags__overlap=list(tags.values_list("token", flat=True)))
    if choice.records:
        rows = rows.filter(pk__in=choice.records)
    return shareable(rows, choice)


def shareable(rows: QuerySet[Record], choice: Choice | None) -> QuerySet[Record]:
    """Those that may be named in the chosen part at all: an item names its medicine in it."""
    return rows.filter(never_shared=False) if choice and choice.shareable else rows


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def words(patient_id: UUID, choice: Choice) -> list[str]:
    """What was chosen, a line each. Call within an act of hers or about her."""
    found = []
    if choice.visit:
        found.append("One visit, and what was noted on it")
    elif choice.records:
        found.append("Single items" if len(choice.records) > 1 else "One item")
    if choice.categories:
        found.append(f"Kinds: {', '.join(one.label for one in choice.categories)}")
    if choice.since or choice.until:
        days = [f"{day:%-d %B %Y}" if day else "" for day in (choice.since, choice.until)]
        between = f"from {days[0]} to {days[1]}" if all(days) else ""
        found.append(f"Dates: {between or (f'from {days[0]}' if days[0] else f'to {days[1]}')}")
    if choice.tags:
        named = [word.name for word in words_of(patient_id) if word.id in choice.tags]
        found.append(f"Tags: {', '.join(named)}")
    if choice.shareable:
        found.append("Without what you never share")
    return found


def seal(patient_id: UUID, export_id: UUID, choice: Choice) -> bytes:
    """The choice as it is kept, sealed to the row of its export."""
    return keys.seal(patient_id, keys.Purpose.BODY, _place(export_id), orjson.dumps(asdict(choice)))


def unseal(patient_id: UUID, export_id: UUID, sealed: Sealed | None) -> Choice | None:
    """What `seal` sealed; None for everything. Raises `Unopenable` from elsewhere."""
    if sealed is None:
        return None
    plain = keys.unseal(patient_id, keys.Purpose.BODY, _place(export_id), bytes(sealed))
    return _read(orjson.loads(plain))


def _read(told: dict[str, Any]) -> Choice:
    since, until, visit = told["since"], told["until"], told["visit"]
    return Choice(
        tuple(map(Category, told["categories"])),
        date.fromisoformat(since) if since else None,
        date.fromisoformat(until) if until else None,
        tuple(map(UUID, told["tags"])),
        UUID(visit) if visit else None,
        tuple(map(UUID, told["records"])),
        told["shareable"],
    )


def _place(export_id: UUID) -> str:
    return f"rights_export/{export_id}/choice"
