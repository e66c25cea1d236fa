"""Insurance, bills and what was paid, in words."""

from phr.display import describe

TOTAL = [{"category": {"text": "Submitted"}, "amount": {"value": 135.5, "currency": "USD"}}]


def test_an_insurance() -> None:
    shown = describe(
        {
            "resourceType": "Coverage",
            "status": "active",
            "payor": [{"display": "XYZ Insurance"}],
            "type": {"text": "health plan"},
            "subscriberId": "AB-98",
            "period": {"start": "2023-01-01", "end": "2023-12-31"},
            "class": [{"type": {"text": "group"}, "value": "G1", "name": "Airline staff"}],
        }
    )
    assert shown.title == "XYZ Insurance, Health plan"
    assert shown.facts == [
        ("Insurer", "XYZ Insurance"),
        ("Kind", "Health plan"),
        ("Valid", "1 January 2023 to 31 December 2023"),
        ("Member number", "AB-98"),
        ("Group", "Airline staff, G1"),
        ("Status", "Active"),
    ]


def test_a_bill() -> None:
    shown = describe(
        {
            "resourceType": "Claim",
            "status": "active",
            "type": {"text": "Institutional"},
            "item": [
                {"productOrService": {"text": "General examination"}},
                {"productOrService": {"coding": [{"code": "1200"}]}},
            ],
            "diagnosis": [{"diagnosisCodeableConcept": {"text": "Sprain"}}],
            "total": {"value": 129.16, "currency": "USD"},
            "insurance": [{"coverage": {"display": "XYZ Insurance"}}],
        }
    )
    assert shown.title == "Bill: General examination"
    assert shown.facts == [
        ("Total", "129.16 USD"),
        ("For", "General examination; Code 1200"),
        ("Diagnosis", "Sprain"),
        ("Insurer", "XYZ Insurance"),
        ("Kind", "Institutional"),
        ("Status", "Active"),
    ]


def test_what_an_insurer_paid() -> None:
    shown = describe(
        {
            "resourceType": "ExplanationOfBenefit",
            "outcome": "complete",
            "total": TOTAL,
            "payment": {"amount": {"value": 96, "currency": "USD"}, "date": "2024-03-03"},
            "item": [{"productOrService": {"text": "Dental exam"}}],
        }
    )
    assert shown.title == "Insurance statement: Dental exam"
    assert shown.facts == [
        ("Submitted", "135.50 USD"),
        ("Paid by the insurer", "96.00 USD"),
        ("Paid on", "3 March 2024"),
        ("For", "Dental exam"),
        ("Outcome", "Complete"),
    ]


def test_an_answer_to_a_bill() -> None:
    shown = describe(
        {
            "resourceType": "ClaimResponse",
            "outcome": "complete",
            "disposition": "Settled as per contract.",
            "total": TOTAL,
        }
    )
    assert shown.title == "Insurer's answer: Complete"
    assert shown.facts == [("Explanation", "Settled as per contract."), ("Submitted", "135.50 USD")]
