"""What is in force, what is past, and which results are the last."""

from datetime import date
from typing import Any

import pytest

from phr.display.current import current, last_results

Json = dict[str, Any]


def stated(code: str) -> Json:
    return {"coding": [{"code": code}]}


def result(day: str, **more: Any) -> Json:
    return {"code": stated("718-7"), "effectiveDateTime": day, **more}


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({"resourceType": "Condition"}, True),
        ({"resourceType": "Condition", "abatementDateTime": "2020"}, False),
        ({"resourceType": "Condition", "clinicalStatus": stated("remission")}, False),
        ({"resourceType": "AllergyIntolerance", "clinicalStatus": stated("active")}, True),
        ({"resourceType": "MedicationRequest", "status": "on-hold"}, True),
        ({"resourceType": "MedicationRequest", "status": "stopped"}, False),
        ({"resourceType": "MedicationStatement", "effectivePeriod": {"end": "2024"}}, True),
        ({"resourceType": "MedicationStatement", "effectivePeriod": {"end": "2023-12"}}, False),
        ({"resourceType": "MedicationStatement", "effectivePeriod": {"end": 7}}, True),
    ],
)
def test_in_force_is_judged_by_what_the_resource_says(resource: Json, expected: bool) -> None:
    assert current(resource, date(2024, 3, 2)) is expected


def test_a_result_without_a_value_hides_no_older_one() -> None:
    results = [result("2024"), result("2023", valueString="a"), result("2022", valueString="b")]

    assert last_results(results) == [1]
