"""FHIR date, dateTime, instant and Period in words. Source: FHIR R4 Datatypes §2.24."""

import re
from datetime import datetime
from typing import Final

from phr.display.words import clean, joined, one

_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DATE_TIME: Final = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::\d\d(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?",
    re.ASCII,
)


def date(value: object) -> str:
    """The day alone, as precise as it was recorded: "3 March 2024", "March 2024" or "2024"."""
    found = _DATE_TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if not found:
        return clean(value, 40)
    year, month, day = found.group(1, 2, 3)
    if month is None or not 1 <= int(month) <= 12:
        return year
    name = f"{_MONTHS[int(month) - 1]} {year}"
    return name if day is None else f"{int(day)} {name}"


def known(written: str, at: datetime) -> str:
    """An ISO 8601 date as precise as it was known: "2016" where only a year was `written`."""
    found = re.fullmatch(r"\d{4}(-\d\d){0,2}", written[:10], re.ASCII)
    return found[0] if found else at.date().isoformat()


def moment(value: object) -> str:
    """Day and time as written where it happened: "3 March 2024, 14:05" (or "14:05 UTC").

    Midnight is left out: systems that know only the day write it so.
    """
    time = _time(value)
    return f"{date(value)}, {time}" if time else date(value)


def _time(value: object) -> str:
    found = _DATE_TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if not found or found[4] is None or found.group(4, 5) == ("00", "00"):
        return ""
    return f"{found[4]}:{found[5]}" + (" UTC" if found[6] == "Z" else "")


def period(value: object) -> str:
    """A Period: "3 to 5 March" is written in full, one day only once, an open end as "since"."""
    span = one(value)
    start, end = span.get("start"), span.get("end")
    if not moment(start):
        return f"until {date(end)}" if date(end) else ""
    if not moment(end):
        return f"since {date(start)}"
    if date(start) != date(end):
        return f"{date(start)} to {date(end)}"
    times = joined((_time(start), _time(end)), " to ")
    return f"{date(start)}, {times}" if times else date(start)


def whole(value: object) -> str:
    """A count for a sentence; "" unless `value` is a number that reads like one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        return ""
    return f"{value:g}" if value < 1e6 else str(int(value))
