"""Due dates as a pure function of a rule and what happened, with the reckoning in plain words.

Sources: GDPR Art. 12(3) with Regulation 1182/71 Art. 3; UK GDPR Art. 12, 12A; 11 CCR 7021;
45 CFR 164.524, 164.526, 164.528. Days only: `rights.regimes.day_of` turns an instant into a day.
"""

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from rights.calendars import DAY, SATURDAY, Calendar
from rights.regimes import Period, Rule

IDENTITY, CLARIFICATION = "identity", "clarification"
NUMBERS: Final = {1: "one", 2: "two", 3: "three"}
ASKED: Final = {
    IDENTITY: "We asked you to show who you are",
    CLARIFICATION: "We asked you what exactly you want",
}


class Kind(StrEnum):
    """What happened to a clock."""

    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    DROPPED = "dropped"
    EXTENDED = "extended"
    SATISFIED = "satisfied"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened on a legal day; `reason` is which question paused its clock."""

    kind: Kind
    on: date
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Due:
    """When a request is due.

    `legal` is the last day of the law, `safe` the day we work to, `acknowledge` the last day to
    confirm receipt, `extend_by` the last day to say that more time is needed; `paused_since` is set
    while we wait for an answer for which the law stops the clock. `derivation` are sentences.
    """

    legal: date
    safe: date
    acknowledge: date | None
    extend_by: date | None
    paused_since: date | None
    derivation: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Wait:
    reason: str
    asked: date
    answered: date | None = None
    dropped: date | None = None

    @property
    def is_open(self) -> bool:
        return not self.answered and not self.dropped


def due(rule: Rule, events: Sequence[Event], *, calendar: Calendar | None = None) -> Due:
    """The due dates after these events, oldest first; `calendar` instead of the rule's own.

    Raises ValueError without a start, or for an extension that the rule does not know.
    """
    days = calendar or rule.calendar
    received = _first(events)
    waits = list(_waits(events))
    start = _start(rule, received, waits)
    apart = _days_apart(rule, start, waits)
    extended = next((one.on for one in events if one.kind is Kind.EXTENDED), None)
    if extended and rule.extension is None:
        raise ValueError(f"{rule.version} knows no extension")
    base = _rolled(rule, days, _end(rule, days, start, apart, extended=False))
    end = _end(rule, days, start, apart, extended=extended is not None)
    legal = max(_rolled(rule, days, end), base)
    safe = legal if rule.safe == "legal" else days.previous_working(end - DAY)
    acknowledge = _add(days, received, rule.acknowledgement) if rule.acknowledgement else None
    words = [
        *_beginning(rule, received, start, waits),
        *_more_time(rule, extended),
        _ending(rule, days, end, legal, apart=apart, extended=bool(extended)),
        *_planning(rule, safe, legal, acknowledge),
    ]
    pending = [one.asked for one in waits if one.is_open and rule.waits(one.reason) != "runs"]
    return Due(
        legal,
        min(safe, legal),
        acknowledge,
        base if rule.extension and not extended else None,
        min(pending, default=None),
        tuple(words),
    )


def add_months(day: date, months: int) -> date:
    """The same day that many months later, or the last of that month (Regulation 1182/71 Art. 3)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _first(events: Sequence[Event]) -> date:
    started = [one.on for one in events if one.kind is Kind.STARTED]
    if not started:
        raise ValueError("the clock never started")
    return started[0]


def _waits(events: Sequence[Event]) -> Iterator[_Wait]:
    asked: dict[str, date] = {}
    for one in events:
        if one.kind is Kind.PAUSED:
            asked.setdefault(one.reason, one.on)
        elif one.kind is Kind.RESUMED and one.reason in asked:
            yield _Wait(one.reason, asked.pop(one.reason), answered=one.on)
        elif one.kind is Kind.DROPPED and one.reason in asked:
            yield _Wait(one.reason, asked.pop(one.reason), dropped=one.on)
    yield from (_Wait(reason, on) for reason, on in asked.items())


def _start(rule: Rule, received: date, waits: list[_Wait]) -> date:
    """The day from which time is counted: receipt, or the answer where that begins it anew."""
    answers = [one.answered for one in waits if rule.waits(one.reason) == "reset" and one.answered]
    return max([received, *answers])


