"""FHIR R4 resources in plain words: what a record page and a timeline show.

One function for each resource type, found in `_BY_TYPE`; every other type is described field by
field. Input may be of any shape: wrong types are read as absent and nothing is raised.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from phr.display import (
    clinical,
    documents,
    fallback,
    medication,
    money,
    observation,
    people,
    plans,
    visits,
)
from phr.display.concepts import code_of
from phr.display.kinds import kind
from phr.display.links import references
from phr.display.names import Linked
from phr.display.narrative import narrative
from phr.display.remarks import remarks
from phr.display.shown import LONGEST_FACT, LONGEST_NOTE, LONGEST_TITLE, MOST_FACTS, Shown
from phr.display.words import capital, clean, clean_lines, each

__all__ = ["Shown", "describe", "headline", "kind", "references"]

_BY_TYPE: Final[dict[str, Callable[[dict[str, Any]], Shown]]] = {
    "AllergyIntolerance": clinical.allergy,
    "Appointment": visits.appointment,
    "AppointmentResponse": visits.appointment_response,
    "CarePlan": plans.care_plan,
    "CareTeam": plans.care_team,
    "Claim": money.claim,
    "ClaimResponse": money.claim_response,
    "ClinicalImpression": clinical.clinical_impression,
    "Communication": documents.communication,
    "Composition": documents.composition,
    "Condition": clinical.condition,
    "Coverage": money.coverage,
    "Device": clinical.device,
    "DeviceUseStatement": clinical.device_use,
    "DiagnosticReport": observation.diagnostic_report,
    "DocumentReference": documents.document_reference,
    "Encounter": visits.encounter,
    "EpisodeOfCare": visits.episode,
    "ExplanationOfBenefit": money.explanation_of_benefit,
    "FamilyMemberHistory": clinical.family_history,
    "Goal": plans.goal,
    "ImagingStudy": documents.imaging_study,
    "Immunization": clinical.immunization,
    "ImmunizationRecommendation": clinical.immunization_recommendation,
    "Location": people.location,
    "Media": documents.media,
    "Medication": medication.medication,
    "MedicationAdministration": medication.medication_administration,
    "MedicationDispense": medication.medication_dispense,
    "MedicationRequest": medication.medication_request,
    "MedicationStatement": medication.medication_statement,
    "Observation": observation.observation,
    "Organization": people.organization,
    "Patient": people.patient,
    "Practitioner": people.practitioner,
    "PractitionerRole": people.practitioner_role,
    "Procedure": clinical.procedure,
    "QuestionnaireResponse": documents.questionnaire_response,
    "RelatedPerson": people.related_person,
    "RiskAssessment": clinical.risk_assessment,
    "ServiceRequest": plans.service_request,
    "Specimen": observation.specimen,
    "Task": plans.task,
}

# A record that says "this did not happen", or "this is not sure", must say so before anything else.
_WARNINGS: Final = {
    "entered-in-error": "Recorded by mistake",
    "not-done": "Not done",
    "not-taken": "Not taken",
    "refuted": "Ruled out",
    "cancelled": "Cancelled",
    "revoked": "Cancelled",
    "noshow": "Missed",
    "rejected": "Rejected",
    "proposed": "Proposed",
    "proposal": "Proposed",
    "option": "One of several options",
    "unconfirmed": "Not confirmed",
    "provisional": "Not confirmed",
    "differential": "One of several possibilities",
    "preliminary": "May still change",
}
_GIVEN: Final = frozenset(("Immunization", "MedicationAdministration", "MedicationDispense"))
_NONE: Final[Mapping[str, dict[str, Any]]] = {}
MODIFIED: Final = "Please note"
OWN_WORDS: Final = "In the words of whoever wrote it"
# What frames a text and is not the text itself.
_FRAME: Final = frozenset((
    "Date", "Reported", "Kind", "Status", "By", "Read by", "Written by", "Written down by",
    "Kept by", "Signed by", "Asked for by", "Made by", "Place", "Specialty", "About the time",
))  # fmt: skip
_MAY_CHANGE: Final = "This may change what the item means. If in doubt, ask who wrote it."
MOST_CONTAINED: Final = 10


def describe(resource: dict[str, Any], linked: Mapping[str, dict[str, Any]] = _NONE) -> Shown:
    """A FHIR R4 resource (parsed JSON) in words: title, facts in reading order, free text.

    `linked` holds resources that this one refers to, by the reference that names them
    ("Medication/1", "urn:uuid:…"); a reference without words of its own is then named.
    `references` lists which to fetch; pass only records the reader may see.

    Bounds are those of `Shown`. A record that was entered by mistake, ruled out, cancelled, not
    done or not sure says so at the start of its title (FHIR R4 §2.1.0.5 isModifier), and so does
    one with a remark that may change what it means.
    """
    shown = _shown(resource, linked)
    told_besides = tuple(remarks(resource))
    title = _titled(resource, shown.title, told_besides)
    pairs = [(MODIFIED, "\n".join((_MAY_CHANGE, *told_besides)))] if told_besides else []
    pairs += [
        (clean(name, 120), clean_lines(text, LONGEST_FACT))
        for name, text in shown.facts[:MOST_FACTS]
    ]
    told = [(name, text) for name, text in pairs if name and text and text != title]
    note = clean_lines(shown.note, LONGEST_NOTE)
    own = _own_words(resource, told, note)
    told = [*told[: MOST_FACTS - len(own)], *own]
    return Shown(title, told, note, told_besides, _inside(resource))


def _own_words(
    resource: dict[str, Any], told: list[tuple[str, str]], note: str
) -> list[tuple[str, str]]:
    """Its narrative, where that says more than its fields: it is marked so, or they say next to nothing.

    Source: FHIR R4 Narrative.status, §2.31.0.1.
    """
    text = resource.get("text")
    more = isinstance(text, dict) and text.get("status") == "additional"
    bare = not note and not resource.get("contained") and all(name in _FRAME for name, _ in told)
    words = narrative(text) if more or bare else ""
    return [(OWN_WORDS, words)] if words and words != note else []


def _inside(resource: dict[str, Any]) -> tuple[Shown, ...]:
    """What is contained, in words; the last says how many more there are."""
    inner = [one for one in each(resource.get("contained")) if _type_of(one)]
    shown = tuple(describe({**one, "contained": None}) for one in inner[:MOST_CONTAINED])
    more = len(inner) - len(shown)
    return (*shown, Shown(f"And {more} more in the original", [])) if more else shown


def headline(resource: dict[str, Any], linked: Mapping[str, dict[str, Any]] = _NONE) -> str:
    """The title of `describe`: one line of at most 200 characters, never empty."""
    return _titled(resource, _shown(resource, linked).title, remarks(resource))


def _shown(resource: dict[str, Any], linked: Mapping[str, dict[str, Any]]) -> Shown:
    known = _BY_TYPE.get(_type_of(resource), fallback.anything)
    return known(Linked(resource, linked) if linked else resource)


def _type_of(resource: dict[str, Any]) -> str:
    return clean(resource.get("resourceType"), 80)


def _titled(resource: dict[str, Any], title: str, besides: Sequence[str]) -> str:
    warnings = (MODIFIED if besides else "", _warning(resource))
    text = ": ".join([*filter(None, warnings), title])
    return capital(clean(text, LONGEST_TITLE)) or kind(_type_of(resource))


def _warning(resource: dict[str, Any]) -> str:
    if resource.get("doNotPerform") is True:
        return "Not to be done"
    if resource.get("status") == "not-done" and _type_of(resource) in _GIVEN:
        return "Not given"
    for name in ("status", "verificationStatus", "lifecycleStatus", "docStatus", "intent"):
        found = _WARNINGS.get(code_of(resource.get(name), _WARNINGS))
        if found:
            return found
    return ""
