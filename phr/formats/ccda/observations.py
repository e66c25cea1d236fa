"""Results, vital signs and social history.

Sources: C-CDA R2.1, Result Organizer and Observation (V3), Vital Signs Organizer (V3), Social
History Observation (V3), Smoking Status - Meaningful Use (V2), Functional Status Observation (V2)
2.16.840.1.113883.10.20.22.4.67, Mental Status Observation (V3) …4.74, Assessment Scale Observation
…4.69; C-CDA on FHIR 2.0 (hl7.org/fhir/us/ccda), Results and Vital Signs CDA → FHIR, with its maps
CF-ResultStatus and CF-ResultReportStatus. An organizer of vital signs is no Observation of its own; a
specimen is named, and is no resource.
"""

from collections.abc import Iterator
from typing import Any

from phr.formats.ccda.context import Context, Draft, full
from phr.formats.ccda.notes import notes
from phr.formats.ccda.people import author, performers
from phr.formats.ccda.systems import LOINC
from phr.formats.ccda.times import choice
from phr.formats.ccda.tree import every, get, name, negated, null, one, related, templates, words
from phr.formats.ccda.values import absent, concept, interval, said, value
from phr.formats.hardened_xml import Element

Json = dict[str, Any]

_STATUS = {
    "completed": "final", "active": "registered", "held": "registered", "suspended": "registered",
    "aborted": "cancelled", "cancelled": "cancelled", "nullified": "entered-in-error",
}  # fmt: skip
_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_SMOKING, _TOBACCO = "22.4.78", "22.4.85"
_SUPPORTING = "22.4.86"
_SMOKING_CODE = {
    "coding": [{"system": LOINC, "code": "72166-2", "display": "Tobacco smoking status"}]
}
_SYSTOLIC, _DIASTOLIC = "8480-6", "8462-4"
_PANEL = {
    "coding": [{"system": LOINC, "code": "85354-9", "display": "Blood pressure panel"}],
    "text": "Blood pressure",
}
# What an Observation and its component both have.
_OF_EACH = (
    "code", "valueQuantity", "valueString", "valueInteger", "valueRange", "dataAbsentReason",
    "interpretation", "referenceRange",
)  # fmt: skip
# FHIR R4 oxygen saturation: by either code it is measured, it has both.
_SATURATION = {"59408-5": "2708-6", "2708-6": "59408-5"}
_V2 = "http://terminology.hl7.org/CodeSystem/v2-0074"


def results(statement: Element, context: Context) -> Iterator[Draft]:
    """The Observations of a Result Organizer, then the DiagnosticReport that names them."""
    inner = list(_observed(statement, context, "laboratory"))
    yield from inner
    if name(statement) != "organizer":
        return
    time = one(statement, "effectiveTime")
    effective = choice(time, "effective") or _same(inner)
    yield context.draft(
        "DiagnosticReport",
        statement,
        status=_reported(statement, inner),
        category=[{"coding": [{"system": _V2, "code": "LAB"}]}],
        code=concept(one(statement, "code"), context) or said("Test results"),
        performer=performers(statement),
        specimen=_specimens(statement),
        result=[{"reference": each.url} for each in inner],
        **effective,
    )


def vital_signs(statement: Element, context: Context) -> Iterator[Draft]:
    """Each measurement as it stands; the two numbers of one blood pressure are one measurement."""
    found = list(_observed(statement, context, "vital-signs"))
    upper = [each for each in found if _coded(each, _SYSTOLIC)]
    lower = [each for each in found if _coded(each, _DIASTOLIC)]
    if len(upper) == len(lower) == 1 and _at_once(*upper, *lower):
        yield _pressure(*upper, *lower)
        found = [each for each in found if each not in (*upper, *lower)]
    yield from found


def _coded(draft: Draft, code: str) -> bool:
    return any(one.get("code") == code for one in draft.resource["code"].get("coding", []))


def _at_once(upper: Draft, lower: Draft) -> bool:
    """Whether nothing but the number, its range and its mark tells them apart."""
    around = [
        {k: v for k, v in each.resource.items() if k not in (*_OF_EACH, "identifier")}
        for each in (upper, lower)
    ]
    return around[0] == around[1]


def _pressure(upper: Draft, lower: Draft) -> Draft:
    """The Blood Pressure Panel of FHIR R4 vital signs, under the name of its upper number."""
    panel = {k: v for k, v in upper.resource.items() if k not in _OF_EACH}
    parts = [{k: v for k, v in each.resource.items() if k in _OF_EACH} for each in (upper, lower)]
    numbers = [n for each in (upper, lower) for n in each.resource.get("identifier", [])]
    named = {"identifier": numbers} if numbers else {}
    whole = panel | named | {"code": _PANEL, "component": parts}
    return Draft(whole, upper.url, upper.identity)


def social_history(statement: Element, context: Context) -> Iterator[Draft]:
    """Smoking status and whatever else is said about the way of life."""
    yield from _observed(statement, context, "social-history")


def status_of_mind_and_body(statement: Element, context: Context) -> Iterator[Draft]:
    """What somebody can do and how she thinks, also by a scale (Assessment Scale Observation)."""
    yield from _observed(statement, context, "survey")


def _observed(statement: Element, context: Context, category: str) -> Iterator[Draft]:
    if name(statement) == "observation":
        yield observation(statement, None, context, category)
    elif name(statement) == "organizer":
        around = one(statement, "effectiveTime")
        for each in every(statement, "component/observation"):
            if not null(each):
                yield observation(each, around, context, category)