def _days_apart(rule: Rule, start: date, waits: list[_Wait]) -> int:
    """How many days do not count, each once however many questions were open on it."""
    days: set[date] = set()
    for one in waits:
        manner = rule.waits(one.reason)
        if one.answered is None or manner not in {"suspend", "exclude"}:
            continue
        day = one.asked if manner == "exclude" else one.asked + DAY
        while day <= one.answered:
            days.add(day)
            day += DAY
    return sum(day >= start for day in days)


def _add(calendar: Calendar, day: date, period: Period) -> date:
    if period.business_days:
        return calendar.after(day, working_days=period.business_days)
    return add_months(day, period.months) + period.days * DAY


def _end(rule: Rule, calendar: Calendar, start: date, apart: int, *, extended: bool) -> date:
    """The last day before any moving for weekends and holidays."""
    end = _add(calendar, start, rule.base)
    if extended and rule.extension:
        end = _add(calendar, end, rule.extension)
        if rule.base.months:
            # From 31 January one reading gives 28 April, another 30 April: the earlier holds.
            whole = rule.base.months + rule.extension.months
            end = min(end, add_months(start, whole))
    return end + apart * DAY


def _rolled(rule: Rule, calendar: Calendar, end: date) -> date:
    return calendar.next_working(end) if rule.roll == "forward" else end


# --- in words ------------------------------------------------------------------------------------


def in_words(day: date) -> str:
    """`2 March 2026`."""
    return f"{day.day} {day:%B %Y}"


def _with_weekday(day: date) -> str:
    return f"{day:%A} {in_words(day)}"


def _length(period: Period, *, more: bool = False) -> str:
    """`one month`, `45 more days`, `15 working days`."""
    number = period.months or period.days or period.business_days
    unit = "month" if period.months else "working day" if period.business_days else "day"
    word = NUMBERS.get(number, str(number)) if period.months else str(number)
    return f"{word}{' more' if more else ''} {unit}{'s' if number > 1 else ''}"


def _beginning(rule: Rule, received: date, start: date, waits: list[_Wait]) -> Iterator[str]:
    yield f"Received {in_words(received)}."
    for one in waits:
        manner, asked = rule.waits(one.reason), f"{ASKED[one.reason]} on {in_words(one.asked)}"
        if manner == "runs":
            yield f"{asked}. This rule does not stop the clock for that."
        elif one.dropped:
            went_on = in_words(one.dropped)
            yield f"{asked}. We went on without an answer on {went_on}, so all days count."
        elif one.answered is None:
            yield f"{asked}. The time that you take to answer will be added."
        elif manner == "reset":
            yield f"{asked}, and you answered on {in_words(one.answered)}."
        else:
            until = in_words(one.answered)
            yield f"{asked}, and you answered on {until}. The days between do not count."
    if start > received:
        yield f"So the time begins on {in_words(start)}."


def _more_time(rule: Rule, extended: date | None) -> Iterator[str]:
    if extended and rule.extension:
        yield f"We told you on {in_words(extended)} that we need {_length(rule.extension)} more."


def _ending(
    rule: Rule,
    calendar: Calendar,
    end: date,
    legal: date,
    *,
    apart: int,
    extended: bool,
) -> str:
    length = _length(rule.base)
    if extended and rule.extension:
        length += f" and {_length(rule.extension, more=True)}"
    if apart:
        length += f" and {apart} day{'s' if apart > 1 else ''}"
    length = length[0].upper() + length[1:]
    if legal == end:
        return f"{length} later is {_with_weekday(end)}."
    why = (
        f"a {end:%A}" if end.weekday() >= SATURDAY or not calendar.is_holiday(end) else "a holiday"
    )
    return f"{length} later is {end.day} {end:%B}, {why}, so it moves to {_with_weekday(legal)}."


def _planning(rule: Rule, safe: date, legal: date, acknowledge: date | None) -> Iterator[str]:
    if not rule.statutory:
        yield "The law names no number of days for this; this limit is our own."
    if safe < legal:
        yield f"To be safe we work to {_with_weekday(safe)}."
    if acknowledge:
        yield f"We confirm that we have it by {_with_weekday(acknowledge)}."
