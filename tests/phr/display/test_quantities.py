"""Numbers and units read as people write them."""

from decimal import Decimal
from typing import Any

import pytest

from phr.display.quantities import age, duration, extent, money, number, quantity, ratio


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (120, "120"),
        (120.0, "120"),
        (98.60000000000001, "98.6"),
        (1.0234, "1.023"),
        (0.00012, "0.00012"),
        (12.345, "12.35"),
        (-2.25, "-2.25"),
        (-0.0, "0"),
        (Decimal("1.00"), "1.00"),
        (True, ""),
        ("7", ""),
        (float("nan"), ""),
        (float("inf"), ""),
        (10**40, ""),
    ],
)
def test_a_number(given: object, shown: str) -> None:
    assert number(given) == shown


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"value": 120, "unit": "mm[Hg]"}, "120 mmHg"),
        ({"value": 36.5, "code": "Cel"}, "36.5 °C"),
        ({"value": 98, "unit": "%"}, "98%"),
        ({"value": 5, "comparator": "<", "unit": "mg/L"}, "less than 5 mg/L"),
        ({"value": 72, "unit": "/min"}, "72 per minute"),
        ({"value": 7, "unit": "{score}"}, "7 points"),
        ({"value": 3, "unit": "{drinks}"}, "3 drinks"),
        ({"value": 4.1, "unit": "10*9/L"}, "4.1 \u00d710⁹/L"),
        ({"value": 4.1, "unit": "x10^12/L"}, "4.1 \u00d710¹²/L"),
        ({"value": 30, "code": "TAB"}, "30 tablets"),
        ({"value": 1, "unit": "capsule"}, "1 capsule"),
        ({"value": 5, "code": "415818006"}, "5"),
        ({"unit": "mg"}, ""),
        ({"value": {}, "unit": []}, ""),
        (None, ""),
    ],
)
def test_a_quantity(given: object, shown: str) -> None:
    assert quantity(given) == shown


def test_ages_and_durations() -> None:
    assert age({"value": 52, "code": "a"}) == "age 52"
    assert age({"value": 4, "code": "mo"}) == "age 4 months"
    assert duration({"value": 1, "unit": "d"}) == "1 day"
    assert duration({"value": 20, "unit": "minutes"}) == "20 minutes"


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [
        ({"value": 3.5, "unit": "mmol/L"}, {"value": 5.1, "unit": "mmol/L"}, "3.5 to 5.1 mmol/L"),
        ({"value": 10, "unit": "d"}, {"value": 2, "unit": "wk"}, "10 d to 2 wk"),
        (None, {"value": 5, "unit": "g"}, "up to 5 g"),
        ({"value": 5, "unit": "g"}, None, "5 g or more"),
        (None, None, ""),
    ],
)
def test_a_range(low: Any, high: Any, shown: str) -> None:
    assert extent({"low": low, "high": high}) == shown


@pytest.mark.parametrize(
    ("above", "below", "shown"),
    [
        ({"value": 1}, {"value": 128}, "1:128"),
        ({"value": 5, "unit": "mg"}, {"value": 1, "unit": "mL"}, "5 mg per mL"),
        ({"value": 500, "unit": "mg"}, {"value": 10, "unit": "mL"}, "500 mg per 10 mL"),
        ({"value": 3, "unit": "capsule"}, {"value": 1, "code": "d"}, "3 capsules per day"),
        ({"value": 3, "unit": "g"}, None, "3 g"),
        (None, None, ""),
    ],
)
def test_a_ratio(above: Any, below: Any, shown: str) -> None:
    assert ratio({"numerator": above, "denominator": below}) == shown


def test_money() -> None:
    assert money({"value": 1125.5, "currency": "USD"}) == "1,125.50 USD"
    assert money({"value": float("inf"), "currency": "USD"}) == ""
    assert money("12 dollars") == ""
