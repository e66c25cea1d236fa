"""What the profiles of the International Patient Summary demand of a document, rule by rule.

Written from HL7 FHIR IPS 2.0.0: Bundle-uv-ips (bdl-ips-1), Composition-uv-ips (ips-comp-1),
Patient-uv-ips (ips-pat-1) and the profiles of what stands in the sections. It is no validator of
profiles in general: none that works without a network was to be had as a package.
"""

from collections.abc import Callable, Iterator
from typing import Any

Json = dict[str, Any]
LOINC = "http://loinc.org"
EMPTY = "http://terminology.hl7.org/CodeSystem/list-empty-reason"
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
REQUIRED = {"11450-4", "10160-0", "48765-2"}
# By the code of a section, what its entries may be.
SECTIONS = {
    "11450-4": {"Condition", "DocumentReference"},
    "10160-0": {
        "MedicationStatement", "MedicationRequest", "MedicationAdministration",
        "MedicationDispense", "DocumentReference",
    },
    "48765-2": {"AllergyIntolerance", "DocumentReference"},
    "11369-6": {"Immunization", "DocumentReference"},
    "30954-2": {"Observation", "DiagnosticReport", "DocumentReference"},
    "8716-3": {"Observation", "DocumentReference"},
    "47519-4": {"Procedure", "DocumentReference"},
}  # fmt: skip
# By resource type, the elements that must be there (a stem stands for a choice of types).
MUST = {
    "Condition": ("code", "subject"),
    "AllergyIntolerance": ("code", "patient"),
    "Immunization": ("status", "vaccineCode", "patient", "occurrence"),
    "MedicationStatement": ("status", "medication", "subject", "effective"),
    "MedicationRequest": ("status", "intent", "medication", "subject"),
    "Procedure": ("status", "code", "subject", "performed"),
    "Observation": ("status", "code", "subject", "effective"),
}  # fmt: skip


def problems(bundle: Json) -> list[str]:
    """What a document does against the profiles; [] for one that keeps to them."""
    entries = bundle["entry"]
    composition, patient = entries[0]["resource"], entries[1]["resource"]
    by_url = {each["fullUrl"]: each["resource"] for each in entries}
    checks: list[Callable[[], Iterator[str]]] = [
        lambda: _bundle(bundle, entries),
        lambda: _composition(composition, by_url),
        lambda: _patient(patient),
        lambda: (said for each in entries[2:] for said in _entry(each["resource"], by_url)),
    ]
    return [said for check in checks for said in check()]


def _bundle(bundle: Json, entries: list[Json]) -> Iterator[str]:
    kinds = [each["resource"]["resourceType"] for each in entries]
    if bundle.get("type") != "document" or not bundle.get("timestamp"):
        yield "Bundle: type, timestamp"
    if not {"system", "value"} <= bundle.get("identifier", {}).keys():
        yield "Bundle.identifier"
    if kinds[0] != "Composition" or kinds.count("Composition") != 1:
        yield "bdl-ips-1"
    if kinds.count("Patient") != 1:
        yield "Bundle.entry:patient"
    for each in entries:
        if (
            not each.get("fullUrl", "").startswith("urn:uuid:")
            or {"request", "search"} & each.keys()
        ):
            yield "Bundle.entry.fullUrl"


def _composition(composition: Json, by_url: dict[str, Json]) -> Iterator[str]:
    coding = composition["type"]["coding"][0]
    if (coding["system"], coding["code"]) != (LOINC, "60591-5"):
        yield "Composition.type"
    for name in ("status", "date", "author", "title", "text"):
        if not composition.get(name):
            yield f"Composition.{name}"
    if by_url[composition["subject"]["reference"]]["resourceType"] != "Patient":
        yield "Composition.subject"
    codes = [each["code"]["coding"][0]["code"] for each in composition["section"]]
    if not set(codes) >= REQUIRED or len(set(codes)) != len(codes):
        yield "Composition.section: the required ones, each once"
    for each, code in zip(composition["section"], codes, strict=True):
        yield from _section(each, code, by_url)


def _section(section: Json, code: str, by_url: dict[str, Json]) -> Iterator[str]:
    where = f"section {code}"
    if not section.get("title") or section["code"]["coding"][0]["system"] != LOINC:
        yield f"{where}: title, code"
    div = section.get("text", {}).get("div", "")
    if section["text"].get("status") != "generated" or not div.startswith(
        '<div xmlns="http://www.w3.org/1999/xhtml">'
    ):
        yield f"{where}: text"
    references = [each.get("reference") for each in section.get("entry", [])]
    reasons = section.get("emptyReason", {}).get("coding", [])
    if code in REQUIRED and not references and not reasons:
        yield f"{where}: ips-comp-1"
    if references and reasons:
        yield f"{where}: cmp-2"
    if any(each["system"] != EMPTY for each in reasons) or "section" in section:
        yield f"{where}: emptyReason"
    for reference in references:
        if by_url.get(str(reference), {}).get("resourceType") not in SECTIONS[code]:
            yield f"{where}: entry {reference}"


def _patient(patient: Json) -> Iterator[str]:
    names = patient.get("name", [])
    if not names or not all({"family", "given", "text"} & each.keys() for each in names):
        yield "ips-pat-1"
    if not _there(patient, "birthDate"):
        yield "Patient.birthDate"


def _entry(resource: Json, by_url: dict[str, Json]) -> Iterator[str]:
    kind = resource["resourceType"]
    for name in MUST.get(kind, ()):
        if not _there(resource, name):
            yield f"{kind}.{name}"
    for name in ("subject", "patient"):
        told = resource.get(name)
        about = by_url.get(told.get("reference", ""), {}) if told else {}
        if told and kind in MUST and about.get("resourceType") != "Patient":
            yield f"{kind}.{name}.reference"
    status = [resource.get("status")]
    status += [c["code"] for c in resource.get("verificationStatus", {}).get("coding", [])]
    if "entered-in-error" in status:
        yield f"{kind}: entered-in-error"
    if kind == "Observation":
        yield from _observation(resource)


def _observation(resource: Json) -> Iterator[str]:
    if not any(
        _there(resource, name) for name in ("value", "component", "hasMember", "dataAbsent")
    ):
        yield "Observation: ips-2"
    codings = [c for each in resource.get("category", []) for c in each.get("coding", [])]
    if "laboratory" in {each.get("code") for each in codings} and not resource.get("performer"):
        yield "Observation.performer"


def _there(resource: Json, stem: str) -> bool:
    """Whether an element is there, or an extension says why it is not."""
    found = [value for name, value in resource.items() if name.lstrip("_").startswith(stem)]
    return any(
        value and (not isinstance(value, dict) or set(value) != {"extension"} or _why(value))
        for value in found
    )


def _why(value: Json) -> bool:
    return any(each["url"] == ABSENT and each["valueCode"] for each in value["extension"])
