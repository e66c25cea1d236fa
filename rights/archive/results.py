"""Every number that was measured, as one table for a spreadsheet."""

import csv
import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby
from typing import Any
from uuid import UUID

from accounts.cells import formula_safe
from phr.display.concepts import concept, interpretation
from phr.display.quantities import extent, unit
from phr.display.words import each, one
from phr.formats.effective import as_written
from phr.formats.resource import codes
from rights.archive.log import Lines
from rights.archive.origins import File, Source, sources
from rights.archive.room import Kept, Room

COLUMNS = [
    "Date", "Name", "Code", "Value", "Unit", "Normal range", "Marked as", "Status", "Source",
    "Record",
]  # fmt: skip
MEASURED = "Observation"
# Written out, a longer number would be mostly zeros.
LONGEST = 40
Row = list[str]


def results(room: Room) -> None:
    """`results.csv`: a row for each number of an Observation, of a part of one, or of one within
    another item; by the type of the item, newest first.

    UTF-8 with a mark that says so: without it Excel takes other letters for Latin ones. Values
    have the digits and the point as they came, without an exponent; what a spreadsheet would run
    as a formula is disarmed everywhere else.
    """
    with room.pack.file("results.csv") as out:
        out.write(b"\xef\xbb\xbf")
        csv.writer(Lines(out)).writerow(COLUMNS)
        for piece in room.results.pieces():
            out.write(piece)


class Results:
    """Makes the rows of the table, a page of Observations at a time."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._writer = csv.writer(Lines(room.results))
        self._files: dict[UUID, File] = {}

    def note(self, found: list[tuple[Kept, bytes]]) -> None:
        """Add the rows for the numbers in these."""
        measured = [(kept, body) for kept, body in found if _may_measure(kept, body)]
        told = _told(self._room, [kept for kept, _ in measured], self._files)
        for kept, body in measured:
            self._writer.writerows(_rows(kept, body, told.get(kept.id, "")))


def _told(room: Room, page: list[Kept], files: dict[UUID, File]) -> dict[UUID, str]:
    """Where the version in force of each record came from."""
    current = {kept.id: kept.version for kept in page}
    rows = sources(room, list(current), files)
    return {
        record: "; ".join(dict.fromkeys(_source(row, files) for row in some))
        for record, some in groupby(
            (row for row in rows if row.version == current[row.record_id]),
            key=lambda row: row.record_id,
        )
    }


def _source(row: Source, files: dict[UUID, File]) -> str:
    if row.upload_id:
        return f"File: {files[row.upload_id].name}"
    return "Entered by the patient" if row.version == 1 else "Corrected by the patient"


def _may_measure(kept: Kept, body: bytes) -> bool:
    within = kept.resource_type == MEASURED or b'"Observation"' in body
    return within and b'"value' in body


def _rows(kept: Kept, body: bytes, source: str) -> Iterator[Row]:
    resource: dict[str, Any] = json.loads(body, parse_float=Decimal)
    day = as_written(resource) or (kept.at_text[:10] if kept.dated else "")
    for one_of in (resource, *_all(resource.get("contained"))):
        if one_of.get("resourceType") == MEASURED:
            yield from _of_one(one_of, as_written(one_of) or day, source, str(kept.id))


def _of_one(resource: dict[str, Any], at: str, source: str, record: str) -> Iterator[Row]:
    name, status = concept(resource.get("code")), str(resource.get("status", ""))
    for holder in (resource, *_all(resource.get("component"))):
        number = _number(holder)
        if not number:
            continue
        of = name if holder is resource else f"{name}: {concept(holder.get('code'))}"
        said = [
            at, of, _codes(holder), "", unit(one(holder.get("valueQuantity"))), _ranges(holder),
            interpretation(holder.get("interpretation")), status, source, record,
        ]  # fmt: skip
        row = [formula_safe(cell) for cell in said]
        row[3] = number
        yield row


def _all(value: object) -> Iterator[dict[str, Any]]:
    """Every object of a JSON list: a page shows the first of them, a table has them all."""
    found = value if isinstance(value, list) else [value]
    return (each_of for each_of in found if isinstance(each_of, dict))


def _number(holder: dict[str, Any]) -> str:
    """Its digits, with `<` or `>` before them where it is only a bound; "" when it has none."""
    quantity = one(holder.get("valueQuantity"))
    value = quantity.get("value", holder.get("valueInteger"))
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return ""
    bound, written = quantity.get("comparator"), _digits(value)
    return f"{bound} {written}" if bound in ("<", "<=", ">=", ">") else written


def _digits(value: int | Decimal) -> str:
    long = isinstance(value, Decimal) and not (
        value.is_finite() and -LONGEST < int(value.as_tuple().exponent) < LONGEST
    )
    return str(value) if long else format(value, "f" if isinstance(value, Decimal) else "d")


def _codes(holder: dict[str, Any]) -> str:
    return "; ".join(codes({"code": holder.get("code")}))


def _ranges(holder: dict[str, Any]) -> str:
    found = each(holder.get("referenceRange"))
    said = (range_.get("text") or extent(range_) for range_ in found)
    return "; ".join(text for text in said if isinstance(text, str) and text)
