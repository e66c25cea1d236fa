"""Allergies and intolerances, and that there are none.

Sources: C-CDA R2.1, Allergy Concern Act (V3), Allergy - Intolerance Observation (V2); C-CDA on FHIR
2.0, Allergies CDA → FHIR, with its maps CF-AllergyStatus, CF-AllergyIntoleranceType and
…Category, CF-NoKnownAllergies, CF-Severity and CF-Criticality. A substance that is denied stays the
code of an allergy that is refuted; the guide's extension would leave the code out.
"""

from collections.abc import Iterator
from typing import Any

from phr.formats.ccda.context import Context, Draft, full, identifiers
from phr.formats.ccda.notes import notes
from phr.formats.ccda.people import author
from phr.formats.ccda.problems import status_of
from phr.formats.ccda.systems import SNOMED
from phr.formats.ccda.times import moment, when
from phr.formats.ccda.tree import every, get, name, negated, null, one, related
from phr.formats.ccda.values import concept, listed
from phr.formats.hardened_xml import Element

Json = dict[str, Any]

_HL7 = "http://terminology.hl7.org/CodeSystem/allergyintolerance-"
# Allergy and Intolerance Type (2.16.840.1.113883.3.88.12.3221.6.2): type, category
_KINDS = {
    "419199007": ("allergy", ""), "416098002": ("allergy", "medication"),
    "414285001": ("allergy", "food"), "426232007": ("allergy", "environment"),
    "232347008": ("allergy", "environment"), "59037007": ("intolerance", "medication"),
    "235719002": ("intolerance", "food"), "418471000": ("", "food"),
    "419511003": ("", "medication"),
}  # fmt: skip
_NONE = {
    "medication": ("409137002", "No known drug allergy"),
    "food": ("429625007", "No known food allergy"),
    "environment": ("428607008", "No known environmental allergy"),
    "": ("716186003", "No known allergy"),
}
_CRITICALITY = {"CRITL": "low", "CRITH": "high", "CRITU": "unable-to-assess"}
_SEVERITY = {
    "255604002": "mild", "371923003": "mild", "6736007": "moderate", "371924009": "moderate",
    "24484000": "severe", "399166001": "severe",
}  # fmt: skip
_ABATEMENT = "http://hl7.org/fhir/StructureDefinition/allergyintolerance-abatement"
_STATUS, _REACTION, _SEVERE, _CRITICAL = "22.4.28", "22.4.9", "22.4.8", "22.4.145"


def allergies(act: Element, context: Context) -> Iterator[Draft]:
    """The AllergyIntolerances of an Allergy Concern Act or of an allergy by itself."""
    alone = name(act) == "observation"
    for observation in [act] if alone else every(act, "entryRelationship/observation"):
        if not null(observation):
            yield _allergy(observation, act, context)


def _allergy(observation: Element, act: Element, context: Context) -> Draft:
    kind, shelf = _KINDS.get(get(one(observation, "value"), "code"), ("", ""))
    substance = one(observation, "participant/participantRole/playingEntity")
    code = concept(one(substance, "code"), context) or full(text=_name(substance))
    none = negated(observation) or negated(act)
    if none and not code:
        number, words = _NONE[shelf]
        code = {"coding": [{"system": SNOMED, "code": number, "display": words}], "text": words}
        none = False
    critical = next(related(observation, _CRITICAL), None)
    who, at = author(observation, act)
    time = one(observation, "effectiveTime")
    return context.draft(
        "AllergyIntolerance",
        observation if identifiers(observation) else act,
        clinicalStatus=_term("clinical", status_of(observation, act, _STATUS)),
        verificationStatus=_term("verification", "refuted" if none else ""),
        type=kind,
        category=[shelf] if shelf else [],
        criticality=_CRITICALITY.get(get(one(critical, "value"), "code")),
        code=code or concept(one(observation, "value"), context),
        onsetDateTime=moment(get(time, "value") or get(one(time, "low"), "value")),
        extension=_abated(moment(get(one(time, "high"), "value"))),
        recordedDate=at,
        recorder=who,
        reaction=_reactions(observation, context),
        note=notes(observation, context),
    )


def _abated(at: str | None) -> list[Json]:
    return [{"url": _ABATEMENT, "valueDateTime": at}] if at else []


def _name(substance: Element | None) -> str:
    return " ".join("".join(str(t) for t in e.itertext()) for e in every(substance, "name")).strip()


def _reactions(observation: Element, context: Context) -> list[Json]:
    found = []
    own = next(related(observation, _SEVERE), None)
    for each in related(observation, _REACTION):
        if negated(each) or null(each):
            continue
        seen = listed(one(each, "value"), context) or listed(one(each, "text"), context)
        words = context.says(one(each, "text"))
        severe = next(related(each, _SEVERE), own)
        if seen or words:
            found.append(
                full(
                    manifestation=seen or [{"text": words}],
                    onset=when(one(each, "effectiveTime")),
                    severity=_SEVERITY.get(get(one(severe, "value"), "code")),
                )
            )
    return found


def _term(system: str, code: str) -> Json | None:
    return {"coding": [{"system": _HL7 + system, "code": code}]} if code else None
