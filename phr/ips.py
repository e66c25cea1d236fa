"""What an International Patient Summary asks of a resource beyond FHIR R4.

Source: HL7 FHIR IPS 2.0.0 (and 1.1.0 alike), profiles Condition-uv-ips, AllergyIntolerance-uv-ips,
MedicationStatement-uv-ips, Procedure-uv-ips, Immunization-uv-ips and
Observation-results-laboratory-pathology-uv-ips with its invariants ips-2 and ips-3. What is not known
is said to be so by the extension data-absent-reason; nothing is made up.
"""

from typing import Any, Final

Json = dict[str, Any]
_UNKNOWN: Final = {
    "extension": [
        {
            "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
            "valueCode": "unknown",
        }
    ]
}
_REASON: Final = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/data-absent-reason",
            "code": "unknown",
            "display": "Unknown",
        }
    ]
}
# By resource type: the element that names the person, and those that must be there.
_PERSON: Final = {
    "AllergyIntolerance": "patient", "Immunization": "patient", "Condition": "subject",
    "MedicationRequest": "subject", "MedicationStatement": "subject", "Observation": "subject",
    "Procedure": "subject",
}  # fmt: skip
_CODED: Final = frozenset({"AllergyIntolerance", "Condition", "Procedure"})
_TIMED: Final = {
    "MedicationStatement": "effective", "Observation": "effective", "Procedure": "performed",
}  # fmt: skip
_FOUND: Final = ("value", "_value", "component", "hasMember", "dataAbsentReason")
LABORATORY: Final = "laboratory"


def fitted(resource: Json, person: Json) -> Json:
    """The resource with what it must have: about this person, or said to be unknown."""
    kind, made = resource["resourceType"], dict(resource)
    if kind in _PERSON:
        made[_PERSON[kind]] = person
    if kind in _CODED and not made.get("code"):
        made["code"] = _UNKNOWN | {"text": "Not known"}
    stem = _TIMED.get(kind, "")
    if stem and not any(name.lstrip("_").startswith(stem) for name in made):
        made[f"_{stem}DateTime"] = _UNKNOWN
    return _observed(made) if kind == "Observation" else made


def _observed(made: Json) -> Json:
    if not any(name.startswith(_FOUND) for name in made):
        made["dataAbsentReason"] = _REASON
    if LABORATORY in categories(made) and not made.get("performer"):
        made["performer"] = [_UNKNOWN | {"display": "Not known"}]
    return made


def categories(resource: Json) -> set[str]:
    """The codes of a resource's categories."""
    found = resource.get("category")
    concepts = found if isinstance(found, list) else []
    codings = [each for one in concepts if isinstance(one, dict) for each in one.get("coding", [])]
    return {each["code"] for each in codings if isinstance(each.get("code"), str)}
