"""Working days: Saturdays, Sundays and holidays as data (`data/calendars.toml`), Easter computed."""

import tomllib
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

DAY: Final = timedelta(days=1)
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class Calendar:
    """The holidays of one place; `cautious` ones are holidays in parts of it only."""

    name: str
    fixed: tuple[str, ...] = ()
    nth: tuple[str, ...] = ()
    easter: tuple[int, ...] = ()
    extra: tuple[date, ...] = ()
    substitute: str = "none"
    cautious_fixed: tuple[str, ...] = ()
    cautious_easter: tuple[int, ...] = ()

    def is_holiday(self, day: date) -> bool:
        """Whether the law calls this day a holiday."""
        # A New Year's Day on a Saturday may be kept in December of the year before.
        return day in _holidays(self, day.year) or day in _holidays(self, day.year + 1)

    def is_working(self, day: date, *, cautious: bool = False) -> bool:
        """Whether people work on this day; `cautious`: in every part of the place."""
        if day.weekday() >= SATURDAY or self.is_holiday(day):
            return False
        return not (cautious and day in _cautious(self, day.year))

    def next_working(self, day: date) -> date:
        """This day, or the first working day after it."""
        while not self.is_working(day):
            day += DAY
        return day

    def previous_working(self, day: date) -> date:
        """This day, or the last day before it on which people work in every part of the place."""
        while not self.is_working(day, cautious=True):
            day -= DAY
        return day

    def after(self, day: date, *, working_days: int) -> date:
        """The day that many working days later."""
        for _ in range(working_days):
            day = self.next_working(day + DAY)
        return day


def easter(year: int) -> date:
    """Easter Sunday in the Gregorian calendar (Meeus, Jones and Butcher's algorithm)."""
    a, (b, c) = year % 19, divmod(year, 100)
    (d, e), g = divmod(b, 4), (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    r = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * r) // 451
    month, day = divmod(h + r - 7 * m + 114, 31)
    return date(year, month, day + 1)


@cache
def _holidays(calendar: Calendar, year: int) -> frozenset[date]:
    days = {
        *_fixed(calendar.fixed, year),
        *(_nth(text, year) for text in calendar.nth),
        *(easter(year) + offset * DAY for offset in calendar.easter),
    }
    for day in sorted(days):
        if day.weekday() >= SATURDAY and calendar.substitute != "none":
            days.add(_substitute(day, days, calendar.substitute))
    return frozenset(days | {day for day in calendar.extra if day.year == year})


@cache
def _cautious(calendar: Calendar, year: int) -> frozenset[date]:
    moving = {easter(year) + offset * DAY for offset in calendar.cautious_easter}
    return frozenset(moving.union(_fixed(calendar.cautious_fixed, year)))


def _fixed(texts: tuple[str, ...], year: int) -> Iterator[date]:
    return (date.fromisoformat(f"{year:04}-{text}") for text in texts)


def _nth(text: str, year: int) -> date:
    """`05-mon-last` or `11-thu-4` in one year."""
    month, weekday, which = text.split("-")
    first, length = monthrange(year, int(month))
    offset = (WEEKDAYS.index(weekday) - first) % 7
    days = range(1 + offset, length + 1, 7)
    return date(year, int(month), days[-1] if which == "last" else days[int(which) - 1])


def _substitute(day: date, taken: set[date], manner: str) -> date:
    if manner == "nearest":
        return day - DAY if day.weekday() == SATURDAY else day + DAY
    while day.weekday() >= SATURDAY or day in taken:
        day += DAY
    return day


def _read(data: Mapping[str, Any]) -> Calendar:
    values: dict[str, Any] = {
        name: tuple(one) if isinstance(one, list) else one for name, one in data.items()
    }
    values["extra"] = tuple(date.fromisoformat(text) for text in data.get("extra", ()))
    return Calendar(**values)


def _load() -> dict[str, Calendar]:
    path = Path(__file__).parent / "data" / "calendars.toml"
    return {name: _read(data) for name, data in tomllib.loads(path.read_text("utf-8")).items()}


CALENDARS: Final = _load()
