"""Measurements in a table of text (CSV), matched to what they are by their owner.

Without her answers only `Columns` is given: the headings, the first rows and a guess. With them
each row becomes readings; memory does not follow the number of rows. Source: RFC 4180.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice

from phr.formats import delimited
from phr.formats.json_stream import Read
from phr.formats.parsed import Columns, Limits, Output, Parsed, Progress, Refused
from phr.formats.resource import made
from phr.formats.table.dates import Order
from phr.formats.table.matching import guess, head_of, problem
from phr.formats.table.readings import Rows
from phr.formats.terms import clean

NAME = "a table of text (CSV)"
_FIRST = 60
_SHOWN = 5
_EVERY = 2000


def warm() -> None:
    """Load whatever is loaded on first use."""
    delimited.warm()
    made({"resourceType": "Observation", "status": "final", "code": {"text": "x"}}, "")
    for row in (["1.2.2024", "72.5"], ["x"]):
        list(Rows(["a", "b"], {"0": "date", "1": "weight-kg"}).read(row, ""))


def read(
    stream: Read,
    limits: Limits,
    filename: str,  # noqa: ARG001
    options: Mapping[str, str] | None = None,
) -> Iterator[Output]:
    """`Columns`, or with `options` (see `matching`) the readings. Raises Refused."""
    sign, rows = delimited.rows(stream, limits)
    first = list(islice(rows, _FIRST))
    width = max(map(len, first), default=0)
    if width < 2:
        raise Refused("There is no table in the file: its lines are not divided into columns.")
    if options:
        yield from _readings(first, rows, limits, options)
        return
    head = head_of(first)
    body = first if head is None else first[head + 1 :]
    names = _names([] if head is None else first[head], width)
    orders = [Order() for _ in names]
    yield from _seen(body, rows, orders)
    found = guess(names, body, orders, sign) | {"head": "" if head is None else str(head)}
    samples = tuple(tuple(map(clean, _wide(row, width))) for row in body[:_SHOWN])
    yield Columns(tuple(names), samples, found)


def _names(head: list[str], width: int) -> list[str]:
    named = [clean(name) for name in _wide(head, width)]
    return [name or f"Column {at}" for at, name in enumerate(named, 1)]


def _wide(row: list[str], width: int) -> list[str]:
    return [*row, *[""] * (width - len(row))][:width]


def _seen(
    body: list[list[str]], rows: Iterator[list[str]], orders: list[Order]
) -> Iterator[Progress]:
    """Look at the days of the whole table, as long as they do not tell what stands first."""
    for row in body:
        _look(row, enumerate(orders))
    unsure = [(at, order) for at, order in enumerate(orders) if order.either]
    for number, row in enumerate(rows):
        unsure = [each for each in unsure if not each[1].settled]
        if not unsure:
            return
        _look(row, unsure)
        if number % _EVERY == 0:
            yield Progress(number, None, "entries")


def _look(row: list[str], orders: Iterable[tuple[int, Order]]) -> None:
    for at, order in orders:
        if at < len(row):
            order.see(row[at])


def _readings(
    first: list[list[str]],
    rows: Iterator[list[str]],
    limits: Limits,
    options: Mapping[str, str],
) -> Iterator[Output]:
    if wrong := problem(options):
        raise Refused(wrong)
    head = int(options["head"]) if options.get("head", "").isdigit() else -1
    names = _names(first[head] if 0 <= head < len(first) else [], max(map(len, first)))
    reading = Rows(names, options)
    kept = 0
    for number, row in enumerate(chain(first, rows), 1):
        if number <= head + 1:
            continue
        for item in reading.read(row, f"row {number}"):
            kept += isinstance(item, Parsed)
            if kept > limits.max_entries:
                most = f"{limits.max_entries:,} measurements"
                raise Refused(f"The table has more than {most}, the most that are taken.")
            yield item
