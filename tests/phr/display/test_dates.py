"""Dates and times read as people write them, no more precise than they were recorded."""

from typing import Any

import pytest

from phr.display.dates import date, moment, period, timing, whole


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


@pytest.mark.parametrize(
    ("repeat", "shown"),
    [
        ({"frequency": 1, "period": 1, "periodUnit": "d"}, "every day"),
        ({"frequency": 2, "period": 1, "periodUnit": "d"}, "twice a day"),
        ({"frequency": 3, "period": 1, "periodUnit": "wk"}, "three times a week"),
        ({"frequency": 1, "period": 6, "periodUnit": "h"}, "every 6 hours"),
        ({"frequency": 5, "period": 1, "periodUnit": "h"}, "5 times an hour"),
        ({"frequency": 1, "frequencyMax": 2, "period": 1, "periodUnit": "d"}, "1 to 2 times a day"),
        ({"frequency": 2, "period": 21, "periodUnit": "d"}, "twice every 21 days"),
        (
            {
                "frequency": 1,
                "period": 1,
                "periodUnit": "d",
                "when": ["ACM"],
                "boundsDuration": {"value": 10, "code": "d"},
            },
            "every day, before breakfast, for 10 days",
        ),
        (
            {"dayOfWeek": ["mon", "fri"], "timeOfDay": ["08:30:00"]},
            "on Mondays, on Fridays, at 08:30",
        ),
        ({"frequency": True, "period": float("nan"), "periodUnit": ["d"]}, ""),
    ],
)
def test_how_often(repeat: dict[str, Any], shown: str) -> None:
    assert timing({"repeat": repeat}) == shown


def test_a_timing_may_say_it_in_words_or_moments() -> None:
    assert timing({"code": {"text": "Twice on Sundays"}}) == "Twice on Sundays"
    assert timing({"code": {"coding": [{"code": "BID"}]}}) == "twice a day"
    assert timing({"event": ["2024-03-03", "2024-03-05"]}) == "3 March 2024; 5 March 2024"


@pytest.mark.parametrize("odd", [True, -1, float("inf"), 10**30, "3", None])
def test_a_count_is_a_sensible_number(odd: object) -> None:
    assert whole(odd) == ""
