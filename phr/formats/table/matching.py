"""What is in which column: guessed from the headings, answered by the table's owner.

An answer is text by text, so that it can be sealed and handed to the box: the number of a column
(from 0) and its part, `order` (dmy or mdy), `point` (what divides whole from part), `head` (the
number of the row of headings, "" where there is none) and `zone` (by what clocks times without
offset were read, as the IANA time zone database names it; "" where that is not known).
"""

from collections.abc import Mapping, Sequence
from typing import Final
from zoneinfo import available_timezones

from phr.formats.measurements import Measurement, measurements
from phr.formats.parsed import Columns
from phr.formats.table.compound import OF_UNIT, SCALES, in_two_units
from phr.formats.table.dates import Order, clock, moment, serial
from phr.formats.table.numbers import number, point_of, pressure
from phr.formats.table.words import meaning, unit_in

MEASUREMENTS: Final = measurements()
DATE, TIME, WHAT, VALUE, UNIT, NOTE = "date", "time", "what", "value", "unit", "note"
UPPER, LOWER, BOTH = "upper", "lower", "pressure"
ONCE: Final = (DATE, TIME, WHAT, VALUE, UNIT, NOTE, UPPER, LOWER, BOTH)
PARTS: Final = (*ONCE, *MEASUREMENTS, *SCALES)
_MEASURED: Final = (UPPER, LOWER, BOTH, *MEASUREMENTS, *SCALES)
# In a guess: what clocks were read must be asked.
ASKED: Final = "asked"
# Answers that are about no column.
_OTHER: Final = frozenset(("order", "zone"))
# A row of headings is looked for among so many first rows.
HEADINGS_WITHIN = 12


def problem(answers: Mapping[str, str]) -> str | None:
    """What is wrong with the answers in a sentence; None when a table can be read by them."""
    parts = [part for name, part in answers.items() if name.isdigit() and part]
    wrong = {
        "Choose one of the answers for each column.": any(part not in PARTS for part in parts),
        "Two columns have the same answer. Choose it for one of them only.": any(
            parts.count(part) > 1 for part in ONCE
        ),
        "Say which column is the date.": DATE not in parts,
        "If one column is “The number”, say which column says what was measured.": VALUE in parts
        and WHAT not in parts,
        "If one column says what was measured, say which column is “The number”.": WHAT in parts
        and VALUE not in parts,
        "Say which column holds a measurement.": not {VALUE, *_MEASURED}.intersection(parts),
    }
    return next((sentence for sentence, is_so in wrong.items() if is_so), None)


