"""A type nobody wrote a page for still reads like English and never like JSON."""

from phr.display import describe, kind


def test_a_type_without_its_own_page() -> None:
    shown = describe(
        {
            "resourceType": "VisionPrescription",
            "id": "33123",
            "meta": {"versionId": "1"},
            "status": "active",
            "created": "2014-06-15",
            "patient": {"reference": "Patient/1"},
            "prescriber": {"reference": "Practitioner/1", "display": "Dr Lee"},
            "encounter": {"reference": "Encounter/1"},
            "lensSpecification": [
                {
                    "product": {"coding": [{"code": "lens"}]},
                    "eye": "right",
                    "sphere": -2.0,
                    "prism": [{"amount": 0.5, "base": "down"}],
                }
            ],
        }
    )
    assert shown.title == "Glasses or lenses prescription"
    assert shown.facts == [
        ("Status", "Active"),
        ("Created", "15 June 2014"),
        ("Prescriber", "Dr Lee"),
        (
            "Lens specification",
            "Product: Lens, Eye: Right, Sphere: -2, Prism: Amount: 0.5, Base: Down",
        ),
    ]


def test_data_types_are_recognised_by_their_fields() -> None:
    shown = describe(
        {
            "resourceType": "Invention",
            "title": "Something new",
            "valueQuantity": {"value": 5, "unit": "mg"},
            "agedRange": {"low": {"value": 1}, "high": {"value": 2}},
            "servicePeriod": {"start": "2024-01-01"},
            "price": {"value": 5, "currency": "EUR"},
            "holder": {"family": "Lee", "given": ["Ann"]},
            "place": {"line": ["1 High Street"], "city": "Leeds"},
            "reached": [{"system": "phone", "value": "tel:555"}],
            "often": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}},
            "file": {"contentType": "application/pdf", "title": "Plan"},
            "active": True,
            "page": "https://example.org/hidden",
            "secret": {"data": "AAAA"},
            "birthDate": "2024-03",
        }
    )
    assert shown.title == "Invention: Something new"
    assert shown.facts == [
        ("Title", "Something new"),
        ("Value", "5 mg"),
        ("Aged range", "1 to 2"),
        ("Service period", "Since 1 January 2024"),
        ("Price", "5.00 EUR"),
        ("Holder", "Ann Lee"),
        ("Place", "1 High Street, Leeds"),
        ("Reached", "555"),
        ("Often", "Twice a day"),
        ("File", "Plan (PDF)"),
        ("Active", "Yes"),
        ("Birth date", "March 2024"),
    ]


def test_when_nothing_else_is_known_the_narrative_speaks() -> None:
    shown = describe({"resourceType": "Basic", "text": {"div": "<div>Hand-written card</div>"}})
    assert shown.title == "Basic"
    assert shown.facts == [("In the words of whoever wrote it", "Hand-written card")]


def test_every_type_has_an_everyday_name() -> None:
    assert kind("MedicationRequest") == "Prescription"
    assert kind("NutritionOrder") == "Diet plan"
    assert kind("ResearchStudy") == "Research study"
    assert kind(None) == "Record"
