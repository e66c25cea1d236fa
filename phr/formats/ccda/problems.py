"""Problems, diagnoses and what is in their entries.

Sources: C-CDA R2.1, Problem Concern Act (V3); C-CDA on FHIR 2.0, Problems CDA → FHIR, with its maps
CF-ProblemStatus and CF-ConditionClinicalStatus. The type of a problem (/code) is not a second
category here.
"""

from collections.abc import Iterator
from typing import Any

from phr.formats.ccda.context import Context, Draft, identifiers
from phr.formats.ccda.notes import notes
from phr.formats.ccda.people import author
from phr.formats.ccda.systems import SNOMED
from phr.formats.ccda.times import moment, when
from phr.formats.ccda.tree import every, get, name, negated, null, one, related, templates
from phr.formats.ccda.values import concept, listed, quantity
from phr.formats.hardened_xml import Element

Json = dict[str, Any]

OBSERVATION = "22.4.4"
_HL7 = "http://terminology.hl7.org/CodeSystem"
_NO_PROBLEM = {
    "coding": [
        {"system": SNOMED, "code": "160245001", "display": "No current problems or disability"}
    ],
    "text": "No known problems",
}
_ANY_PROBLEM = ("55607006", "64572001", "404684003")
# Problem Status (2.16.840.1.113883.3.88.12.80.68) and ActStatus of the concern
_STATUS = {
    "55561003": "active", "73425007": "inactive", "413322009": "resolved",
    "active": "active", "suspended": "inactive", "aborted": "inactive", "completed": "inactive",
}  # fmt: skip
_COURSE = {"246455001": "recurrence", "263855007": "relapse", "277022003": "remission"}
# con-4: what has ended is none of these.
_GOES_ON = {"active", "recurrence", "relapse"}
_SEVERITY, _STATUS_OBSERVATION = "22.4.8", "22.4.6"
_DIAGNOSED, _AGE = "77975-1", "445518008"
_UNKNOWN = {
    "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown",
}  # fmt: skip
_ASSERTED = "http://hl7.org/fhir/StructureDefinition/condition-assertedDate"


def problems(act: Element, context: Context) -> Iterator[Draft]:
    """The Conditions of a Problem Concern Act or of a problem by itself."""
    for observation in observations(act):
        yield from condition(observation, act, context, "problem-list-item")


def diagnoses(act: Element, context: Context) -> Iterator[Draft]:
    """The Conditions of an Encounter, Admission or Discharge Diagnosis."""
    for observation in observations(act):
        yield from condition(observation, act, context, "encounter-diagnosis")


def observations(act: Element) -> list[Element]:
    """Problem Observations, by their template or, in documents without templates, by a value."""
    if name(act) == "observation":
        return [act]
    found = [each for each in every(act, "entryRelationship/observation") if not null(each)]
    named = [each for each in found if OBSERVATION in templates(each)]
    return named or [each for each in found if one(each, "value") is not None]


def condition(
    observation: Element, act: Element, context: Context, category: str
) -> Iterator[Draft]:
    """A Problem Observation as Condition; nothing where it does not say which."""
    who, at = author(observation, act)
    began = when(one(observation, "effectiveTime")) if _begins(observation) else None
    not_so = negated(observation) or negated(act)
    code = concept(one(observation, "value"), context) or {}
    if not_so and (_codes(code) & set(_ANY_PROBLEM) or not code):
        code, not_so = _NO_PROBLEM, False
    if not code and (words := context.says(one(observation, "text"))):
        code = {"text": words}
    if not code:
        return
    yield context.draft(
        "Condition",
        observation if identifiers(observation) else act,
        clinicalStatus=_clinical(observation, act),
        verificationStatus=_term("condition-ver-status", "refuted") if not_so else None,
        category=[_term("condition-category", category)],
        severity=severity(observation, context),
        code=code,
        bodySite=listed(one(observation, "targetSiteCode"), context),
        onsetDateTime=began,
        onsetAge=None if began else _age(observation),
        abatementDateTime=moment(get(one(observation, "effectiveTime/high"), "value")),
        _abatementDateTime={"extension": [_UNKNOWN]} if _ended_some_day(observation) else None,
        extension=_asserted(observation),
        recordedDate=at,
        recorder=who,
        note=notes(observation, context),
    )


def refuted(draft: Draft) -> bool:
    """Whether a Condition says that somebody does not have it."""
    return "verificationStatus" in draft.resource


def severity(statement: Element, context: Context) -> Json | None:
    """The Severity Observation inside, as a concept."""
    found = next(related(statement, _SEVERITY), None)
    return concept(one(found, "value"), context)


def status_of(statement: Element, act: Element, template: str) -> str:
    """active, inactive or resolved: said inside, or told by the end, or by the concern."""
    inner = next(related(statement, template), None)
    if found := _STATUS.get(get(one(inner, "value"), "code")):
        return found
    if ended(statement):
        return "resolved"
    return _STATUS.get(get(one(act, "statusCode"), "code"), "") if act is not statement else ""


def ended(statement: Element) -> bool:
    """Whether it has an end, on a day that is known or (UNK) not."""
    high = one(statement, "effectiveTime/high")
    return bool(get(high, "value")) or _ended_some_day(statement)


def _ended_some_day(statement: Element) -> bool:
    return get(one(statement, "effectiveTime/high"), "nullFlavor") == "UNK"


def _clinical(observation: Element, act: Element) -> Json | None:
    inner = next(related(observation, _STATUS_OBSERVATION), None)
    course = _COURSE.get(get(one(inner, "value"), "code"))
    found = course or status_of(observation, act, _STATUS_OBSERVATION)
    if ended(observation) and found in _GOES_ON:
        found = "inactive"
    return _term("condition-clinical", found) if found else None


def _age(observation: Element) -> Json | None:
    """The Age Observation inside, as an Age in UCUM."""
    for each in every(observation, "entryRelationship/observation"):
        if get(one(each, "code"), "code") == _AGE and not null(each):
            return quantity(one(each, "value"))
    return None


def _asserted(observation: Element) -> list[Json]:
    """The Date of Diagnosis Act inside, as the extension condition-assertedDate."""
    for each in every(observation, "entryRelationship/act"):
        at = when(one(each, "effectiveTime")) if not null(each) else None
        if at and get(one(each, "code"), "code") == _DIAGNOSED:
            return [{"url": _ASSERTED, "valueDateTime": at}]
    return []


def _begins(observation: Element) -> bool:
    time = one(observation, "effectiveTime")
    return bool(get(time, "value") or get(one(time, "low"), "value"))


def _term(system: str, code: str) -> Json:
    return {"coding": [{"system": f"{_HL7}/{system}", "code": code}]}


def _codes(concept: Json) -> set[str]:
    return {each.get("code", "") for each in concept.get("coding", [])}
