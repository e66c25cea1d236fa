"""The numbers in an Observation, for drawing. Source: FHIR R4 Observation.value[x], .component."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from phr.display.concepts import concept, worded
from phr.display.current import sound
from phr.display.dates import date, known
from phr.display.quantities import measurable, unit
from phr.display.words import each, one
from phr.formats.effective import as_written
from phr.formats.resource import codes
from phr.search import words

# mmol/l, ml, dl: but not mol.
_LITRE: Final = re.compile(r"((?:^|/)[mdcµμunpf]?)l(?=$|/)")
_UCUM = "http://unitsofmeasure.org"
_RESULT: Final = ("value", "component")


@dataclass(frozen=True, slots=True)
class Value:
    """One number: of the observation itself (`name` is "") or of one of its components.

    `unit` as people write it; `low` and `high` bound the normal range in the same unit; `source`
    counts from 1; `day` is as precise as it is known, "" without one.
    """

    name: str
    at: datetime
    number: float
    unit: str
    low: float | None
    high: float | None
    source: int
    day: str = ""

    @property
    def when(self) -> str:
        """The day in words."""
        return date(known(self.day, self.at))


def coded(resource: dict[str, Any]) -> set[str]:
    """Its codes as `system|code`; a bare code means something else in every laboratory."""
    return {code for code in codes(resource) if not code.startswith("|")}


def named(resource: dict[str, Any]) -> tuple[str, ...]:
    """The words of its name, none where it has but a code; results without one go by these."""
    return words(worded(resource.get("code")))


def alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two Observations measure the same: by a code that both have, else by their name.

    One with a code is never taken for one without: a name alone does not say in what it was found.
    """
    codes_of_one, codes_of_other = coded(one), coded(other)
    if codes_of_one or codes_of_other:
        return bool(codes_of_one & codes_of_other)
    return bool(named(one)) and named(one) == named(other)


def last_results(resources: Iterable[dict[str, Any]]) -> list[int]:
    """Places of the first of each in a list that begins with the newest; only with a result.

    What is the same is told as in `alike`; one without a code or a name is like no other.
    """
    seen: set[str | tuple[str, ...]] = set()
    places = []
    for place, resource in enumerate(resources):
        names = {*coded(resource)} or {named(resource)} - {()}
        if _has_result(resource) and not names & seen:
            places.append(place)
            seen |= names
    return places


def _has_result(resource: dict[str, Any]) -> bool:
    return any(name.startswith(_RESULT) for name in resource)


def chartable(resource: dict[str, Any]) -> bool:
    """Whether an Observation has a number, and a code or a name by which others are found."""
    known = coded(resource) or named(resource)
    return bool(values(resource, datetime.max.replace(tzinfo=UTC), 1) and known)


def values(resource: dict[str, Any], at: datetime, source: int) -> list[Value]:
    """The exact numbers of a sound Observation; "less than 5" is not one."""
    if resource.get("resourceType") != "Observation" or not sound(resource):
        return []
    if resource.get("modifierExtension"):
        # Its own page warns that something changes what it means; a dot cannot.
        return []
    return list(_values(resource, at, source))


def _values(resource: dict[str, Any], at: datetime, source: int) -> Iterator[Value]:
    parts = [("", resource)]
    parts += [
        (concept(part.get("code")) or "Part", part) for part in each(resource.get("component"))
    ]
    for name, holder in parts:
        quantity = one(holder.get("valueQuantity"))
        number = quantity.get("value", holder.get("valueInteger"))
        if measurable(number) and not quantity.get("comparator"):
            said = _unit(quantity)
            low, high = _range(holder, said)
            day = as_written(resource)[:10]
            yield Value(name, at, float(number), said, low, high, source, day)


def _unit(quantity: dict[str, Any]) -> str:
    """By its UCUM code where there is one, so that two spellings of a unit are the same.

    A litre is l and L in UCUM alike.
    """
    coded = quantity.get("system") == _UCUM and quantity.get("code")
    return _LITRE.sub(r"\1L", unit({"unit": coded} if coded else quantity))


def _range(holder: dict[str, Any], said: str) -> tuple[float | None, float | None]:
    """The one range that is for everybody; none where there are several, or in another unit."""
    usual = [
        found
        for found in each(holder.get("referenceRange"))
        if not found.get("appliesTo") and not found.get("age") and _normal(found)
    ]
    if len(usual) != 1:
        return None, None
    return _bound(usual[0].get("low"), said), _bound(usual[0].get("high"), said)


def _normal(found: dict[str, Any]) -> bool:
    kind = concept(found.get("type")).lower()
    return not kind or "normal" in kind


def _bound(value: object, said: str) -> float | None:
    found = one(value)
    number = found.get("value")
    same = _unit(found) in {said, ""}
    return float(number) if measurable(number) and same else None
