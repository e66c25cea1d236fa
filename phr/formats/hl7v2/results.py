"""OBR and OBX as FHIR R4. Source: HL7 v2.5.1 §7.4, tables 0074, 0078, 0085, 0123, v2-to-FHIR."""

from typing import Any

from phr.formats.hl7v2.segments import Segment
from phr.formats.hl7v2.values import date_time, field_concept, reference_range, value
from sharing.categories import Category, category_of

Json = dict[str, Any]

_TABLE = "http://terminology.hl7.org/CodeSystem"
_OBX_STATUS = {
    "F": "final", "U": "final", "C": "corrected", "A": "amended", "B": "amended",
    "P": "preliminary", "R": "preliminary", "S": "preliminary", "V": "preliminary",
    "I": "registered", "D": "entered-in-error", "W": "entered-in-error", "X": "cancelled",
    "": "unknown",
}  # fmt: skip
# Taken back, or never done.
GONE = ("entered-in-error", "cancelled")
_NO_RESULT = {
    "O": "it only describes what was ordered",
    "N": "it only says that this was not asked for",
}
_OBR_STATUS = {
    "F": "final", "C": "corrected", "P": "preliminary", "R": "preliminary", "A": "partial",
    "O": "registered", "I": "registered", "S": "registered", "X": "cancelled",
}  # fmt: skip
# HL7 table 0078 as far as HL7 v3 ObservationInterpretation has the same codes.
_FLAGS = {
    "L": "Low", "H": "High", "LL": "Critical low", "HH": "Critical high", "N": "Normal",
    "A": "Abnormal", "AA": "Critical abnormal", "<": "Off scale low", ">": "Off scale high",
    "U": "Significant change up", "D": "Significant change down", "B": "Better", "W": "Worse",
    "S": "Susceptible", "R": "Resistant", "I": "Intermediate", "POS": "Positive",
    "NEG": "Negative", "IND": "Indeterminate", "DET": "Detected", "ND": "Not detected",
}  # fmt: skip


class Unread(Exception):
    """An OBX that is left out; its text says why, to follow the place."""


def report(order: Segment, subject: Json, zone: str) -> Json:
    """The DiagnosticReport of an OBR, without its results."""
    started, ended = (date_time(order.text(at), zone) for at in (7, 8))
    issued = date_time(order.text(22), zone) or ""
    section = order.text(24).upper()
    found: Json = {
        "resourceType": "DiagnosticReport",
        "status": _OBR_STATUS.get(order.text(25).upper(), "unknown"),
        "category": [{"coding": [{"system": f"{_TABLE}/v2-0074", "code": section}]}]
        if section.isalnum()
        else None,
        "code": field_concept(order, 4) or {"text": "Report"},
        "subject": subject,
        "effectivePeriod": {"start": started, "end": ended} if _spans(started, ended) else None,
        "effectiveDateTime": None if _spans(started, ended) else started,
        "issued": issued if "T" in issued else None,
    }
    return {name: value for name, value in found.items() if value}


def _spans(started: str | None, ended: str | None) -> bool:
    return bool(started and ended and started < ended)


def observation(result: Segment, order: Segment | None, subject: Json, zone: str) -> Json:
    """The Observation of an OBX. Raises Unread."""
    status = status_of(result, order)
    code = field_concept(result, 3)
    if not code:
        raise Unread("it does not say what was measured")
    observed = date_time(result.text(14), zone)
    observed = observed or (date_time(order.text(7), zone) if order else None)
    usual = reference_range(result)
    found: Json = {
        "resourceType": "Observation",
        "status": status,
        "code": code,
        "subject": subject,
        "effectiveDateTime": observed,
        "performer": _performer(result),
        **_value(result, zone),
        "interpretation": _interpretation(result),
        "referenceRange": [usual] if usual else None,
    }
    kept = {name: each for name, each in found.items() if each}
    return kept | _category(kept, order)


def status_of(result: Segment, order: Segment | None) -> str:
    """Observation.status of an OBX. Raises Unread when it is no result at all."""
    said = result.text(11).upper()
    if said in _NO_RESULT:
        raise Unread(_NO_RESULT[said])
    if said == "U" and not result.whole(5):
        raise Unread("it only says that an earlier result is now final")
    if not said and order:
        said = order.text(25).upper()
        said = said if said in "FCPX" else ""
    return _OBX_STATUS.get(said, "unknown")


def _value(result: Segment, zone: str) -> Json:
    kind = result.text(2).upper()
    if kind == "RP":
        raise Unread("it only says where a file is, which is not fetched")
    try:
        return value(result, kind, zone)
    except ValueError as error:
        raise Unread(str(error)) from None


def _performer(result: Segment) -> list[Json]:
    name = result.text(23) or result.text(15, 2) or result.text(15)
    return [{"display": name}] if name else []


def _interpretation(result: Segment) -> list[Json]:
    flags = [result.part(each, 1).upper() for each in result.repeated(8)]
    system = f"{_TABLE}/v3-ObservationInterpretation"
    return [
        {"coding": [{"system": system, "code": flag, "display": _FLAGS[flag]}]}
        if flag in _FLAGS
        else {"text": flag}
        for flag in flags
        if flag
    ]


def _category(found: Json, order: Segment | None) -> Json:
    """The shelf: that of the OBR's section, else of the code, else laboratory, as ORU^R01 is."""
    section = order.text(24).upper() if order else ""
    coded = {"resourceType": "DiagnosticReport", "category": [{"coding": [{"code": section}]}]}
    shelf = category_of(coded) if section else category_of(found)
    known = {Category.IMAGING: "imaging", Category.PROCEDURES: "procedure"}
    if not section and shelf in (Category.VITAL_SIGNS, Category.SOCIAL_HISTORY):
        return {}
    code = known.get(shelf, "laboratory")
    coding = {"system": f"{_TABLE}/observation-category", "code": code}
    return {"category": [{"coding": [coding]}]}
