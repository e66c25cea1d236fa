"""Which part of a file a browser asks for."""

import pytest

from phr.ranges import NotSatisfiable, wanted


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("", None),
        ("bytes=0-", (0, 1000)),
        ("bytes=0-0", (0, 1)),
        ("bytes=500-", (500, 1000)),
        ("bytes=500-599", (500, 600)),
        ("bytes=500-99999", (500, 1000)),
        ("bytes=-1", (999, 1000)),
        ("bytes=-5000", (0, 1000)),
        # Not one range in bytes, or not a range: all of it is sent (RFC 9110 section 14.2).
        ("bytes=0-1,5-6", None),
        ("bytes=5-4", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("lines=0-5", None),
        ("bytes=٣-", None),
        ("bytes=" + "9" * 400 + "-", None),
    ],
)
def test_one_range_or_everything(header: str, part: tuple[int, int] | None) -> None:
    assert wanted(header, 1000) == part


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=1000-1001", "bytes=-0"])
def test_beyond_the_end_there_is_nothing(header: str) -> None:
    with pytest.raises(NotSatisfiable):
        wanted(header, 1000)
