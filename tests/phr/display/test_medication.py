"""Medicines: what it is, how to take it, who says so."""

from typing import Any

import pytest

from phr.display import describe
from phr.display.dosage import dosage

AMOXICILLIN = {"text": "Amoxicillin 250 mg capsule"}


def test_a_prescription() -> None:
    shown = describe(
        {
            "resourceType": "MedicationRequest",
            "status": "active",
            "intent": "order",
            "medicationCodeableConcept": AMOXICILLIN,
            "authoredOn": "2024-03-03",
            "requester": {"display": "Dr Lee"},
            "reasonCode": [{"text": "Ear infection"}],
            "dosageInstruction": [{"text": "one capsule three times a day"}, {"text": "then stop"}],
            "dispenseRequest": {
                "numberOfRepeatsAllowed": 0,
                "quantity": {"value": 21, "unit": "capsule"},
                "expectedSupplyDuration": {"value": 7, "unit": "days", "code": "d"},
            },
        }
    )
    assert shown.title == "Amoxicillin 250 mg capsule"
    assert shown.facts == [
        ("How to take it", "One capsule three times a day; then stop"),
        ("Reason", "Ear infection"),
        ("Status", "Active"),
        ("Prescribed", "3 March 2024"),
        ("Prescribed by", "Dr Lee"),
        ("Amount to give out", "21 capsules"),
        ("Lasts", "7 days"),
        ("Repeats allowed", "0"),
    ]


def test_an_order_not_to_give_says_so_first() -> None:
    shown = describe(
        {
            "resourceType": "MedicationRequest",
            "medicationCodeableConcept": AMOXICILLIN,
            "doNotPerform": True,
        }
    )
    assert shown.title == "Not to be done: Amoxicillin 250 mg capsule"


@pytest.mark.parametrize(
    ("item", "shown"),
    [
        ({"patientInstruction": "Take with food", "text": "1 tab bid"}, "Take with food"),
        (
            {
                "doseAndRate": [{"doseQuantity": {"value": 1, "unit": "tablet"}}],
                "timing": {"code": {"coding": [{"code": "BID"}]}},
                "route": {"text": "By mouth"},
                "asNeededCodeableConcept": {"text": "Pain"},
                "maxDosePerPeriod": {
                    "numerator": {"value": 4, "unit": "tablet"},
                    "denominator": {"value": 1, "code": "d"},
                },
            },
            "1 tablet, by mouth, twice a day, when needed for pain, at most 4 tablets per day",
        ),
        ({"asNeededBoolean": True, "site": {"text": "Left eye"}}, "when needed, at left eye"),
        ({"doseAndRate": "x", "timing": 3}, ""),
    ],
)
def test_how_to_take_it(item: dict[str, Any], shown: str) -> None:
    assert dosage(item) == shown


def test_a_medicine_that_is_taken_is_named_by_what_it_refers_to() -> None:
    taken = {
        "resourceType": "MedicationStatement",
        "status": "active",
        "medicationReference": {"reference": "urn:uuid:1"},
        "effectivePeriod": {"start": "2015-03"},
    }
    assert describe(taken).title == "Medicine"
    linked: dict[str, dict[str, Any]] = {"urn:uuid:1": {"code": {"text": "Anastrozole 1 mg"}}}
    shown = describe(taken, linked)
    assert shown.title == "Anastrozole 1 mg"
    assert shown.facts == [("Status", "Active"), ("When", "Since March 2015")]


def test_a_medicine_given_and_one_not_given() -> None:
    given: dict[str, Any] = {
        "resourceType": "MedicationAdministration",
        "status": "completed",
        "medicationCodeableConcept": AMOXICILLIN,
        "effectiveDateTime": "2024-03-03T14:05:00+01:00",
        "dosage": {"dose": {"value": 250, "unit": "mg"}, "route": {"text": "By mouth"}},
    }
    assert describe(given).facts == [
        ("Given", "3 March 2024, 14:05"),
        ("Amount", "250 mg, By mouth"),
        ("Status", "Completed"),
    ]
    missed = describe({**given, "status": "not-done"})
    assert missed.title == "Not given: Amoxicillin 250 mg capsule"
    assert missed.facts[0] == ("Date", "3 March 2024, 14:05")


def test_a_medicine_handed_over() -> None:
    shown = describe(
        {
            "resourceType": "MedicationDispense",
            "status": "completed",
            "medicationCodeableConcept": AMOXICILLIN,
            "quantity": {"value": 1, "unit": "Tab"},
            "whenHandedOver": "2024-03-03",
        }
    )
    assert shown.facts == [
        ("Amount", "1 tablet"),
        ("Handed over", "3 March 2024"),
        ("Status", "Completed"),
    ]


def test_a_medicine_itself() -> None:
    shown = describe(
        {
            "resourceType": "Medication",
            "code": {"text": "Timoptic eye drops"},
            "form": {"text": "Solution"},
            "ingredient": [
                {
                    "itemCodeableConcept": {"text": "Timolol"},
                    "strength": {
                        "numerator": {"value": 5, "unit": "mg"},
                        "denominator": {"value": 1, "unit": "mL"},
                    },
                }
            ],
        }
    )
    assert shown.facts == [("Form", "Solution"), ("Contains", "Timolol, 5 mg per mL")]
