"""Rate and time left, in words."""

from datetime import timedelta

import pytest

from phr.pace import pace

MB = 1_000_000


@pytest.mark.parametrize(
    ("done", "total", "unit", "seconds", "words"),
    [
        (10 * MB, 40 * MB, "bytes", 40, "0.2 MB a second, about 2 minutes left"),
        (30 * MB, 40 * MB, "bytes", 10, "3.0 MB a second, less than a minute left"),
        (1000, 4600, "entries", 60, "17 entries a second, about 4 minutes left"),
        (1000, 2050, "entries", 60, "17 entries a second, about 1 minute left"),
        (41 * MB, 40 * MB, "bytes", 10, "4.1 MB a second, less than a minute left"),
        (10 * MB, 40 * MB, "bytes", 0.5, ""),
    ],
)
def test_rate_and_time_left(done: int, total: int, unit: str, seconds: float, words: str) -> None:
    assert pace(done, total, unit, timedelta(seconds=seconds)) == words
