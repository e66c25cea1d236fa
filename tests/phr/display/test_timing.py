"""Timing in words."""

from typing import Any

import pytest

from phr.display.timing import timing


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
        ({"period": 4, "periodMax": 6, "periodUnit": "h"}, "every 4 to 6 hours"),
        (
            {"frequency": 2, "period": 1, "periodMax": 2, "periodUnit": "d"},
            "twice every 1 to 2 days",
        ),
        ({"frequency": 2}, "twice"),
        (
            {"count": 3, "frequency": 1, "period": 1, "periodUnit": "d"},
            "every day, three times in all",
        ),
        ({"count": 1}, "once in all"),
        ({"count": 3, "countMax": 5}, "3 to 5 times in all"),
        (
            {"duration": 30, "durationMax": 60, "durationUnit": "min"},
            "each time for 30 to 60 minutes",
        ),
        ({"when": ["AC"], "offset": 30}, "30 minutes before meals"),
        ({"when": ["WAKE"], "offset": 15}, "on waking and 15 minutes later"),
        ({"when": ["X-LOCAL"]}, "see the original for the rest"),
        (
            {"boundsRange": {"low": {"value": 5, "code": "d"}, "high": {"value": 7, "code": "d"}}},
            "for 5 days to 7 days",
        ),
        ({"frequency": True, "period": float("nan"), "periodUnit": ["d"]}, ""),
    ],
)
def test_how_often(repeat: dict[str, Any], shown: str) -> None:
    assert timing({"repeat": repeat}) == shown


def test_a_timing_may_say_it_in_words_or_moments() -> None:
    assert timing({"code": {"text": "Twice on Sundays"}}) == "Twice on Sundays"
    assert timing({"code": {"coding": [{"code": "BID"}]}}) == "twice a day"
    told = {"repeat": {"frequency": 2, "boundsDuration": {"value": 5, "code": "d"}}}
    bid = {"code": {"coding": [{"code": "BID"}]}}
    assert timing(told | bid) == "twice a day, for 5 days", "the bounds hold beside a code"
    assert timing({"event": ["2024-03-03", "2024-03-05"]}) == "3 March 2024; 5 March 2024"
