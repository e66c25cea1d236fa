"""Medication, MedicationRequest, MedicationStatement, -Administration and -Dispense in words."""

from typing import Any

from phr.display.choices import choice, first_choice
from phr.display.concepts import concept, concepts, plain
from phr.display.dates import date, moment, period, whole
from phr.display.dosage import dosages
from phr.display.names import annotations, everyone, referred
from phr.display.quantities import duration, quantity, ratio
from phr.display.shown import Shown, facts
from phr.display.words import clean, each, joined, one


def _medicine(resource: dict[str, Any]) -> str:
    held = resource.get("medicationReference")
    return (
        concept(resource.get("medicationCodeableConcept")) or referred(resource, held) or "Medicine"
    )


def _reason(resource: dict[str, Any]) -> str:
    told = everyone(resource, resource.get("reasonReference"))
    return joined((concepts(resource.get("reasonCode")), told))


def medication(resource: dict[str, Any]) -> Shown:
    """FHIR R4 Medication."""
    batch = one(resource.get("batch"))
    parts = [_ingredient(resource, item) for item in each(resource.get("ingredient"))]
    return Shown(
        concept(resource.get("code")) or joined(parts, ", ", most=3) or "Medicine",
        facts(
            ("Form", concept(resource.get("form"))),
            ("Contains", joined(parts)),
            ("Amount", ratio(resource.get("amount"))),
            ("Maker", referred(resource, resource.get("manufacturer"))),
            ("Batch number", clean(batch.get("lotNumber"))),
            ("Expires", date(batch.get("expirationDate"))),
            ("Status", plain(resource.get("status"))),
        ),
    )


def _ingredient(resource: dict[str, Any], item: dict[str, Any]) -> str:
    name = concept(item.get("itemCodeableConcept")) or referred(resource, item.get("itemReference"))
    return joined((name, ratio(item.get("strength"))), ", ")


def medication_request(resource: dict[str, Any]) -> Shown:
    """FHIR R4 MedicationRequest: a prescription or a plan to take a medicine."""
    supply = one(resource.get("dispenseRequest"))
    instructions = each(resource.get("dosageInstruction"))
    reported = resource.get("reportedBoolean") is True
    return Shown(
        _medicine(resource),
        facts(
            ("How to take it", dosages(instructions)),
            ("Reason", _reason(resource)),
            ("Status", plain(resource.get("status"))),
            ("Why it was changed or stopped", concept(resource.get("statusReason"))),
            ("Prescribed", moment(resource.get("authoredOn"))),
            ("Prescribed by", referred(resource, resource.get("requester"))),
            ("Amount to give out", quantity(supply.get("quantity"))),
            ("Lasts", duration(supply.get("expectedSupplyDuration"))),
            ("Repeats allowed", whole(supply.get("numberOfRepeatsAllowed"))),
            ("Valid", period(supply.get("validityPeriod"))),
            ("Kind", _intent(resource)),
            ("Course", concept(resource.get("courseOfTherapyType"))),
            ("Source", "Told by someone, not the first record" if reported else ""),
        ),
        annotations(resource, resource.get("note")),
    )


def _intent(resource: dict[str, Any]) -> str:
    intent = resource.get("intent")
    return "" if intent in ("order", "original-order") else plain(intent)


def medication_statement(resource: dict[str, Any]) -> Shown:
    """FHIR R4 MedicationStatement: a medicine somebody says is taken."""
    return Shown(
        _medicine(resource),
        facts(
            ("How it is taken", dosages(each(resource.get("dosage")))),
            ("Reason", _reason(resource)),
            ("Status", plain(resource.get("status"))),
            ("Why it was changed or stopped", concepts(resource.get("statusReason"))),
            ("When", choice(resource, resource, "effective")),
            ("Recorded", moment(resource.get("dateAsserted"))),
            ("Source", referred(resource, resource.get("informationSource"))),
            ("Kind", concept(resource.get("category"))),
        ),
        annotations(resource, resource.get("note")),
    )


def medication_administration(resource: dict[str, Any]) -> Shown:
    """FHIR R4 MedicationAdministration: a medicine that was given."""
    given = one(resource.get("dosage"))
    amount = joined((quantity(given.get("dose")), concept(given.get("route"))), ", ")
    who = (referred(resource, item.get("actor")) for item in each(resource.get("performer")))
    return Shown(
        _medicine(resource),
        facts(
            (_given(resource), choice(resource, resource, "effective")),
            ("Amount", joined((clean(given.get("text")), amount, choice({}, given, "rate")))),
            ("Where on the body", concept(given.get("site"))),
            ("Reason", _reason(resource)),
            ("Status", plain(resource.get("status"))),
            ("Why it was not given", concepts(resource.get("statusReason"))),
            ("By", joined(who)),
        ),
        annotations(resource, resource.get("note")),
    )


def _given(resource: dict[str, Any]) -> str:
    return "Date" if resource.get("status") == "not-done" else "Given"


def medication_dispense(resource: dict[str, Any]) -> Shown:
    """FHIR R4 MedicationDispense: a medicine that was handed over."""
    who = (referred(resource, item.get("actor")) for item in each(resource.get("performer")))
    return Shown(
        _medicine(resource),
        facts(
            ("How to take it", dosages(each(resource.get("dosageInstruction")))),
            ("Amount", quantity(resource.get("quantity"))),
            ("Lasts", duration(resource.get("daysSupply"))),
            ("Handed over", first_choice(resource, "whenHandedOver", "whenPrepared")),
            ("By", joined(who)),
            ("Place", referred(resource, resource.get("location"))),
            ("Status", plain(resource.get("status"))),
            ("Kind", concept(resource.get("type"))),
        ),
        annotations(resource, resource.get("note")),
    )
