"""Apple's measurements folded into days, and what each day becomes in FHIR R4.

A watch measures a pulse every few minutes: a day of it is one Observation with its lowest, highest
and average value. What is measured now and then stays as it is. Memory follows types and days.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from phr.formats import apple_types as types
from phr.formats.meaning import bounded
from phr.formats.parsed import Limits, Parsed, Refused
from phr.formats.resource import decimal, made
from phr.formats.terms import clean

Json = dict[str, Any]

# More measurements of one kind on one day than this, and they are folded after all.
MOST_SINGLES = 10
IDENTITY = "Observation|apple-health"
_STATISTICS = "http://terminology.hl7.org/CodeSystem/observation-statistics"
_CATEGORIES = "http://terminology.hl7.org/CodeSystem/observation-category"
_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"


@dataclass(frozen=True, slots=True)
class Measured:
    """One `<Record>`: its `value` as a decimal's text, `at` as a FHIR dateTime, where it stood."""

    kind: str
    unit: str
    source: str
    at: str
    value: str
    number: int

    @property
    def day(self) -> str:
        """The day where the phone was."""
        return self.at[:10]


@dataclass(slots=True)
class _Day:
    """One kind of measurement on one day. `sums` by source, only of what adds up."""

    first: int
    count: int = 0
    total: float = 0.0
    low: float = float("inf")
    high: float = float("-inf")
    sums: dict[str, float] = field(default_factory=dict)
    singles: list[Measured] | None = None

    def add(self, one: Measured) -> None:
        value = float(one.value)
        self.count += 1
        self.total += value
        self.low, self.high = min(self.low, value), max(self.high, value)


class Days:
    """Takes measurements one by one; `resources` gives what became of them."""

    def __init__(self, limits: Limits) -> None:
        self._most = limits.max_entries
        self._kept = 1  # the person
        self._days: dict[tuple[str, str, str], _Day] = {}
        self._pressures: dict[tuple[str, str], dict[str, Measured]] = {}

    def add(self, one: Measured) -> None:
        """Take one measurement. Raises Refused when there are too many days."""
        if one.kind in types.PRESSURES:
            return self._add_pressure(one)
        key = (one.kind, one.day, one.unit)
        day = self._days.get(key)
        if day is None:
            self._grow()
            day = self._days[key] = _Day(one.number)
            day.singles = [] if one.kind in types.SINGLE else None
        day.add(one)
        if day.singles is not None:
            self._add_single(day, one)
        elif types.counted(one.kind):
            if one.source not in day.sums:
                self._grow()
            day.sums[one.source] = day.sums.get(one.source, 0.0) + float(one.value)
        return None

    def _add_single(self, day: _Day, one: Measured) -> None:
        self._grow()
        day.singles = [*(day.singles or ()), one] if day.count <= MOST_SINGLES else None

    def _add_pressure(self, one: Measured) -> None:
        key = (one.at, one.source)
        if key not in self._pressures:
            self._grow()
        self._pressures.setdefault(key, {}).setdefault(one.kind, one)

    def _grow(self) -> None:
        self._kept += 1
        if self._kept > self._most:
            raise Refused(
                f"The file has more than {self._most:,} days and measurements to keep, which is "
                "more than can be read at once."
            )

    def resources(self, subject: str) -> Iterator[Parsed]:
        """Everything that was taken, as Observations about `subject`."""
        about: Json = {"subject": {"reference": subject}} if subject else {}
        for parts in self._pressures.values():
            yield _pressure(parts, about)
        named = set[tuple[str, str]]()
        for (kind, day, unit), found in self._days.items():
            if found.singles is not None:
                yield from _singles(found.singles, about)
                continue
            # A second unit on the same day is another Observation, the first keeps the name.
            name = f"{kind}|{day}" + (f"|{unit}" if (kind, day) in named else "")
            named.add((kind, day))
            yield made(
                _summary((kind, day, unit), found, about),
                f"from record {found.first}",
                identity=f"{IDENTITY}|{name}",
            )


