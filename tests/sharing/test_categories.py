"""Every record goes to the shelf where a person would look for it."""

from typing import Any

import pytest

from sharing.categories import Category, category_of

OBSERVATION = "http://terminology.hl7.org/CodeSystem/observation-category"


def coded(code: str, system: str = "http://loinc.org") -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


@pytest.mark.parametrize(
    ("resource_type", "category"),
    [
        ("AllergyIntolerance", "allergies"),
        ("Condition", "conditions"),
        ("MedicationRequest", "medications"),
        ("MedicationStatement", "medications"),
        ("Immunization", "immunizations"),
        ("Specimen", "laboratory"),
        ("FamilyMemberHistory", "social-history"),
        ("Procedure", "procedures"),
        ("Encounter", "encounters"),
        ("Appointment", "encounters"),
        ("ImagingStudy", "imaging"),
        ("DocumentReference", "documents"),
        ("Composition", "documents"),
        ("CarePlan", "care-plans"),
        ("ServiceRequest", "care-plans"),
        ("Coverage", "coverage"),
        ("ExplanationOfBenefit", "coverage"),
        ("Patient", "other"),
        ("NotAType", "other"),
    ],
)
def test_most_types_have_one_shelf(resource_type: str, category: str) -> None:
    assert category_of({"resourceType": resource_type}) == category


@pytest.mark.parametrize(
    ("code", "category"),
    [
        ("vital-signs", "vital-signs"),
        ("exam", "vital-signs"),
        ("laboratory", "laboratory"),
        ("imaging", "imaging"),
        ("procedure", "procedures"),
        ("social-history", "social-history"),
        ("survey", "social-history"),
        ("therapy", "other"),
    ],
)
def test_an_observation_goes_by_its_category(code: str, category: str) -> None:
    resource = {"resourceType": "Observation", "category": [coded(code, OBSERVATION)]}
    assert category_of(resource) == category


def test_the_first_category_that_is_known_decides() -> None:
    categories = [coded("local"), coded("laboratory", OBSERVATION), coded("survey", OBSERVATION)]
    resource = {"resourceType": "Observation", "category": categories}
    assert category_of(resource) is Category.LABORATORY


def test_an_observation_without_category_goes_by_its_code() -> None:
    assert category_of({"resourceType": "Observation", "code": coded("85354-9")}) == "vital-signs"
    assert (
        category_of({"resourceType": "Observation", "code": coded("72166-2")}) == "social-history"
    )
    sampled = {"resourceType": "Observation", "specimen": {"reference": "Specimen/1"}}
    assert category_of(sampled) == "laboratory"
    assert category_of({"resourceType": "Observation"}) == "other"


@pytest.mark.parametrize(
    "unit",
    [
        "mmol/L", "mmol/l", "mM", "mg/dL", "µmol/l", "U/L", "10*9/L", "/uL", "g/100 ml", "mmol/mol",
        "ug/g", "mg/mmol", "mL/min/{1.73_m2}", "mL/min/1.73m2", "fL", "pg", "mm/h", "cells/mm3",
        "g/mL{FEU}", "m[IU]/L",
    ],
)  # fmt: skip
def test_a_quantity_in_a_unit_of_samples_is_a_test_result(unit: str) -> None:
    glucose = {"resourceType": "Observation", "code": coded("2345-7", "http://loinc.org")}
    assert category_of({**glucose, "valueQuantity": {"value": 5.1, "unit": unit}}) == "laboratory"
    assert category_of({**glucose, "valueQuantity": {"value": 5.1, "code": unit}}) == "laboratory"
    local = {"resourceType": "Observation", "code": coded("GLU", "https://lab.example")}
    assert category_of({**local, "valueQuantity": {"unit": unit}}) == "other"
    told = {**glucose, "category": [coded("survey", OBSERVATION)], "valueQuantity": {"unit": unit}}
    assert category_of(told) == "social-history"


@pytest.mark.parametrize(
    "unit",
    ["{score}", "1", "", "%", "/d", "{count}", "h", "min", "wk", "L/min", "/min", "mg/kg", "kg/m2",
     "kg", "mm[Hg]", "mm", "nm", "cm", "ML", "{PackYears}", "m/s", None, 7, "x" * 100_000],
)  # fmt: skip
def test_a_score_a_count_or_a_span_does_not_come_under_test_results(unit: object) -> None:
    """Who sees test results must not come to see the score of a questionnaire by a guess."""
    depression = {"resourceType": "Observation", "code": coded("44261-6", "http://loinc.org")}
    assert category_of({**depression, "valueQuantity": {"value": 9, "unit": unit}}) == "other"
    odd = {**depression, "valueQuantity": [{"unit": "mg/dL"}]}
    assert category_of(odd) == "other"


@pytest.mark.parametrize(
    ("code", "category"),
    [("LAB", "laboratory"), ("HM", "laboratory"), ("RAD", "imaging"), ("LP29684-5", "imaging")],
)
def test_a_report_goes_by_its_category(code: str, category: str) -> None:
    assert category_of({"resourceType": "DiagnosticReport", "category": coded(code)}) == category


def test_a_report_without_category_goes_by_what_it_holds() -> None:
    report: dict[str, Any] = {"resourceType": "DiagnosticReport"}
    assert category_of(report) == "laboratory"
    assert category_of({**report, "imagingStudy": [{}]}) == "imaging"
    assert category_of({**report, "presentedForm": [{}]}) == "documents"


@pytest.mark.parametrize(
    "odd", [None, 1, "text", [], [1, None, "x"], {"coding": 3}, [{"coding": [3]}]]
)
def test_odd_shapes_are_read_as_absent(odd: object) -> None:
    for resource_type in ("Observation", "DiagnosticReport", "Condition"):
        resource = {"resourceType": resource_type, "category": odd, "code": odd}
        assert category_of(resource) in Category
    assert category_of({"resourceType": odd}) is Category.OTHER
    assert category_of({}) is Category.OTHER


def test_each_category_has_words_for_people() -> None:
    labels = [category.label for category in Category]
    assert all(labels)
    assert len(set(labels)) == len(labels)
    assert Category("vital-signs").label == "Vital signs and measurements"
