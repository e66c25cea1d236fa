"""Measurements, reports and samples in words."""

from base64 import b64encode
from typing import Any

from phr.display import describe

MMHG = {"unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}


def component(code: str, value: int, name: str) -> dict[str, Any]:
    coding = {"system": "http://loinc.org", "code": code, "display": name}
    return {"code": {"coding": [coding]}, "valueQuantity": {"value": value, **MMHG}}


def test_blood_pressure_is_one_reading() -> None:
    shown = describe(
        {
            "resourceType": "Observation",
            "status": "final",
            "category": [{"coding": [{"code": "vital-signs", "display": "Vital Signs"}]}],
            "code": {"text": "Blood pressure systolic and diastolic"},
            "effectiveDateTime": "2024-03-03",
            "component": [
                component("8462-4", 80, "Diastolic"),
                component("8480-6", 120, "Systolic"),
            ],
        }
    )
    assert shown.title == "Blood pressure: 120/80 mmHg"
    assert shown.facts == [
        ("Result", "120/80 mmHg"),
        ("Date", "3 March 2024"),
        ("Kind", "Vital Signs"),
    ]


def test_what_either_number_of_a_blood_pressure_is_marked_as_is_told() -> None:
    upper, lower = component("8480-6", 210, "Systolic"), component("8462-4", 120, "Diastolic")
    marked = {"interpretation": [{"coding": [{"code": "HH"}]}]}
    usual = {"referenceRange": [{"text": "under 140"}]}
    shown = describe(
        {
            "resourceType": "Observation",
            "code": {"text": "Blood pressure"},
            "component": [{**upper, **marked, **usual}, {**lower, **marked}],
        }
    )
    assert shown.facts == [
        ("Result", "210/120 mmHg"),
        ("Marked as", "Upper number very high, urgent; lower number very high, urgent"),
        ("Normal range", "Upper number under 140"),
    ]


def test_more_results_in_one_than_are_shown_are_counted() -> None:
    many = [component(f"1-{number}", number, f"Part {number}") for number in range(130)]
    shown = describe({"resourceType": "Observation", "component": many})

    assert ("Not shown", "And 90 more in the original") in shown.facts
    assert sum(name.startswith("Part ") for name, _ in shown.facts) == 40


def test_half_a_blood_pressure_is_told_as_it_is() -> None:
    diastolic = {
        "code": {"coding": [{"code": "8462-4", "display": "Diastolic"}]},
        "dataAbsentReason": {"text": "Not performed"},
    }
    shown = describe(
        {
            "resourceType": "Observation",
            "code": {"text": "Blood pressure"},
            "component": [component("8480-6", 120, "Systolic"), diastolic],
        }
    )
    assert shown.title == "Blood pressure"
    assert ("Systolic", "120 mmHg") in shown.facts
    assert ("Diastolic", "No result (not performed)") in shown.facts


def test_a_laboratory_result_says_what_is_usual_and_whether_this_is() -> None:
    shown = describe(
        {
            "resourceType": "Observation",
            "status": "preliminary",
            "code": {"coding": [{"display": "Potassium [Moles/volume] in Serum or Plasma"}]},
            "effectiveDateTime": "2024-03-03T08:30:00+01:00",
            "valueQuantity": {"value": 5.8, "unit": "mmol/L"},
            "interpretation": [{"coding": [{"code": "H"}]}],
            "referenceRange": [
                {
                    "low": {"value": 3.5, "unit": "mmol/L"},
                    "high": {"value": 5.1, "unit": "mmol/L"},
                    "appliesTo": [{"text": "Adults"}],
                }
            ],
            "performer": [{"display": "City Laboratory"}],
            "note": [{"text": "Sample was late."}],
        }
    )
    assert shown.title == "May still change: Potassium in Serum or Plasma: 5.8 mmol/L"
    assert shown.facts == [
        ("Result", "5.8 mmol/L"),
        ("Marked as", "High"),
        ("Normal range", "3.5 to 5.1 mmol/L (Adults)"),
        ("Date", "3 March 2024, 08:30"),
        ("Status", "Early, may still change"),
        ("By", "City Laboratory"),
    ]
    assert shown.note == "Sample was late."


def test_a_long_result_is_not_squeezed_into_the_title() -> None:
    text = "The patient was seen and examined. " * 5
    shown = describe(
        {"resourceType": "Observation", "code": {"text": "Findings"}, "valueString": text}
    )
    assert shown.title == "Findings"
    assert shown.facts[0] == ("Result", text.strip())


def test_a_report_tells_its_conclusion_and_its_text() -> None:
    data = b64encode(b"Both lungs are clear.").decode()
    shown = describe(
        {
            "resourceType": "DiagnosticReport",
            "status": "final",
            "code": {"text": "Chest X-ray"},
            "category": [
                {
                    "coding": [
                        {"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "RAD"}
                    ]
                }
            ],
            "effectiveDateTime": "2024-03-03",
            "issued": "2024-03-04T10:00:00Z",
            "conclusion": "No sign of pneumonia.",
            "result": [{"reference": "Observation/1"}, {"display": "Heart size"}],
            "presentedForm": [{"contentType": "text/plain", "data": data, "title": "Report"}],
        }
    )
    assert shown.title == "Chest X-ray"
    assert shown.facts == [
        ("Conclusion", "No sign of pneumonia."),
        ("Date", "3 March 2024"),
        ("Reported", "4 March 2024, 10:00 UTC"),
        ("Kind", "Radiology"),
        ("Results", "Heart size"),
        ("Files", "Report (text)"),
    ]
    assert shown.note == "Both lungs are clear."


def test_a_sample() -> None:
    shown = describe(
        {
            "resourceType": "Specimen",
            "type": {"text": "Urine"},
            "collection": {"collectedDateTime": "2024-03-03T07:10:00+01:00"},
        }
    )
    assert shown.title == "Sample: Urine"
    assert shown.facts == [("Taken", "3 March 2024, 07:10")]
