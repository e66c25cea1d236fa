"""The rows of a table as FHIR R4 Observations, by what its owner said is in which column.

Sources: FHIR R4 vital signs profiles (hl7.org/fhir/R4/observation-vitalsigns.html); UCUM 2.1.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from phr.formats import measurements as known
from phr.formats.measurements import Measurement
from phr.formats.parsed import Output, Refused, Skipped
from phr.formats.resource import decimal, made
from phr.formats.table import matching as parts
from phr.formats.table.compound import SCALES, scaled
from phr.formats.table.dates import Moment, clock, local, moment, serial
from phr.formats.table.numbers import Number, number, pressure
from phr.formats.table.words import meaning, ucum, unit_in
from phr.formats.terms import clean

Json = dict[str, Any]

_MM_HG = {"unit": "mmHg", "system": known.UCUM, "code": "mm[Hg]"}
_PRESSURES = {
    "upper": (known.SYSTOLIC, "Systolic blood pressure"),
    "lower": (known.DIASTOLIC, "Diastolic blood pressure"),
}
_NO_DATE = "it has no date that can be read"
_NO_NUMBER = "what stands under “{}” is not a number"
_IMPOSSIBLE = "the number under “{}” is not possible in this unit"
_WRITTEN = "In the table: {}."
_OTHER_UNIT = (
    "the number under “{}” would be unusual in {} and usual in {}: write the unit beside it"
)
_UPPER_BELOW = "the upper number of the blood pressure is not above the lower one"


# Below or above what number is not told: each kind of meter has its own.
_BEYOND = {"lo": "lower", "low": "lower", "hi": "higher", "high": "higher"}


class _Left(Exception):
    """A cell or a row that is left out; its text says why."""


class Rows:
    """Turns rows into readings, by the `answers` that `matching` describes."""

    def __init__(self, names: Sequence[str], answers: Mapping[str, str]) -> None:
        self._names = names
        self._columns = parts.columns(answers)
        self._order, self._point = answers.get("order", ""), answers.get("point", ".")
        zone = answers.get("zone", "")
        self._zone = ZoneInfo(zone) if zone not in {"", parts.ASKED} else None

    def read(self, row: Sequence[str], place: str) -> Iterator[Output]:
        """The readings of one row, and why others of it are left out; nothing for an empty row."""
        if not any(row):
            return
        try:
            around = self._around(row)
        except _Left as left:
            yield Skipped(place, str(left))
            return
        any_told = False
        for found in self._readings(row):
            any_told = True
            if isinstance(found, str):
                yield Skipped(place, found)
            else:
                yield _kept(_observation(found, around), place)
        if not any_told:
            yield Skipped(place, "it has no measurement in it")

    def _one(self, part: str, row: Sequence[str]) -> str:
        at = next(iter(self._columns.get(part, ())), len(row))
        return row[at] if at < len(row) else ""

    def _around(self, row: Sequence[str]) -> Json:
        """When it was and what was noted: the same for all readings of a row. Raises _Left."""
        cell = self._one(parts.DATE, row)
        at = moment(cell, self._order) or serial(cell)
        if at is None:
            raise _Left(_NO_DATE)
        if not at.time and (told := self._one(parts.TIME, row)):
            time, zone = clock(told)
            at = Moment(at.day, time, zone)
        at = local(at, self._zone)
        clocked = f"At {at.time[:5]}." if at.time and not at.zone else ""
        note = f"{clocked} {clean(self._one(parts.NOTE, row))}".strip()
        return {"effectiveDateTime": at.fhir} | ({"note": [{"text": note}]} if note else {})

    def _heading(self, at: int) -> str:
        return self._names[at] if at < len(self._names) else ""

    def _readings(self, row: Sequence[str]) -> Iterator[Json | str]:
        """The elements of each reading, or why it is none."""
        yield from self._pressures(row)
        for key, places in self._columns.items():
            scale = SCALES.get(key)
            found = parts.MEASUREMENTS.get(scale.of if scale else key)
            for at in places if found else ():
                if found and at < len(row) and row[at]:
                    yield _either(self._measured, key, found, row[at], self._heading(at))
        if told := self._one(parts.VALUE, row):
            yield _either(self._named, row, told)

    def _pressures(self, row: Sequence[str]) -> Iterator[Json | str]:
        together = self._one(parts.BOTH, row)
        if together:
            yield _either(_both, together)
        ends = {end: told for end in _PRESSURES if (told := self._one(end, row))}
        if ends:
            yield _either(self._apart, ends)

    def _apart(self, ends: Mapping[str, str]) -> Json:
        numbers = {end: number(told, self._point) for end, told in ends.items()}
        if not all(found and found.unit.casefold() in ("", "mmhg") for found in numbers.values()):
            raise _Left(_NO_NUMBER.format("Blood pressure"))
        return _pressure({end: found.text for end, found in numbers.items() if found})

    def _measured(self, key: str, of: Measurement, told: str, heading: str) -> Json:
        if beyond := _beyond(of, told):
            return beyond
        found = number(told, self._point)
        unit = ucum(found.unit) if found else ""
        if whole := scaled(key, told, self._point, unit):
            return _scaled(*whole, told)
        if found is None:
            raise _Left(_NO_NUMBER.format(of.name))
        if found.unit and unit != of.ucum:
            other = parts.of_unit(of.key, unit)
            if other is None:
                raise _Left(f"the unit beside the number under “{of.name}” does not fit it")
            of = other
        elif not found.unit and not unit_in(heading):
            _check_unit(of, found)
        return _of(of, found)

    def _named(self, row: Sequence[str], told: str) -> Json:
        """A reading of which one column says what it is."""
        name = clean(self._one(parts.WHAT, row))
        if not name:
            raise _Left("it does not say what was measured")
        kind = meaning(name)
        if kind == parts.BOTH and pressure(told):
            return _both(told)
        found = number(told, self._point)
        unit = (found.unit if found else "") or self._one(parts.UNIT, row)
        coded = ucum(unit) or unit_in(name)
        if kind and (whole := scaled(kind, told, self._point, coded)):
            return _scaled(*whole, f"{told} {unit}" if found and not found.unit else told)
        if found is None:
            of = parts.of_unit(kind, coded) if kind else None
            if of and (beyond := _beyond(of, told)):
                return beyond
            raise _Left(_NO_NUMBER.format("The number"))
        if kind in _PRESSURES and ucum(unit or "mmHg") == "mm[Hg]":
            return _end(kind, found)
        return self._other(name, kind, found, unit)

    def _other(self, name: str, kind: str, found: Number, unit: str) -> Json:
        coded = ucum(unit) or unit_in(name)
        units = [m for m in parts.MEASUREMENTS.values() if m.key.split("-")[0] == kind]
        if of := parts.of_unit(kind, coded):
            return _of(of, found)
        if units and not unit:
            if len(units) == 1:
                return _of(units[0], found)
            raise _Left(f"the unit of “{units[0].name}” is not said")
        shown = clean(unit)
        coding = {"system": known.UCUM, "code": coded} if coded else {}
        quantity = _quantity(found) | ({"unit": shown} if shown else {}) | coding
        return {"code": {"text": name}, "valueQuantity": quantity}


def _either(read: Any, *cells: Any) -> Json | str:
    try:
        found: Json = read(*cells)
    except _Left as left:
        return str(left)
    return found


def _scaled(key: str, text: str, told: str) -> Json:
    """A number in the unit that is kept, and in a note how it stood in the table."""
    note = {"note": [{"text": _WRITTEN.format(clean(told))}]}
    return _of(parts.MEASUREMENTS[key], Number(text)) | note


def _of(of: Measurement, found: Number) -> Json:
    if not of.possible[0] <= Decimal(found.text) <= of.possible[1]:
        raise _Left(_IMPOSSIBLE.format(of.name))
    unit = {"unit": of.unit, "system": known.UCUM, "code": of.ucum}
    return _named_as(of) | {"valueQuantity": _quantity(found) | unit}


def _named_as(of: Measurement) -> Json:
    coding = {"system": known.LOINC, "code": of.code, "display": of.display}
    return {
        "category": [{"coding": [{"system": known.CATEGORY, "code": of.category}]}],
        "code": {"coding": [coding], "text": of.name},
    }


def _beyond(of: Measurement, told: str) -> Json | None:
    """What a glucose meter writes for what it cannot measure, in its words; None for a number."""
    side = _BEYOND.get(told.casefold()) if of.key.startswith("glucose") else None
    said = f"{clean(told)} ({side} than the meter can measure)"
    return _named_as(of) | {"valueString": said} if side else None


def _check_unit(of: Measurement, found: Number) -> None:
    """A number whose unit nothing in the table says. Raises _Left where it fits another better."""
    value, begin = Decimal(found.text), of.key.split("-")[0]
    if of.usual[0] <= value <= of.usual[1]:
        return
    for other in parts.MEASUREMENTS.values():
        if other.key.split("-")[0] == begin and other.usual[0] <= value <= other.usual[1]:
            raise _Left(_OTHER_UNIT.format(of.name, of.unit, other.unit))


def _quantity(found: Number) -> Json:
    compared = {"comparator": found.comparator} if found.comparator else {}
    return {"value": decimal(found.text)} | compared


def _both(told: str) -> Json:
    found = pressure(told)
    if found is None:
        raise _Left(_NO_NUMBER.format("Blood pressure"))
    return _pressure(dict(zip(_PRESSURES, found, strict=True)))


def _end(end: str, found: Number) -> Json:
    """One of the two numbers, where a row holds only one."""
    _check(end, found.text)
    return _vital(*_PRESSURES[end]) | {"valueQuantity": _quantity(found) | _MM_HG}


def _pressure(ends: Mapping[str, str]) -> Json:
    """The Blood Pressure Panel."""
    for end, text in ends.items():
        _check(end, text)
    if len(ends) > 1 and Decimal(ends["upper"]) <= Decimal(ends["lower"]):
        raise _Left(_UPPER_BELOW)
    component = [
        {"code": _concept(*_PRESSURES[end]), "valueQuantity": _quantity(Number(text)) | _MM_HG}
        for end, text in ends.items()
    ]
    return _vital(known.PRESSURE, "Blood pressure") | {"component": component}


def _check(end: str, text: str) -> None:
    low, high = known.POSSIBLE_PRESSURE[end]
    if not low <= Decimal(text) <= high:
        raise _Left(_IMPOSSIBLE.format("Blood pressure"))


def _vital(code: str, name: str) -> Json:
    category = [{"coding": [{"system": known.CATEGORY, "code": "vital-signs"}]}]
    return {"category": category, "code": _concept(code, name)}


def _concept(code: str, name: str) -> Json:
    return {"coding": [{"system": known.LOINC, "code": code, "display": name}], "text": name}


def _observation(found: Json, around: Json) -> Json:
    notes = [*found.get("note", ()), *around.get("note", ())]
    said = {"note": notes} if notes else {}
    return {"resourceType": "Observation", "status": "final"} | found | around | said


def _kept(resource: Json, place: str) -> Output:
    try:
        return made(resource, place)
    except Refused:
        return Skipped(place, "it cannot be kept as a measurement")
