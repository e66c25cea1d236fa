"""Numbers as tables write them: with a comma or a point, with or without their unit."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_NUMBER = r"\d{1,15}(?:[.,]\d{1,15})?|[.,]\d{1,15}"
_GROUPED = r"\d{1,3}(?:(?P<by>[ '.,\u2019\u00a0\u202f])\d{3})(?:(?P=by)\d{3})*(?:[.,]\d{1,15})?"
_CELL = re.compile(
    rf"(?P<sign>[<>]=?|[≤≥])?\s*(?P<minus>[-+\u2212]?)(?P<number>{_GROUPED}|{_NUMBER})"
    r"\s*(?P<unit>[^\d\s].{0,30})?"
)
_PRESSURE = re.compile(r"(\d{2,3})\s*[/|-]\s*(\d{1,3})(?:\s*mm\s?\[?hg\]?)?", re.IGNORECASE)
_TOLD = re.compile(r"\d([.,])\d{1,2}(?!\d)")
_SIGNS = {"≤": "<=", "≥": ">="}


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal's text with its digits as written, the comparator and the unit beside it."""

    text: str
    comparator: str = ""
    unit: str = ""


def number(cell: str, point: str) -> Number | None:
    """What a cell says, `point` being what divides whole from part in this file; None if nothing."""
    found = _CELL.fullmatch(cell)
    if found is None:
        return None
    digits = _plain(found["number"], point)
    if digits.count(".") > 1:
        return None
    minus = "-" if found["minus"] in ("-", "\u2212") else ""
    sign = found["sign"] or ""
    return Number(f"{minus}{digits}", _SIGNS.get(sign, sign), (found["unit"] or "").strip())


def _plain(written: str, point: str) -> str:
    """The digits with a point, as FHIR writes a decimal."""
    for group in " '\u2019\u00a0\u202f":
        written = written.replace(group, "")
    other = "," if point == "." else "."
    if _is_grouped(written, other):
        written = written.replace(other, "")
    whole, _, part = written.replace(",", ".").partition(".")
    whole = whole.lstrip("0") or "0"
    return f"{whole}.{part}" if part else whole


def _is_grouped(written: str, sign: str) -> bool:
    first, *groups = written.split(sign)
    last = groups[-1].split("," if sign == "." else ".")[0] if groups else ""
    inner = [*groups[:-1], last]
    return bool(groups) and 0 < len(first) < 4 and all(len(each) == 3 for each in inner)


def pressure(cell: str) -> tuple[str, str] | None:
    """Both numbers of a blood pressure such as "120/80"."""
    found = _PRESSURE.fullmatch(cell)
    return (found[1], found[2].lstrip("0") or "0") if found else None


def point_of(cells: Iterable[str], delimiter: str) -> str:
    """What divides whole from part: as most cells show it, else as it goes with the delimiter."""
    commas = points = 0
    for cell in cells:
        if told := _TOLD.findall(cell):
            commas += told == [","]
            points += told == ["."]
    if commas == points:
        return "," if delimiter == ";" else "."
    return "," if commas > points else "."
