"""Values over time as a drawing: where each line, mark and label of an SVG stands.

One drawing for each unit, so that different units never share a line. Lengths are in the units of
a `WIDTH` by `HEIGHT` viewBox.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from phr.display.measured import Value
from phr.display.quantities import number

WIDTH, HEIGHT = 400, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 388, 14, 222
_MOST_LINES: Final = 4
MARKS: Final = ("round", "square", "diamond", "triangle")
STROKES: Final = ("solid", "dashed", "dotted", "long dashes")
# The outline of each mark around 0,0.
_SHAPES: Final = (
    "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z",
    "M-4 -4h8v8h-8z",
    "M0 -5.5l5.5 5.5l-5.5 5.5l-5.5 -5.5z",
    "M0 -5l5 9h-10z",
)


@dataclass(frozen=True, slots=True)
class Dot:
    """One value at `x`, `y`; its outline says from which source it is."""

    x: str
    y: str
    shape: str


@dataclass(frozen=True, slots=True)
class Line:
    """The values of one name in the order of time; `stroke` counts from 1."""

    name: str
    stroke: int
    said: str
    points: str
    dots: list[Dot]


@dataclass(frozen=True, slots=True)
class Band:
    """The normal range; `newest` when it differs between values and is that of the newest."""

    y: str
    height: str
    newest: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything in one unit. `levels` and `days` are (place, label, anchor)."""

    unit: str
    lines: list[Line]
    levels: list[tuple[str, str]]
    days: list[tuple[str, str, str]]
    band: Band | None
    said: str
    more: bool


def draw(values: Sequence[Value]) -> list[Drawing]:
    """A drawing for each unit, that of the newest value first."""
    by_unit: dict[str, list[Value]] = {}
    for value in sorted(values, key=lambda one: one.at):
        by_unit.setdefault(value.unit, []).append(value)
    newest_first = sorted(by_unit.items(), key=lambda pair: pair[1][-1].at, reverse=True)
    return [_drawing(unit, found) for unit, found in newest_first]


def _drawing(unit: str, values: list[Value]) -> Drawing:
    names = list(dict.fromkeys(value.name for value in values))
    drawn = [value for value in values if value.name in names[:_MOST_LINES]]
    usual = _usual(drawn)
    bounds = [bound for bound in usual[:2] if bound is not None] if usual else []
    levels = _levels([*(value.number for value in drawn), *bounds])
    begins, ends = drawn[0].at, drawn[-1].at
    scale = _Scale(levels[0], levels[-1], begins, ends)
    return Drawing(
        unit,
        [_line(scale, place, name, drawn) for place, name in enumerate(names[:_MOST_LINES])],
        [(_at(scale.y(level)), number(level)) for level in levels],
        _days(drawn[0].when, drawn[-1].when),
        _band(scale, usual) if usual else None,
        _said(unit, drawn),
        more=len(names) > _MOST_LINES,
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    low: float
    high: float
    begins: datetime
    ends: datetime

    def x(self, at: datetime) -> float:
        span = (self.ends - self.begins).total_seconds()
        share = (at - self.begins).total_seconds() / span if span else 0.5
        return _LEFT + 8 + share * (_RIGHT - _LEFT - 16)

    def y(self, level: float) -> float:
        share = (level - self.low) / (self.high - self.low)
        return _BOTTOM - min(max(share, 0), 1) * (_BOTTOM - _TOP)


def _at(place: float) -> str:
    return f"{place:.1f}"


def _line(scale: _Scale, place: int, name: str, values: list[Value]) -> Line:
    mine = [value for value in values if value.name == name]
    places = [(_at(scale.x(value.at)), _at(scale.y(value.number))) for value in mine]
    dots = [
        Dot(x, y, _SHAPES[(value.source - 1) % len(_SHAPES)])
        for (x, y), value in zip(places, mine, strict=True)
    ]
    return Line(name, place + 1, STROKES[place], " ".join(f"{x},{y}" for x, y in places), dots)


def _levels(numbers: list[float]) -> list[float]:
    """Four to eight round numbers from below the least to above the greatest."""
    least, greatest = min(numbers), max(numbers)
    span = (greatest - least) or abs(greatest) or 1.0
    rough = span / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    first, last = math.floor(least / step), math.ceil(greatest / step)
    if first == last:
        first, last = first - 1, last + 1
    return [level * step for level in range(first, last + 1)]


def _days(first: str, last: str) -> list[tuple[str, str, str]]:
    if first == last:
        return [(_at((_LEFT + _RIGHT) / 2), first, "middle")]
    return [(_at(_LEFT), first, "start"), (_at(_RIGHT), last, "end")]


def _usual(values: list[Value]) -> tuple[float | None, float | None, bool] | None:
    """The normal range of the newest value that has one, and whether another differs from it."""
    if len({value.name for value in values}) > 1:
        return None
    ranges = [(one.low, one.high) for one in values if (one.low, one.high) != (None, None)]
    return (*ranges[-1], len(set(ranges)) > 1) if ranges else None


def _band(scale: _Scale, usual: tuple[float | None, float | None, bool]) -> Band:
    low, high, differs = usual
    top = scale.y(high) if high is not None else float(_TOP)
    bottom = scale.y(low) if low is not None else float(_BOTTOM)
    return Band(_at(top), _at(max(bottom - top, 0)), differs)


def _said(unit: str, values: list[Value]) -> str:
    """The drawing in a sentence, for who does not see it."""
    numbers = [value.number for value in values]
    first, last = values[0].when, values[-1].when
    if len(values) == 1:
        return f"One value on {first}: {number(numbers[0])} {unit}".strip() + "."
    least, greatest = number(min(numbers)), number(max(numbers))
    when = f"on {first}" if first == last else f"from {first} to {last}"
    return f"{len(values)} values {when}, between {least} and {greatest} {unit}".strip() + "."
