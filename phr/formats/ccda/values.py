"""HL7 version 3 data types as those of FHIR R4.

Sources: HL7 V3 data types R1; https://hl7.org/fhir/R4/datatypes.html
"""

import re
from typing import Any

import orjson

from phr.formats.ccda.context import Context, full
from phr.formats.ccda.systems import UCUM, system
from phr.formats.ccda.times import moment, period
from phr.formats.ccda.tree import every, get, kind, null, one
from phr.formats.hardened_xml import Element
from phr.formats.resource import decimal

Json = dict[str, Any]

_NUMBER = re.compile(r"([+-]?)(\d*)(\.\d+)?")
_UNIT = re.compile(r"[!-~]+")
# C-CDA on FHIR 2.0, CF-NullFlavorDataAbsentReason: HL7 NullFlavor to http://terminology.hl7.org/CodeSystem/data-absent-reason
_ABSENT = {
    "NI": "unknown", "UNK": "unknown", "ASKU": "asked-unknown", "NAV": "temp-unknown",
    "NASK": "not-asked", "MSK": "masked", "NA": "not-applicable", "NAVU": "unknown",
    "NINF": "negative-infinity", "PINF": "positive-infinity", "OTH": "unsupported",
    "INV": "error", "UNC": "unsupported", "DER": "unknown", "TRC": "unsupported", "QS": "unknown",
    "NP": "unknown",
}  # fmt: skip


def coding(element: Element | None) -> Json | None:
    """CD, CE, CV or CS as Coding; None where there is no code."""
    code = " ".join(get(element, "code").split())
    if not code:
        return None
    return full(
        system=system(get(element, "codeSystem")),
        version=get(element, "codeSystemVersion"),
        code=code,
        display=get(element, "displayName"),
    )


def concept(element: Element | None, context: Context) -> Json | None:
    """CD as CodeableConcept with its translations; None when it says nothing."""
    found = [coding(each) for each in (element, *every(element, "translation"))]
    said = context.says(one(element, "originalText")) or get(element, "displayName")
    return full(coding=[each for each in found if each], text=said) or None


def listed(element: Element | None, context: Context) -> list[Json]:
    """The concept as a list of none or one, as many FHIR elements want it."""
    found = concept(element, context)
    return [found] if found else []


def said(words: str) -> Json | None:
    """A CodeableConcept of words alone."""
    return {"text": words} if words else None


def number(text: str) -> orjson.Fragment | None:
    """A REAL with its digits as written; None when it is none ("1e5", "about 3")."""
    found = _NUMBER.fullmatch(text)
    if not found or not (found[2] or found[3]) or len(text) > 40:
        return None
    sign = "-" if found[1] == "-" else ""
    return decimal(f"{sign}{found[2].lstrip('0') or '0'}{found[3] or ''}")


def quantity(element: Element | None, comparator: str = "") -> Json | None:
    """PQ as Quantity in UCUM; None when it has no number."""
    amount = None if null(element) else number(get(element, "value"))
    if amount is None:
        return None
    unit = get(element, "unit")
    coded = {"system": UCUM, "code": unit} if _UNIT.fullmatch(unit) else {}
    shown = {"unit": unit} if unit and unit != "1" else {}
    return {"value": amount} | full(comparator=comparator) | shown | coded


def interval(element: Element | None) -> Json:
    """IVL_PQ as {"low": …, "high": …}, each only where it is known."""
    return full(low=quantity(one(element, "low")), high=quantity(one(element, "high")))


def _between(element: Element | None) -> Json:
    """IVL_PQ as `valueRange`, or as a Quantity with a comparator when one end is open."""
    ends = interval(element)
    if len(ends) == 2:
        return {"valueRange": ends}
    if not ends:
        found = quantity(one(element, "center")) or quantity(element)
        return full(valueQuantity=found)
    end = next(iter(ends))
    edge = one(element, end)
    strict = get(edge, "inclusive") == "false"
    sign = {"low": (">=", ">"), "high": ("<=", "<")}[end][strict]
    return full(valueQuantity=quantity(edge, sign))


def value(element: Element | None, context: Context) -> Json:
    """Observation.value[x] of an ANY, or why there is none; {} when it says nothing at all."""
    found = _typed(element, context)
    if found:
        return found
    if words := context.says(element):
        return {"valueString": words}
    reason = _ABSENT.get(get(element, "nullFlavor"))
    return full(dataAbsentReason=absent(reason) if reason else None)


def absent(reason: str) -> Json:
    """A code of http://terminology.hl7.org/CodeSystem/data-absent-reason."""
    uri = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
    return {"coding": [{"system": uri, "code": reason}]}


def _typed(element: Element | None, context: Context) -> Json:
    found: Json = {}
    match kind(element):
        case "PQ" | "REAL":
            found = full(valueQuantity=quantity(element)) or _as_written(element)
        case "INT":
            found = _whole(get(element, "value")) or _as_written(element)
        case "IVL_PQ" | "IVL_REAL" | "IVL_INT":
            found = _between(element)
        case "CD" | "CE" | "CO" | "CV" | "CS":
            found = full(valueCodeableConcept=concept(element, context))
        case "BL" if get(element, "value") in ("true", "false"):
            found = {"valueBoolean": get(element, "value") == "true"}
        case "TS":
            found = full(valueDateTime=moment(get(element, "value"))) or _as_written(element)
        case "IVL_TS":
            found = full(valuePeriod=period(element))
        case "RTO" | "RTO_PQ_PQ":
            sides = (quantity(one(element, n)) for n in ("numerator", "denominator"))
            found = _ratio(*sides)
    return found


def _as_written(element: Element | None) -> Json:
    """A value that is not what its type says, such as PQ "trace": better as words than lost."""
    parts = (get(element, "value"), get(element, "unit"))
    return full(valueString=" ".join(part for part in parts if part))


def _whole(text: str) -> Json:
    found = re.fullmatch(r"[+-]?\d{1,9}", text)
    return {"valueInteger": int(text)} if found else {}


def _ratio(numerator: Json | None, denominator: Json | None) -> Json:
    if numerator and denominator:
        return {"valueRatio": {"numerator": numerator, "denominator": denominator}}
    return {}
