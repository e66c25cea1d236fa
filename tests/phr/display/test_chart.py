"""Values over time: which numbers are drawn, and where."""

import re
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from phr.display.chart import draw
from phr.display.measured import Value, chartable, values

Json = dict[str, Any]
AT = datetime(2024, 3, 1, tzinfo=UTC)


def value(number: float, day: int = 1, **more: Any) -> Value:
    told: Json = {"name": "", "unit": "g/L", "low": None, "high": None, "source": 1} | more
    return Value(at=datetime(2024, 3, day, tzinfo=UTC), number=number, **told)


def observed(**more: Any) -> Json:
    code = {"coding": [{"system": "http://loinc.org", "code": "718-7"}]}
    return {"resourceType": "Observation", "status": "final", "code": code, **more}


def amount(number: float, unit: str = "g/L", **more: Any) -> Json:
    return {"value": number, "unit": unit, **more}


def test_the_number_its_unit_and_its_range() -> None:
    usual = {"low": amount(115), "high": amount(165)}
    found = values(observed(valueQuantity=amount(120), referenceRange=[usual]), AT, 2)

    assert found == [Value("", AT, 120.0, "g/L", 115.0, 165.0, 2)]


@pytest.mark.parametrize(
    "resource",
    [
        observed(valueQuantity=amount(5, comparator="<")),
        observed(valueString="5"),
        observed(valueQuantity={"value": True}),
        observed(valueQuantity={"value": float("nan")}),
        observed(valueQuantity=amount(5), status="entered-in-error"),
        observed(valueQuantity=amount(5), modifierExtension=[{"url": "urn:x"}]),
        {**observed(valueQuantity=amount(5)), "resourceType": "Condition"},
        observed(valueQuantity=[1], component=7, referenceRange="x"),
    ],
)
def test_what_is_no_exact_number_is_not_drawn(resource: Json) -> None:
    assert values(resource, AT, 1) == []
    assert not chartable(resource)


def test_a_range_for_some_people_or_in_another_unit_is_not_taken() -> None:
    for usual in (
        [{"low": amount(1), "age": {"low": {"value": 60}}}],
        [{"low": amount(1)}, {"low": amount(2)}],
        [{"low": amount(1, "mmol/L")}],
        [{"low": amount(1), "type": {"text": "Critical"}}],
    ):
        found = values(observed(valueQuantity=amount(5), referenceRange=usual), AT, 1)
        assert (found[0].low, found[0].high) == (None, None)


def test_a_bare_code_does_not_find_others_like_it() -> None:
    local = {"coding": [{"code": "HB"}]}

    assert chartable(observed(valueQuantity=amount(5)))
    assert not chartable({**observed(valueQuantity=amount(5)), "code": local})


def test_two_spellings_of_one_ucum_unit_are_the_same() -> None:
    ucum = {"system": "http://unitsofmeasure.org", "code": "mm[Hg]"}
    spelled = [amount(1, "mmHg"), amount(2, "millimetres", **ucum), amount(3, "mm Hg")]

    assert {values(observed(valueQuantity=one), AT, 1)[0].unit for one in spelled} == {"mmHg"}


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("mmol/l", "mmol/L"),
        ("ml", "mL"),
        ("10*9/l", "10*9/L"),
        ("mol", "mol"),
        ("ml/min", "mL/min"),
    ],
)
def test_a_litre_is_small_or_capital(written: str, same: str) -> None:
    found = values(observed(valueQuantity=amount(5, written)), AT, 1)
    assert found[0].unit == values(observed(valueQuantity=amount(5, same)), AT, 1)[0].unit


def test_each_unit_has_a_drawing_of_its_own() -> None:
    drawings = draw([value(120), value(7.4, 5, unit="mmol/L"), value(118, 3)])

    assert [one.unit for one in drawings] == ["mmol/L", "g/L"]
    assert [len(one.lines[0].dots) for one in drawings] == [1, 2]


def test_later_is_to_the_right_and_more_is_higher() -> None:
    drawing = draw([value(100, 9), value(120, 1), value(110, 5)])[0]
    places = [tuple(map(float, one.split(","))) for one in drawing.lines[0].points.split()]

    assert [y for _, y in places] == sorted(y for _, y in places)
    assert all(before[0] < after[0] for before, after in pairwise(places))
    assert all(52 <= x <= 388 and 14 <= y <= 222 for x, y in places)
    assert drawing.said == "3 values from 1 March 2024 to 9 March 2024, between 100 and 120 g/L."


@pytest.mark.parametrize("number", [0, 5, -3.5, 1e-9, 1e14])
def test_one_value_alone_is_drawn(number: float) -> None:
    drawing = draw([value(number)])[0]

    assert len(drawing.lines[0].dots) == 1
    assert 2 <= len(drawing.levels) <= 9
    assert len(drawing.days) == 1
    assert "nan" not in drawing.lines[0].points


def test_parts_of_a_measurement_are_lines_of_their_own() -> None:
    parts = [
        value(n, day, name=name)
        for day, n, name in [(1, 120, "Upper"), (1, 80, "Lower"), (2, 130, "Upper")]
    ]
    drawing = draw(parts)[0]

    assert [(one.name, one.stroke, len(one.dots)) for one in drawing.lines] == [
        ("Upper", 1, 2),
        ("Lower", 2, 1),
    ]
    assert drawing.band is None


def test_the_band_is_the_range_of_the_newest_and_says_when_others_differ() -> None:
    same = draw([value(5, 1, low=4, high=6), value(5, 2, low=4, high=6)])[0]
    other = draw([value(5, 1, low=4, high=6), value(5, 2, low=3, high=None)])[0]

    assert same.band
    assert not same.band.newest
    assert float(same.band.height) > 0
    assert other.band
    assert other.band.newest
    assert other.band.y == "14.0"
    assert draw([value(5)])[0].band is None


def test_sources_are_told_apart_by_the_shape_of_their_marks() -> None:
    dots = draw([value(5, day, source=day) for day in (1, 2, 3)])[0].lines[0].dots

    assert len({dot.shape for dot in dots}) == 3
    assert all(re.fullmatch(r"[MmaAhvlz0-9 .\-]+", dot.shape) for dot in dots)


def test_more_parts_than_can_be_told_apart_are_said() -> None:
    drawing = draw([value(n, name=f"Part {n}") for n in range(6)])[0]

    assert len(drawing.lines) == 4
    assert drawing.more
