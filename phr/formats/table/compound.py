"""Weights and heights in units that no other reader of numbers knows, scaled without rounding.

Source: UCUM 2.1, tables of the international customary and avoirdupois units: [stone_av] is
14 [lb_av], [ft_i] is 12 [in_i], m is 100 cm, kg is 1000 g. What is kept has one unit; how it stood in
the table goes along with it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from phr.formats.table.numbers import number

_REST = r"(?P<rest>\d{1,2}(?:[.,]\d{1,3})?)"
_STONE = re.compile(
    rf"(?P<most>\d{{1,2}})\s*(?:stones?|st)\.?\s*(?:{_REST}\s*(?:lbs?|pounds?)?\.?)?", re.IGNORECASE
)
_FEET = re.compile(
    rf"(?P<most>\d)\s*(?:feet|foot|ft|['\u2019\u2032])\.?\s*(?:{_REST}\s*(?:inches|inch|in|[\"\u201d\u2033]|'')?\.?)?",
    re.IGNORECASE,
)
_WRITTEN: Final = ((_STONE, 14, "weight-lb"), (_FEET, 12, "height-in"))


def _times(by: int) -> Callable[[Decimal], Decimal]:
    return lambda value: value * by


def _shifted(places: int) -> Callable[[Decimal], Decimal]:
    return lambda value: value.scaleb(places)


@dataclass(frozen=True, slots=True)
class Scale:
    """A column's unit that is kept as another: the key of that measurement, and how it follows."""

    name: str
    of: str
    scaled: Callable[[Decimal], Decimal]


# By what an owner answers for a column; the units are those of column_words.toml.
SCALES: Final = {
    "weight-st": Scale("Weight, in stone, such as 11 st 4 lb", "weight-lb", _times(14)),
    "weight-g": Scale("Weight, in g", "weight-kg", _shifted(-3)),
    "height-m": Scale("Height, in m", "height-cm", _shifted(2)),
    "height-ft": Scale("Height, in feet and inches, such as 5'11\"", "height-in", _times(12)),
}
OF_UNIT: Final = {
    ("weight", "[stone_av]"): "weight-st", ("weight", "g"): "weight-g",
    ("height", "m"): "height-m", ("height", "[ft_i]"): "height-ft",
}  # fmt: skip


def in_two_units(cell: str) -> tuple[str, str] | None:
    """The key of a measurement and its number, of a cell such as "11 st 4 lb" or "5'11"."""
    for written, by, key in _WRITTEN:
        found = written.fullmatch(cell.strip())
        rest = Decimal((found["rest"] or "0").replace(",", ".")) if found else Decimal(by)
        if found and rest < by:
            return key, str(int(found["most"]) * by + rest)
    return None


def scaled(key: str, cell: str, point: str, unit: str = "") -> tuple[str, str] | None:
    """The same of a cell of a column in the unit of `key`, or of any with its own `unit` beside it.

    None where it is none of these.
    """
    if whole := in_two_units(cell):
        return whole if whole[0].split("-")[0] == key.split("-", maxsplit=1)[0] else None
    found = number(cell, point)
    kind = OF_UNIT.get((key.split("-", maxsplit=1)[0], unit), "") if unit else key
    scale = SCALES.get(kind)
    if found is None or scale is None or found.comparator:
        return None
    return scale.of, f"{scale.scaled(Decimal(found.text)):f}"