def by_heading(columns: Columns, told: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Answers from pairs of a part and a heading (or `order` and dmy or mdy, `zone` and its name).

    Raises ValueError with a sentence when that is not enough to read the table.
    """
    found = {name: columns.guess.get(name, "") for name in ("point", "head")}
    for part, heading in told:
        if part in _OTHER:
            continue
        if heading not in columns.names:
            raise ValueError(f"No column of the table has the heading given for “{part}”.")
        found[str(columns.names.index(heading))] = part
    day = next((at for at, part in found.items() if part == DATE), "")
    order = columns.guess.get(f"order{day}", "")
    found["zone"] = dict(told).get("zone", "")
    if found["zone"] not in {"", *available_timezones()}:
        raise ValueError("There is no such time zone: --column zone=Europe/Berlin is one.")
    found["order"] = dict(told).get("order", order).replace("either", "")
    if wrong := problem(found):
        raise ValueError(f"This is a table. {wrong} Use --column, such as --column date=Datum.")
    if order == "either" and not found["order"]:
        raise ValueError("Say whether the day comes first: --column order=dmy or order=mdy.")
    return found


def columns(answers: Mapping[str, str]) -> dict[str, list[int]]:
    """The columns of each part."""
    found: dict[str, list[int]] = {}
    for name, part in answers.items():
        if name.isdigit() and part:
            found.setdefault(part, []).append(int(name))
    return found


def of_unit(key: str, unit: str) -> Measurement | None:
    """The measurement of a key or its beginning in a UCUM unit; None where it is not measured so."""
    begin = key.split("-", maxsplit=1)[0]
    return next(
        (m for m in MEASUREMENTS.values() if m.key.split("-")[0] == begin and m.ucum == unit), None
    )


def head_of(rows: Sequence[Sequence[str]]) -> int | None:
    """Which of the first rows holds the headings: the fullest without a number or a day."""
    found = [
        (sum(map(bool, row)), -at)
        for at, row in enumerate(rows[:HEADINGS_WITHIN])
        if sum(map(bool, row)) > 1 and not any(map(_is_datum, row))
    ]
    return -max(found)[1] if found else None


def _is_datum(cell: str) -> bool:
    return bool(cell) and (number(cell, ".") is not None or moment(cell, "") is not None)


def guess(
    names: Sequence[str], rows: Sequence[Sequence[str]], orders: Sequence[Order], delimiter: str
) -> dict[str, str]:
    """The answers that seem right, and for each column how its days are written (`order0` …)."""
    by_column = [[row[at] for row in rows if at < len(row)] for at in range(len(names))]
    point = point_of((c for row in rows for c in row if not moment(c, "")), delimiter)
    found: dict[str, str] = {}
    for at, (name, cells) in enumerate(zip(names, by_column, strict=True)):
        part = _part(name, [cell for cell in cells if cell], point)
        if part and not (part in ONCE and part in found.values()):
            found[str(at)] = part
    _settle(found, names, by_column)
    told = {f"order{at}": order.said for at, order in enumerate(orders) if order.said}
    clocks = any(
        _is_clock(cell, found.get(str(at), ""))
        for at, cells in enumerate(by_column)
        for cell in cells
    )
    return found | told | {"point": point} | ({"zone": ASKED} if clocks else {})


def _is_clock(cell: str, part: str) -> bool:
    """Whether a cell is a time of day without its offset, with or without the day."""
    found = moment(cell, "") or (serial(cell) if part == DATE else None)
    time, zone = (found.time, found.zone) if found else clock(cell)
    return bool(time and not zone)


def _part(name: str, cells: list[str], point: str) -> str:
    """What one column seems to be."""
    found = meaning(name)
    if found in ONCE or not found:
        return found or (DATE if cells and all(moment(c, "") for c in cells) else "")
    choices = [m for m in MEASUREMENTS.values() if m.key.split("-")[0] == found]
    if told := of_unit(found, unit_in(name)):
        return told.key
    if scale := OF_UNIT.get((found, unit_in(name))):
        return scale
    if whole := next((w for cell in cells if (w := in_two_units(cell))), None):
        return "weight-st" if whole[0] == "weight-lb" else "height-ft"
    first = next((n for cell in cells if (n := number(cell, point))), None)
    fits = [m for m in choices if first and m.usual[0] <= float(first.text) <= m.usual[1]]
    return (fits or choices)[0].key


def _settle(found: dict[str, str], names: Sequence[str], by_column: list[list[str]]) -> None:
    """What only the columns together tell."""
    parts = found.values()
    for at in [at for at, part in found.items() if part == LOWER and UPPER not in parts]:
        # "dia" is a day in Spanish and Portuguese, and a diastolic pressure in English.
        found[at] = "" if DATE in parts else DATE
    for at in [at for at, part in found.items() if part in (UPPER, LOWER)]:
        if any(pressure(cell) for cell in by_column[int(at)]):
            found[at] = BOTH
    if VALUE not in parts or WHAT not in parts:
        for at in [at for at, part in found.items() if part in (VALUE, WHAT)]:
            del found[at]
    if DATE not in parts:
        days = (n for n in range(len(names)) if str(n) not in found)
        first = next((n for n in days if any(moment(c, "") for c in by_column[n])), None)
        if first is not None:
            found[str(first)] = DATE
