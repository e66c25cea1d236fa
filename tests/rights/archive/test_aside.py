"""Lines kept aside come back as they went in, and instants as the slow way writes them."""

from datetime import datetime

import pytest

from rights.archive.aside import Aside
from rights.archive.times import instant, written


def test_what_is_kept_aside_comes_back_once_and_is_small() -> None:
    aside = Aside()
    lines = [f"line {number}, and so on\n".encode() for number in range(20_000)]
    for line in lines:
        aside.write(line)

    assert sum(map(len, aside._parts)) < len(b"".join(lines)) / 3
    assert b"".join(aside.pieces()) == b"".join(lines)
    assert b"".join(Aside().pieces()) == b""


@pytest.mark.parametrize(
    "at",
    [
        "2026-11-23 13:52:35.123456+00", "2026-11-23 13:52:35.1+00", "2026-11-23 13:52:35+00",
        "0033-04-03 15:00:00+00", "2026-11-23 13:52:35.12+05:30",
    ],
)  # fmt: skip
def test_an_instant_of_the_database_is_written_as_fhir_does(at: str) -> None:
    assert written(at) == instant(datetime.fromisoformat(at))
