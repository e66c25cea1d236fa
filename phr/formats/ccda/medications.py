"""Medicines taken and planned.

Sources: C-CDA R2.1, Medication Activity (V2), Planned Medication; C-CDA on FHIR 2.0, Medications
CDA → FHIR, with its map CF-MedicationStatus. The guide maps what is intended (moodCode INT) to
MedicationRequest and leaves open what becomes of what was taken; here every Medication Activity is a
MedicationStatement, since a list of medicines says what somebody takes, and only what stands in a
plan is a request.
"""

from collections.abc import Iterator
from typing import Any

from phr.formats.ccda.context import Context, Draft, full
from phr.formats.ccda.dosage import dosage
from phr.formats.ccda.notes import notes, reasons
from phr.formats.ccda.people import author
from phr.formats.ccda.times import period, when
from phr.formats.ccda.tree import every, get, kind, name, negated, null, one
from phr.formats.ccda.values import concept, said
from phr.formats.hardened_xml import Element

Json = dict[str, Any]

_STATUS = {
    "active": "active", "completed": "completed", "aborted": "stopped", "suspended": "on-hold",
    "held": "on-hold", "cancelled": "not-taken", "nullified": "entered-in-error",
}  # fmt: skip
_ORDERED = {"active": "active", "completed": "completed", "aborted": "stopped",
            "suspended": "on-hold", "held": "on-hold", "cancelled": "cancelled",
            "nullified": "entered-in-error"}  # fmt: skip
_NONE_KNOWN = {
    "coding": [
        {
            "system": "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips",
            "code": "no-known-medications",
        }
    ],
    "text": "No known medications",
}
_INTENT = {"INT": "plan", "RQO": "order", "PRMS": "proposal", "PRP": "proposal"}
_MADE = "consumable/manufacturedProduct"


def medications(statement: Element, context: Context) -> Iterator[Draft]:
    """The MedicationStatements of a Medication Activity, or of an act that holds some."""
    if name(statement) == "act":
        for each in every(statement, "entryRelationship/substanceAdministration"):
            if not null(each):
                yield _taken(each, context, not_so=negated(statement))
    elif name(statement) == "substanceAdministration":
        yield _taken(statement, context)


def planned(statement: Element, context: Context) -> Iterator[Draft]:
    """The MedicationRequest of a Planned Medication Activity."""
    who, at = author(statement)
    yield context.draft(
        "MedicationRequest",
        statement,
        status=_ORDERED.get(get(one(statement, "statusCode"), "code"), "unknown"),
        intent=_INTENT.get(get(statement, "moodCode"), "plan"),
        doNotPerform=True if negated(statement) else None,
        medicationCodeableConcept=product(statement, context),
        authoredOn=at,
        requester=who,
        reasonCode=reasons(statement, context),
        note=notes(statement, context),
        dosageInstruction=_from(_effective(statement), dosage(statement, context)),
    )


def product(statement: Element, context: Context) -> Json | None:
    """What is given: the code of the manufactured product, or its name."""
    material = one(statement, f"{_MADE}/manufacturedMaterial")
    found = concept(one(material, "code"), context)
    return found or said(context.says(one(material, "name")))


def maker(statement: Element) -> Json | None:
    """The manufacturer, by name."""
    element = one(statement, f"{_MADE}/manufacturerOrganization/name")
    named = "" if element is None else " ".join("".join(map(str, element.itertext())).split())
    return {"display": named} if named else None


def _taken(statement: Element, context: Context, *, not_so: bool = False) -> Draft:
    what = product(statement, context)
    none = not_so or negated(statement)
    status = _STATUS.get(get(one(statement, "statusCode"), "code"), "unknown")
    if get(statement, "moodCode") == "INT" and status == "unknown":
        status = "intended"
    who, at = author(statement)
    return context.draft(
        "MedicationStatement",
        statement,
        status="not-taken" if none else status,
        medicationCodeableConcept=_NONE_KNOWN if none and not what else what,
        dateAsserted=at,
        informationSource=who,
        reasonCode=reasons(statement, context),
        note=notes(statement, context),
        dosage=dosage(statement, context),
        **_effective(statement),
    )


def _from(effective: Json, doses: list[Json]) -> list[Json]:
    """The doses within the time they are planned for."""
    bounds, at = effective.get("effectivePeriod"), effective.get("effectiveDateTime")
    if not bounds and not at:
        return doses
    dose = doses[0] if doses else {}
    repeat = full(boundsPeriod=bounds) | dose.get("timing", {}).get("repeat", {})
    return [dose | {"timing": full(event=[at] if at else [], repeat=repeat)}]


def _effective(statement: Element) -> Json:
    """The first interval that is not a rhythm."""
    for each in every(statement, "effectiveTime"):
        if kind(each) in ("PIVL_TS", "EIVL_TS"):
            continue
        if between := period(each):
            return full(effectivePeriod=between)
        if at := when(each):
            return full(effectiveDateTime=at)
    return {}