def observation(
    statement: Element, around: Element | None, context: Context, category: str
) -> Draft:
    """One Observation; the time `around` it, its organizer's, is its own where it has none."""
    effective = choice(one(statement, "effectiveTime"), "effective") or choice(around, "effective")
    smoking = {_SMOKING, _TOBACCO} & templates(statement)
    coded = get(one(statement, "code"), "code")
    code = concept(one(statement, "code"), context) or said(context.says(one(statement, "text")))
    return context.draft(
        "Observation",
        statement,
        status=_state(statement),
        category=[{"coding": [{"system": _CATEGORY, "code": category}]}],
        code=_SMOKING_CODE if smoking and coded in ("ASSERTION", "") else _both(code),
        performer=performers(statement) or [who for who in author(statement)[:1] if who],
        specimen=next(iter(_specimens(statement)), None),
        interpretation=_interpretations(statement, context),
        bodySite=concept(one(statement, "targetSiteCode"), context),
        method=concept(one(statement, "methodCode"), context),
        referenceRange=_ranges(statement, context),
        note=notes(statement, context),
        component=_parts(statement, context),
        **effective,
        **_value(statement, context),
    )


def _both(code: Json | None) -> Json | None:
    codings = (code or {}).get("coding", [])
    have = {each.get("code") for each in codings if each.get("system") == LOINC}
    more = sorted({_SATURATION[each] for each in have & _SATURATION.keys()} - have)
    if not code or not more:
        return code
    return code | {"coding": [*codings, *({"system": LOINC, "code": each} for each in more)]}


def _state(statement: Element) -> str:
    """Registered while it goes on, but preliminary once there is a value."""
    if negated(statement) and one(statement, "value") is None:
        return "cancelled"
    found = _STATUS.get(get(one(statement, "statusCode"), "code"), "unknown")
    known = found == "registered" and not null(one(statement, "value"))
    return "preliminary" if known else found


def _reported(statement: Element, inner: list[Draft]) -> str:
    found = _STATUS.get(get(one(statement, "statusCode"), "code"), "unknown")
    known = any(each.resource["status"] in ("final", "preliminary") for each in inner)
    return "partial" if found == "registered" and known else found


def _specimens(statement: Element) -> list[Json]:
    """What was examined, by name."""
    played = every(statement, "specimen/specimenRole/specimenPlayingEntity")
    names = (get(one(e, "code"), "displayName") or words(one(e, "name")) for e in played)
    return [{"display": each} for each in names if each]


def _parts(statement: Element, context: Context) -> list[Json]:
    """The answers behind the sum of a scale (Assessment Scale Supporting Observation)."""
    found = []
    for each in related(statement, _SUPPORTING):
        code = concept(one(each, "code"), context)
        if code and not null(each):
            found.append({"code": code} | _value(each, context))
    return found


def _value(statement: Element, context: Context) -> Json:
    """The first value; more of them become one text, since FHIR has room for one."""
    found = every(statement, "value")
    if negated(statement):
        return _not(found, context)
    if len(found) < 2:
        return value(found[0] if found else None, context)
    said = [value(each, context) for each in found]
    parts = [_words(each) for each in said]
    return full(valueString="; ".join(part for part in parts if part))


def _not(found: list[Element], context: Context) -> Json:
    """That something was not found or not done, in words: a code would be read as if it were so."""
    words = [shown for each in found if (shown := _words(value(each, context)))]
    if words:
        return {"valueString": f"Not: {'; '.join(words)}"}
    return {"dataAbsentReason": absent("not-performed")}


def _words(found: Json) -> str:
    for each in found.values():
        if isinstance(each, str):
            return each
        if isinstance(each, dict) and "value" in each:
            return f"{bytes(each['value']).decode()} {each.get('unit', '')}".strip()
        if isinstance(each, dict):
            codings = [c.get("display", c.get("code", "")) for c in each.get("coding", [])]
            return str(each.get("text") or next(iter(codings), ""))
    return ""


def _interpretations(statement: Element, context: Context) -> list[Json]:
    found = (concept(each, context) for each in every(statement, "interpretationCode"))
    return [each for each in found if each]


def _ranges(statement: Element, context: Context) -> list[Json]:
    found = []
    ranges = every(statement, "referenceRange/observationRange")
    # FHIR's is the normal range; which one that is must be told only where there are several.
    normal = [each for each in ranges if get(one(each, "interpretationCode"), "code") == "N"]
    for each in normal or ranges:
        inner = one(each, "value")
        ends = {} if null(inner) else interval(inner)
        words = context.says(one(each, "text")) or ("" if ends else context.says(inner))
        if ends or words:
            found.append(full(**ends, text=words))
    return found


def _same(inner: list[Draft]) -> Json:
    """The time of the results: the one they all have, or from the earliest to the latest."""
    times = [{k: v for k, v in d.resource.items() if k.startswith("effective")} for d in inner]
    if times and all(each == times[0] for each in times):
        return times[0]
    moments = sorted(at for each in times if (at := each.get("effectiveDateTime")))
    # By the clock where it was: moments of one report are of one place.
    between = full(start=moments[0], end=moments[-1]) if len(moments) > 1 else {}
    return {"effectivePeriod": between} if between else {}
