"""The clinical date of a resource."""

from typing import Any

import pytest

from phr.formats.effective import by_clock, effective_at, happened, utc


@pytest.mark.parametrize(
    ("resource", "at"),
    [
        ({"effectiveDateTime": "2024-12-31T20:00:00-05:00"}, "2024-12-31T20:00:00Z"),
        ({"effectivePeriod": {"end": "2024-03-02"}}, "2024-03-02T00:00:00Z"),
        ({"effectiveTiming": {"event": ["2024-03", "2025"]}}, "2024-03-01T00:00:00Z"),
        ({"issued": "2025-01-01T00:00:00Z", "effectiveDateTime": "2024"}, "2024-01-01T00:00:00Z"),
        ({"onsetAge": {"value": 3}, "recordedDate": "2024-01-02"}, "2024-01-02T00:00:00Z"),
        ({"collection": {"collectedDateTime": "2024-01-02"}}, "2024-01-02T00:00:00Z"),
        ({"context": {"period": {"start": "2024-01-02"}}, "date": "2025"}, "2024-01-02T00:00:00Z"),
        ({"context": {"reference": "Encounter/1"}, "date": "2025"}, "2025-01-01T00:00:00Z"),
        ({"_effectiveDateTime": {"id": "x"}, "issued": "2025"}, "2025-01-01T00:00:00Z"),
        ({"content": [{"attachment": {"creation": "2024-01-02"}}]}, "2024-01-02T00:00:00Z"),
        ({"content": {"creation": "2024-01-02"}, "issued": "2025"}, "2025-01-01T00:00:00Z"),
        ({"birthDate": "1961-05-17"}, None),
        ({"period": {}}, None),
    ],
)
def test_what_happened_comes_before_what_was_written(
    resource: dict[str, Any], at: str | None
) -> None:
    assert effective_at(resource) == at


def test_of_two_clocks_the_instants_tell_which_was_first() -> None:
    west, east = ({"issued": f"2024-01-01T{at}"} for at in ("20:00:00-05:00", "23:00:00Z"))

    assert by_clock(west["issued"]) == "2024-01-01T20:00:00Z"
    assert (first := happened(east)) is not None
    assert (last := happened(west)) is not None
    assert first < last


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
        ("2024-03-02T10:15:00.123456789-05:00", "2024-03-02T15:15:00Z"),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("1799-12-31", None),
        ("2201-01-01", None),
        ("1800", "1800-01-01T00:00:00Z"),
        ("2023-02-29", None),
        ("", None),
        ("soon", None),
    ],
)
def test_instants(text: str, instant: str | None) -> None:
    assert utc(text) == instant
