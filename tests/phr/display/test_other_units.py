"""Results in the units of other countries."""

from typing import Any

import pytest

from phr.display import describe


def observation(code: str, value: Any, unit: str, **more: Any) -> dict[str, Any]:
    coding = {"system": "http://loinc.org", "code": code}
    quantity = {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [coding], "text": "Test"},
        "valueQuantity": quantity | more,
    }


@pytest.mark.parametrize(
    ("code", "value", "unit", "said"),
    [
        ("15074-8", 5.4, "mmol/L", "About 97 mg/dL"),
        ("2339-0", 97, "mg/dL", "About 5.4 mmol/L"),
        ("29463-7", 158, "[lb_av]", "About 71.7 kg"),
        ("8302-2", 71, "[in_i]", "About 180 cm"),
        ("8310-5", 98.6, "[degF]", "About 37 °C"),
        ("2093-3", 200, "mg/dL", None),
        ("29463-7", 72, "kg", None),
        ("2339-0", True, "mg/dL", None),
    ],
)
def test_it_is_said_about_how_much_that_is(
    code: str, value: Any, unit: str, said: str | None
) -> None:
    assert dict(describe(observation(code, value, unit)).facts).get("In other units") == said


def test_at_most_so_much_is_no_number_to_turn() -> None:
    facts = dict(describe(observation("2339-0", 40, "mg/dL", comparator="<")).facts)
    assert "In other units" not in facts
