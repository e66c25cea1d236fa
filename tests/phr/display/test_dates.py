"""Dates and times read as people write them, no more precise than they were recorded."""

import pytest

from phr.display.dates import date, moment, period, whole


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("2024", "2024"),
        ("2024-03", "March 2024"),
        ("2024-03-03", "3 March 2024"),
        ("2024-03-03T14:05:00+01:00", "3 March 2024, 14:05"),
        ("2024-03-03T14:05:00.123Z", "3 March 2024, 14:05 UTC"),
        ("2024-03-03T00:00:00Z", "3 March 2024"),
        ("2024-13-40", "2024"),
        ("around Easter", "around Easter"),
        (20240303, ""),
        (None, ""),
        (["2024"], ""),
    ],
)
def test_a_moment(given: object, shown: str) -> None:
    assert moment(given) == shown


def test_a_day_leaves_out_the_time() -> None:
    assert date("2024-03-03T14:05:00+01:00") == "3 March 2024"


@pytest.mark.parametrize(
    ("start", "end", "shown"),
    [
        ("2024-03-03", "2024-03-05", "3 March 2024 to 5 March 2024"),
        ("2024-03-03T14:05:00Z", "2024-03-03T14:30:00Z", "3 March 2024, 14:05 UTC to 14:30 UTC"),
        ("2024-03-03", "2024-03-03", "3 March 2024"),
        ("2024-03-03T09:30:00+01:00", None, "since 3 March 2024"),
        (None, "2024-03-03", "until 3 March 2024"),
        (None, None, ""),
    ],
)
def test_a_period(start: str | None, end: str | None, shown: str) -> None:
    assert period({"start": start, "end": end}) == shown


@pytest.mark.parametrize("odd", [True, -1, float("inf"), 10**30, "3", None])
def test_a_count_is_a_sensible_number(odd: object) -> None:
    assert whole(odd) == ""
