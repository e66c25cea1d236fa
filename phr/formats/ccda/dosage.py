"""How a medicine is taken.

Sources: C-CDA R2.1, Medication Activity (V2), Instruction (V2); HL7 PIVL_TS, EIVL_TS; C-CDA on FHIR
2.0, Medications CDA → FHIR, "Medication Timing and Frequency".
"""

from typing import Any

from phr.formats.ccda.context import Context, full
from phr.formats.ccda.systems import system
from phr.formats.ccda.tree import every, get, kind, null, one, related
from phr.formats.ccda.values import concept, interval, number, quantity
from phr.formats.hardened_xml import Element

Json = dict[str, Any]

_FREE_TEXT, _INSTRUCTION = "22.4.147", "22.4.20"
_MINUTES = {"min": 1, "h": 60, "d": 1440}
_UNITS = ("s", "min", "h", "d", "wk", "mo", "a")
# http://terminology.hl7.org/CodeSystem/v3-TimingEvent, as far as FHIR's event-timing knows it
_EVENTS = (
    "HS", "WAKE", "C", "CM", "CD", "CV", "AC", "ACM", "ACD", "ACV", "PC", "PCM", "PCD", "PCV",
)  # fmt: skip


def dosage(statement: Element, context: Context) -> list[Json]:
    """One Dosage, or none when nothing is said."""
    free = next(related(statement, _FREE_TEXT), None)
    dose, rate = one(statement, "doseQuantity"), one(statement, "rateQuantity")
    most = one(statement, "maxDoseQuantity")
    given = _in_units(_amount(dose, "dose"), one(statement, "administrationUnitCode"))
    found = full(
        text=context.says(one(free, "text")),
        timing=_timing(statement),
        patientInstruction=context.says(one(next(related(statement, _INSTRUCTION), None), "text")),
        **_when_needed(statement, context),
        site=concept(one(statement, "approachSiteCode"), context),
        route=concept(one(statement, "routeCode"), context),
        doseAndRate=[each] if (each := given | _amount(rate, "rate")) else [],
        maxDosePerPeriod=_at_most(most),
    )
    return [found] if found else []


def _amount(element: Element | None, stem: str) -> Json:
    ends = interval(element)
    if ends:
        return {f"{stem}Range": ends}
    found = quantity(element)
    return {f"{stem}Quantity": found} if found else {}


def _at_most(element: Element | None) -> Json | None:
    sides = (quantity(one(element, side)) for side in ("numerator", "denominator"))
    found = dict(zip(("numerator", "denominator"), sides, strict=True))
    return found if all(found.values()) else None


def _in_units(dose: Json, form: Element | None) -> Json:
    """A dose that is a bare number counts what the product comes in: tablets, puffs."""
    name, found = get(form, "displayName"), dose.get("doseQuantity")
    if not found or not name or null(form) or "unit" in found:
        return dose
    coded = full(system=system(get(form, "codeSystem")), code=get(form, "code"))
    return {"doseQuantity": found | {"unit": name} | (coded if len(coded) == 2 else {})}


def _when_needed(statement: Element, context: Context) -> Json:
    """A precondition by itself says that it is taken when needed, for nothing in particular."""
    if found := concept(one(statement, "precondition/criterion/value"), context):
        return {"asNeededCodeableConcept": found}
    return {} if null(one(statement, "precondition")) else {"asNeededBoolean": True}


def _timing(statement: Element) -> Json:
    for each in every(statement, "effectiveTime"):
        if kind(each) == "PIVL_TS" and (found := _rhythm(one(each, "period"))):
            return {"repeat": found}
        if kind(each) == "EIVL_TS" and get(one(each, "event"), "code") in _EVENTS:
            return {"repeat": {"when": [get(one(each, "event"), "code")]} | _apart(each)}
    return {}


def _apart(element: Element) -> Json:
    """How many minutes from the event (EIVL_TS.offset): before or after is in its code."""
    offset = one(element, "offset")
    found = offset if get(offset, "value") else one(offset, "low")
    minutes = _MINUTES.get(get(found, "unit"), 0)
    length = get(found, "value").lstrip("+-")
    whole = length.isdecimal() and len(length) < 5 and int(length) * minutes
    return {"offset": whole} if whole else {}


def _rhythm(element: Element | None) -> Json:
    """Once in a period, or once in a period of varying length."""
    shortest, longest = one(element, "low"), one(element, "high")
    base = element if shortest is None else shortest
    length, unit = number(get(base, "value")), get(base, "unit")
    if length is None or unit not in _UNITS:
        return {}
    most = number(get(longest, "value")) if get(longest, "unit") == unit else None
    return full(frequency=1, period=length, periodMax=most, periodUnit=unit)
