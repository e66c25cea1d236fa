"""Who looked at the record, and what happened to the account."""

import csv
from collections.abc import Iterator

import orjson

from accounts.acting import acting_as
from accounts.cells import formula_safe
from accounts.models import AuditEvent
from phr.services import looks
from rights.archive.pack import Sink
from rights.archive.room import Room
from rights.archive.times import instant

COLUMNS = ["When (UTC)", "Who", "What", "Allowed", "Number of items", "Items"]
EVENTS_AT_ONCE = 1000


class Lines:
    """Takes the lines of `csv` and writes them as UTF-8."""

    def __init__(self, out: Sink) -> None:
        self._out = out

    def write(self, line: str) -> None:
        self._out.write(line.encode())


def spreadsheet(room: Room) -> None:
    """`log/who-looked.csv`: the log as its page shows it. Begins with a mark that says UTF-8."""
    with room.pack.file("log/who-looked.csv") as out:
        out.write(b"\xef\xbb\xbf")
        writer = csv.writer(Lines(out))
        writer.writerow(COLUMNS)
        for line, _ in looks.history(room.actor, room.patient_id):
            writer.writerow([formula_safe(cell) for cell in _cells(line)])
            room.beat(1)


def _cells(line: looks.Line) -> list[str]:
    return [
        line.at.isoformat(timespec="seconds"),
        f"{line.who} ({line.role})" if line.role else line.who,
        line.what,
        "no" if line.denied else "yes",
        str(line.count),
        "; ".join(line.titles),
    ]


def machine_readable(room: Room) -> None:
    """`log/who-looked.ndjson`: the same, with the number of every record."""
    with room.pack.file("log/who-looked.ndjson") as out:
        for line, event in looks.history(room.actor, room.patient_id, titled=False):
            out.write(orjson.dumps(_event(event) | {"who": line.who, "what": line.what}) + b"\n")
            room.beat(1)


def _event(event: AuditEvent) -> dict[str, object]:
    return {
        "id": str(event.pk),
        "at": instant(event.at),
        "action": event.action,
        "outcome": event.outcome,
        "by": str(event.actor_id) if event.actor_id else None,
        "through": event.door,
        "job": event.system or None,
        "basis": event.basis or None,
        "about": event.subject or None,
        "records": [str(one) for one in event.records],
    }


def account(room: Room) -> None:
    """`log/account.ndjson`: signing in and out, and what else she did that names no patient."""
    with room.pack.file("log/account.ndjson") as out:
        for event in _own_acts(room):
            out.write(orjson.dumps(_event(event)) + b"\n")


def _own_acts(room: Room) -> Iterator[AuditEvent]:
    last: AuditEvent | None = None
    while True:
        with acting_as(room.actor, about=room.patient_id):
            rows = AuditEvent.objects.filter(actor_id=room.user_id, patient_id=None)
            page = list(looks.before(rows.order_by("-at", "-id"), last)[:EVENTS_AT_ONCE])
        yield from page
        if len(page) < EVENTS_AT_ONCE:
            return
        last = page[-1]
