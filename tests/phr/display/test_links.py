"""A page can ask which other records it needs to name everything."""

from typing import Any

from phr.display import describe, references

TAKEN: dict[str, Any] = {
    "resourceType": "MedicationStatement",
    "subject": {"reference": "Patient/1"},
    "medicationReference": {"reference": "Medication/1"},
    "reasonReference": [
        {"reference": "Condition/1"},
        {"reference": "Condition/2", "display": "Flu"},
    ],
    "informationSource": {"reference": "#inside"},
}


def test_only_what_has_no_words_is_asked_for() -> None:
    assert references(TAKEN) == ["Medication/1", "Condition/1"]


def test_what_was_asked_for_is_named() -> None:
    linked = {
        "Medication/1": {"resourceType": "Medication", "code": {"text": "Aspirin"}},
        "Condition/1": {"resourceType": "Condition", "code": {"text": "Fever"}},
    }
    shown = describe(TAKEN, linked)
    assert shown.title == "Aspirin"
    assert shown.facts == [("Reason", "Fever; Flu")]


def test_it_stops_in_time() -> None:
    many = [{"reference": f"Observation/{number}"} for number in range(90)]
    assert len(references({"result": many})) == 50
    deep: dict[str, Any] = {"reference": "Observation/1"}
    for _ in range(500):
        deep = {"a": deep}
    assert references(deep) == []
