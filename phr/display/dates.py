"""FHIR date, dateTime, instant, Period and Timing in words. Source: FHIR R4 Datatypes §2.24."""

import re
from datetime import datetime
from typing import Final

from phr.display.words import clean, each, joined, one

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


def timing(value: object) -> str:
    """A Timing: its own words, else how often, else the moments it names."""
    schedule = one(value)
    code = one(schedule.get("code"))
    said = clean(code.get("text")) or joined(
        TIMES.get(clean(coding.get("code")), clean(coding.get("display")))
        for coding in each(code.get("coding"))
    )
    if said:
        return said
    events = schedule.get("event")
    moments = [moment(event) for event in events[:20]] if isinstance(events, list) else []
    return repeated(one(schedule.get("repeat"))) or joined(moments)


# terminology.hl7.org v3-GTSAbbreviation, the codes bound to Timing.code
TIMES: Final = {
    "BID": "twice a day",
    "TID": "three times a day",
    "QID": "four times a day",
    "AM": "every morning",
    "PM": "every afternoon",
    "QD": "every day",
    "QOD": "every other day",
    "Q1H": "every hour",
    "Q2H": "every 2 hours",
    "Q3H": "every 3 hours",
    "Q4H": "every 4 hours",
    "Q6H": "every 6 hours",
    "Q8H": "every 8 hours",
    "BED": "at bedtime",
    "WK": "weekly",
    "MO": "monthly",
}
UNITS: Final = {
    "s": "second",
    "min": "minute",
    "h": "hour",
    "d": "day",
    "wk": "week",
    "mo": "month",
    "a": "year",
}
# hl7.org/fhir/R4 event-timing and days of the week
_EVENTS: Final = {
    "MORN": "in the morning",
    "AFT": "in the afternoon",
    "EVE": "in the evening",
    "NIGHT": "at night",
    "PHS": "after sleep",
    "HS": "before sleep",
    "WAKE": "on waking",
    "C": "at meals",
    "CM": "at breakfast",
    "CD": "at lunch",
    "CV": "at dinner",
    "AC": "before meals",
    "ACM": "before breakfast",
    "ACD": "before lunch",
    "ACV": "before dinner",
    "PC": "after meals",
    "PCM": "after breakfast",
    "PCD": "after lunch",
    "PCV": "after dinner",
    "mon": "on Mondays",
    "tue": "on Tuesdays",
    "wed": "on Wednesdays",
    "thu": "on Thursdays",
    "fri": "on Fridays",
    "sat": "on Saturdays",
    "sun": "on Sundays",
}


def repeated(repeat: dict[str, object]) -> str:
    """Timing.repeat as "twice a day, before meals, for 10 days"."""
    named = (*_listed(repeat.get("dayOfWeek")), *_listed(repeat.get("when")))
    codes = [_EVENTS.get(code, "") for code in named]
    clocks = [f"at {time[:5]}" for time in _listed(repeat.get("timeOfDay"))]
    bounds = repeat.get("boundsPeriod")
    length = _length(one(repeat.get("boundsDuration")))
    parts = [_often(repeat), *codes, *clocks, f"for {length}" if length else "", period(bounds)]
    return joined(parts, ", ")


def _listed(value: object) -> list[str]:
    found = [clean(item, 20) for item in value[:20]] if isinstance(value, list) else []
    return [item for item in found if item]


def _often(repeat: dict[str, object]) -> str:
    frequency, most = whole(repeat.get("frequency")), whole(repeat.get("frequencyMax"))
    unit = UNITS.get(clean(repeat.get("periodUnit")), "")
    every = whole(repeat.get("period"))
    if not unit:
        return ""
    if not frequency or (frequency == "1" and not most):
        return f"every {unit}" if every in {"", "1"} else f"every {every} {unit}s"
    times = f"{frequency} to {most} times" if most else _times(frequency)
    each_unit = f"{'an' if unit == 'hour' else 'a'} {unit}"
    return f"{times} {each_unit}" if every in {"", "1"} else f"{times} every {every} {unit}s"


def _times(frequency: str) -> str:
    return {"2": "twice", "3": "three times", "4": "four times"}.get(
        frequency, f"{frequency} times"
    )


def _length(duration: dict[str, object]) -> str:
    number = whole(duration.get("value"))
    unit = UNITS.get(clean(duration.get("code")), clean(duration.get("unit"), 30).removesuffix("s"))
    return f"{number} {unit}{'' if number == '1' else 's'}" if number and unit else ""


def whole(value: object) -> str:
    """A count for a sentence; "" unless `value` is a number that reads like one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        return ""
    return f"{value:g}" if value < 1e6 else str(int(value))
