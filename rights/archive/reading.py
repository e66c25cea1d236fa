"""A patient's records a page at a time, newest first, so that memory stays flat."""

from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from accounts.acting import acting_as
from accounts.keys import Unopenable
from phr.bodies import Bodies
from phr.models import Record
from rights.archive.choice import narrowed
from rights.archive.room import Kept, Room
from sharing import policy
from sharing.policy import Action

PAGE = 1000
# Without bodies a page costs little memory, and what is asked once for each page is asked less.
LARGE_PAGE = 2000
# A wall's conditions look to the planner as if hardly a row passed them: it would sort all rows
# anew for every page, rather than go along the index.
ALONG_THE_INDEX = "SELECT set_config('enable_sort', 'off', true)"


# Instants come as text: turning them into Python's took a third of the time of an archive.
def as_text(column: str) -> Cast:
    """An instant as PostgreSQL writes it in UTC, for `datetime.fromisoformat`."""
    return Cast(column, TextField())


COLUMNS = ("id", "resource_type", "category", as_text("effective_at"), "dated", "version")
BODY = ("body_sealed",)


def visible(room: Room) -> QuerySet[Record]:
    """What of the patient goes into an archive. Call within an act about her."""
    rows = policy.records(room.actor, Action.COPY, Record.objects.all(), room.patient_id)
    return narrowed(rows, room.patient_id, room.choice)


def pages(
    room: Room, *, more: tuple[str | Cast, ...] = BODY, **narrow: str
) -> Iterator[list[Kept]]:
    """The records in pages of at most 1000 (2000 without bodies), each page its own transaction.

    `more` are columns to read besides; `narrow` keeps one `resource_type` or `category`.
    """
    last: Kept | None = None
    size = PAGE if more == BODY else LARGE_PAGE
    while True:
        with acting_as(room.actor, about=room.patient_id), connection.cursor() as cursor:
            cursor.execute(ALONG_THE_INDEX)
            rows = _after(visible(room).filter(**narrow), last).values_list(*COLUMNS, *more)
            page = [_kept(row) for row in rows[:size]]
        if page:
            yield page
        if len(page) < size:
            return
        last = page[-1]


def _kept(row: tuple[Any, ...]) -> Kept:
    pk, kind, category, at, dated, version, *more = row
    return Kept(pk, kind, category, at, dated, version, tuple(more))


def _after(rows: QuerySet[Record], last: Kept | None) -> QuerySet[Record]:
    if last is not None:
        earlier = Q(effective_at=last.effective_at, id__lt=last.id)
        rows = rows.filter(effective_at__lte=last.effective_at).filter(
            Q(effective_at__lt=last.effective_at) | earlier
        )
    return rows.order_by("-effective_at", "-id")


def opened(room: Room, page: list[Kept]) -> Iterator[tuple[Kept, bytes]]:
    """Each record with its JSON as received; one that does not open is written down instead."""
    bodies = Bodies(room.patient_id)
    for kept in page:
        try:
            (sealed,) = kept.more
            yield kept, bodies.open(kept.id, kept.version, bytes(sealed))
        except Unopenable:
            room.damaged.append(f"Record/{kept.id}")
    room.beat(len(page))
