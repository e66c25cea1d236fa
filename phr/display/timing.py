"""FHIR Timing in words: how often, when, how long. Source: FHIR R4 Datatypes §2.24.0.19."""

from typing import Final

from phr.display.dates import moment, period, whole
from phr.display.words import clean, each, joined, one

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
    "MORN.early": "early in the morning",
    "MORN.late": "late in the morning",
    "NOON": "at noon",
    "AFT.early": "early in the afternoon",
    "AFT.late": "late in the afternoon",
    "EVE.early": "early in the evening",
    "EVE.late": "late in the evening",
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
_UNTOLD: Final = "see the original for the rest"


def timing(value: object) -> str:
    """A Timing: its own words, else how often, else the moments it names.

    Its words stand for all of it but the bounds, as the standard says.
    """
    schedule = one(value)
    code, repeat = one(schedule.get("code")), one(schedule.get("repeat"))
    said = clean(code.get("text")) or joined(
        TIMES.get(clean(coding.get("code")), clean(coding.get("display")))
        for coding in each(code.get("coding"))
    )
    if said:
        return joined((said, _bounds(repeat)), ", ")
    events = schedule.get("event")
    moments = [moment(event) for event in events[:20]] if isinstance(events, list) else []
    return repeated(repeat) or joined(moments)


def repeated(repeat: dict[str, object]) -> str:
    """Timing.repeat as "twice a day, before meals, for 10 days"."""
    parts = [
        _often(repeat),
        *(_event(code, repeat.get("offset")) for code in _listed(repeat.get("when"))),
        *(_EVENTS.get(code, _UNTOLD) for code in _listed(repeat.get("dayOfWeek"))),
        *(f"at {time[:5]}" for time in _listed(repeat.get("timeOfDay"))),
        _each_time(repeat),
        _count(repeat),
        _bounds(repeat),
    ]
    return joined(parts, ", ")


def _listed(value: object) -> list[str]:
    found = [clean(item, 20) for item in value[:20]] if isinstance(value, list) else []
    return [item for item in found if item]


def _often(repeat: dict[str, object]) -> str:
    times = _span(whole(repeat.get("frequency")), whole(repeat.get("frequencyMax")))
    unit = UNITS.get(clean(repeat.get("periodUnit")), "")
    every = _span(whole(repeat.get("period")), whole(repeat.get("periodMax")))
    if not unit:
        return _times(times) if times else ""
    if times in {"", "1"}:
        return f"every {unit}" if every in {"", "1"} else f"every {every} {unit}s"
    each_unit = f"{'an' if unit == 'hour' else 'a'} {unit}"
    return f"{_times(times)} {each_unit if every in {'', '1'} else f'every {every} {unit}s'}"


def _span(least: str, most: str) -> str:
    return f"{least} to {most}" if least and most and least != most else least or most


def _times(number: str) -> str:
    words = {"1": "once", "2": "twice", "3": "three times", "4": "four times"}
    return words.get(number, f"{number} times")


def _event(code: str, offset: object) -> str:
    """ "30 minutes before meals"; where the event does not say before or after, it is after."""
    event, minutes = _EVENTS.get(code, _UNTOLD), whole(offset)
    if minutes in {"", "0"} or event == _UNTOLD:
        return event
    if event.startswith(("before ", "after ")):
        return f"{minutes} minutes {event}"
    return f"{event} and {minutes} minutes later"


def _each_time(repeat: dict[str, object]) -> str:
    number = _span(whole(repeat.get("duration")), whole(repeat.get("durationMax")))
    length = _counted(number, UNITS.get(clean(repeat.get("durationUnit")), ""))
    return f"each time for {length}" if length else ""


def _count(repeat: dict[str, object]) -> str:
    number = _span(whole(repeat.get("count")), whole(repeat.get("countMax")))
    return f"{_times(number)} in all" if number else ""


def _bounds(repeat: dict[str, object]) -> str:
    span, length = one(repeat.get("boundsRange")), _length(one(repeat.get("boundsDuration")))
    low, high = (_length(one(span.get(end))) for end in ("low", "high"))
    between = _span(low, high)
    parts = (f"for {told}" if told else "" for told in (length, between))
    return joined((*parts, period(repeat.get("boundsPeriod"))), ", ")


def _length(duration: dict[str, object]) -> str:
    unit = UNITS.get(clean(duration.get("code")), clean(duration.get("unit"), 30).removesuffix("s"))
    return _counted(whole(duration.get("value")), unit)


def _counted(number: str, unit: str) -> str:
    return f"{number} {unit}{'' if number == '1' else 's'}" if number and unit else ""