def _summary(key: tuple[str, str, str], found: _Day, about: Json) -> Json:
    kind, day, unit = key
    values: dict[str, tuple[float, str]]
    if found.sums:
        value = max(found.sums.values())
        values = {"sum": (value, unit)}
    else:
        value = found.total / found.count
        values = {"minimum": (found.low, unit), "maximum": (found.high, unit)}
        values["average"] = (value, unit)
    values["count"] = (found.count, "count")
    return {
        **_observation(kind, unit, about),
        "effectivePeriod": {"start": day, "end": day},
        "valueQuantity": quantity(_text(value), unit),
        "note": [{"text": _note(found)}],
        "component": [
            {"code": _coding(_STATISTICS, each), "valueQuantity": quantity(_text(n), u)}
            for each, (n, u) in values.items()
        ],
    }


def _note(found: _Day) -> str:
    if not found.sums:
        return f"The average of a day, from {found.count:,} measurements in Apple Health."
    if len(found.sums) == 1:
        return "The sum of a day in Apple Health."
    return (
        f"The sum of a day in Apple Health. {len(found.sums)} devices or apps counted; this is the "
        "largest of their sums, because they may have counted the same thing."
    )


def _singles(singles: list[Measured], about: Json) -> Iterator[Parsed]:
    for one in {(each.at, each.source): each for each in singles}.values():
        resource = {
            **_observation(one.kind, one.unit, about),
            "effectiveDateTime": one.at,
            "valueQuantity": quantity(one.value, one.unit),
            **_device(one),
        }
        identity = bounded(f"{IDENTITY}|{one.kind}|{one.at}|{one.source}")
        yield made(resource, f"record {one.number}", identity=identity)


def _pressure(parts: dict[str, Measured], about: Json) -> Parsed:
    """Both pressures as one Observation. Source: FHIR R4 profile `bp`."""
    one = next(iter(parts.values()))
    unknown = {"dataAbsentReason": _coding(_ABSENT, "unknown")}
    resource = {
        **_observation(one.kind, one.unit, about),
        "code": {
            **_coding(types.LOINC, types.BLOOD_PRESSURE),
            "text": "Blood pressure",
        },
        "category": [_coding(_CATEGORIES, "vital-signs")],
        "effectiveDateTime": one.at,
        **_device(one),
        "component": [
            {
                "code": {**_coding(types.LOINC, code), "text": types.words(kind)},
                **(
                    {"valueQuantity": quantity(parts[kind].value, parts[kind].unit)}
                    if kind in parts
                    else unknown
                ),
            }
            for kind, code in types.PRESSURES.items()
        ],
    }
    identity = bounded(f"{IDENTITY}|blood-pressure|{one.at}|{one.source}")
    return made(resource, f"record {one.number}", identity=identity)


def _observation(kind: str, unit: str, about: Json) -> Json:
    coding = [{"system": types.LOINC, "code": code} for code in types.codes(kind, unit)]
    coding.append({"system": types.APPLE, "code": kind})
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [_coding(_CATEGORIES, types.category(kind))],
        "code": {"coding": coding, "text": types.words(kind)},
        **about,
    }


def _coding(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def _device(one: Measured) -> Json:
    shown = clean(one.source)
    return {"device": {"display": shown}} if shown else {}


def quantity(value: str, unit: str) -> Json:
    """A FHIR Quantity; with a UCUM code where Apple's unit has one."""
    found: Json = {"value": decimal(value)}
    if shown := clean(unit):
        found["unit"] = shown
    if code := types.ucum(unit):
        found |= {"system": types.UCUM, "code": code}
    return found


def _text(value: float) -> str:
    """At most ten digits: more of an average means nothing."""
    return format(Decimal(f"{value:.10g}").normalize() + 0, "f")
