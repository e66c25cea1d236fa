"""The laws and their clocks as data (`data/regimes.toml`): which rule a request is judged by."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from rights.calendars import CALENDARS, Calendar


class Right(StrEnum):
    """What somebody may ask for; the value is stored, `label` is what a person reads."""

    ACCESS = "access"
    PORTABILITY = "portability"
    RECTIFICATION = "rectification"
    RESTRICTION = "restriction"
    OBJECTION = "objection"
    ERASURE = "erasure"
    ACCOUNTING = "accounting"
    CONSENT = "consent"
    COMPLAINT = "complaint"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS: Final = {
    Right.ACCESS: "See or get a copy of my data",
    Right.PORTABILITY: "Take my data to somebody else",
    Right.RECTIFICATION: "Correct something that is wrong",
    Right.RESTRICTION: "Keep my data but stop using it",
    Right.OBJECTION: "Object to a use of my data",
    Right.ERASURE: "Delete my data",
    Right.ACCOUNTING: "Learn who my data was given to",
    Right.CONSENT: "Take back a consent",
    Right.COMPLAINT: "Complain about how my data is handled",
}


class Jurisdiction(StrEnum):
    """Where a person says that she lives."""

    EU = "eu"
    SWITZERLAND = "switzerland"
    UK = "uk"
    CALIFORNIA = "california"
    OTHER_US = "other-us"
    ELSEWHERE = "elsewhere"

    @property
    def label(self) -> str:
        return _PLACES[self]


_PLACES: Final = {
    Jurisdiction.EU: "European Union, Iceland, Liechtenstein or Norway",
    Jurisdiction.SWITZERLAND: "Switzerland",
    Jurisdiction.UK: "United Kingdom",
    Jurisdiction.CALIFORNIA: "California",
    Jurisdiction.OTHER_US: "Another part of the United States",
    Jurisdiction.ELSEWHERE: "Somewhere else",
}


@dataclass(frozen=True, slots=True)
class Regime:
    """A law by its name; `zone` is where its days begin."""

    key: str
    name: str
    where: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time in one unit; the others are 0."""

    months: int = 0
    days: int = 0
    business_days: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """The clock of one right under one regime; the words are those of `data/regimes.toml`."""

    regime: str
    right: Right
    effective_from: date
    cite: str
    base: Period
    identity: str
    clarification: str
    roll: str
    calendar: Calendar
    safe: str
    extension: Period | None = None
    acknowledgement: Period | None = None
    statutory: bool = True

    @property
    def version(self) -> str:
        """What a request writes down to keep the rule it began with."""
        return f"{self.regime}/{self.right}/{self.effective_from}"

    def waits(self, reason: str) -> str:
        """What asking for "identity" or "clarification" does: runs, suspend, exclude or reset."""
        return self.identity if reason == "identity" else self.clarification


def applying(right: Right, jurisdiction: Jurisdiction, on: date) -> list[Rule]:
    """The rules a request received on that day is judged by: one for each regime, at least one.

    Raises LookupError for a day before every rule.
    """
    for regimes in (_JURISDICTIONS[jurisdiction], ["portal"]):
        rules = [rule for regime in regimes if (rule := _rule(regime, right, on)) is not None]
        if rules:
            return rules
    raise LookupError(f"no rule for {right} on {on}")


def rule_of(version: str) -> Rule:
    """The rule that a request began with. Raises KeyError for one that never was."""
    return _VERSIONS[version]


def day_of(instant: datetime, regime: str, here: ZoneInfo) -> date:
    """The legal day of an instant: the earlier of the day here and the day where the law is from."""
    return min(instant.astimezone(zone).date() for zone in (here, REGIMES[regime].zone))


def _rule(regime: str, right: Right, on: date) -> Rule | None:
    held = [
        rule
        for rule in RULES
        if rule.regime == regime and rule.right == right and rule.effective_from <= on
    ]
    return max(held, key=lambda rule: rule.effective_from, default=None)


def _rules(entries: list[dict[str, Any]]) -> Iterator[Rule]:
    for entry in entries:
        values = entry | {"calendar": CALENDARS[entry["calendar"]]}
        for name in ("base", "extension", "acknowledgement"):
            if name in entry:
                values[name] = Period(**entry[name])
        for right in values.pop("rights"):
            yield Rule(right=Right(right), **values)


def _regimes(entries: Mapping[str, dict[str, str]]) -> dict[str, Regime]:
    return {
        key: Regime(key, entry["name"], entry["where"], ZoneInfo(entry["zone"]))
        for key, entry in entries.items()
    }


_DATA: Final = tomllib.loads((Path(__file__).parent / "data" / "regimes.toml").read_text("utf-8"))
REGIMES: Final = _regimes(_DATA["regimes"])
RULES: Final = tuple(_rules(_DATA["rules"]))
_VERSIONS: Final = {rule.version: rule for rule in RULES}
_JURISDICTIONS: Final[dict[str, list[str]]] = _DATA["jurisdictions"]
