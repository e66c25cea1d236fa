"""What is in force, what is past, and which results are the last."""

from datetime import date
from typing import Any

import pytest

from phr.display.current import current, sound
from phr.display.measured import last_results

Json = dict[str, Any]


CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
LOCAL = {"system": "urn:oid:1.2.3", "code": "1", "display": "Aktiv"}


def stated(code: str, *before: Json, system: str = "") -> Json:
    return {"coding": [*before, {"code": code, "system": system}]}


def result(day: str, **more: Any) -> Json:
    return {"code": stated("718-7", system="http://loinc.org"), "effectiveDateTime": day, **more}


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({"resourceType": "Condition"}, True),
        ({"resourceType": "Condition", "abatementDateTime": "2020"}, False),
        ({"resourceType": "Condition", "clinicalStatus": stated("remission")}, False),
        ({"resourceType": "AllergyIntolerance", "clinicalStatus": stated("active")}, True),
        ({"resourceType": "AllergyIntolerance", "clinicalStatus": stated("1")}, True),
        ({"resourceType": "AllergyIntolerance", "clinicalStatus": stated("active", LOCAL)}, True),
        ({"resourceType": "Condition", "clinicalStatus": stated("resolved", LOCAL)}, False),
        (
            {
                "resourceType": "Condition",
                "clinicalStatus": stated("resolved", {"code": "active"}, system=CLINICAL),
            },
            False,
        ),
        ({"resourceType": "MedicationRequest", "status": "on-hold"}, True),
        ({"resourceType": "MedicationRequest", "status": "stopped"}, False),
        ({"resourceType": "MedicationStatement", "effectivePeriod": {"end": "2024"}}, True),
        ({"resourceType": "MedicationStatement", "effectivePeriod": {"end": "2023-12"}}, False),
        ({"resourceType": "MedicationStatement", "effectivePeriod": {"end": 7}}, True),
    ],
)
def test_in_force_is_judged_by_what_the_resource_says(resource: Json, expected: bool) -> None:
    assert current(resource, date(2024, 3, 2)) is expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"verificationStatus": stated("refuted", LOCAL, system=CLINICAL)}, False),
        ({"verificationStatus": stated("refuted", LOCAL)}, False),
        ({"verificationStatus": stated("confirmed", LOCAL, system=CLINICAL)}, True),
        ({"status": "active", "intent": "proposal"}, False),
        ({"status": "active", "intent": "plan"}, True),
    ],
)
def test_what_is_ruled_out_or_only_proposed_is_not_meant(more: Json, expected: bool) -> None:
    assert sound(more) is expected


def test_a_code_without_a_system_hides_no_result_of_another_name() -> None:
    local = [{"code": {**stated("100"), "text": name}} for name in ("Sodium", "Troponin", "sodium")]
    bare = {"code": stated("100")}

    assert last_results({**one, "valueInteger": 1} for one in (*local, bare, bare)) == [0, 1, 3, 4]


def test_a_result_without_a_value_hides_no_older_one() -> None:
    results = [result("2024"), result("2023", valueString="a"), result("2022", valueString="b")]

    assert last_results(results) == [1]
