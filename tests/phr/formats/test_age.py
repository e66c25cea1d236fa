"""When a resource was said, as far as it tells, and how much it means to count."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from phr.formats.age import MENDED, PROVISIONAL, USUAL, age, instant
from phr.formats.ccda.times import instant as of_document
from phr.formats.hl7v2.values import instant as of_message


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2024-03-02T10:00:00Z", datetime(2024, 3, 2, 10, tzinfo=UTC)),
        ("2024-03-02T10:00:00.5+01:00", datetime(2024, 3, 2, 9, 0, 0, 500_000, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("1799-03-02T10:00:00Z", None),
        ("2199-03-02T10:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_instants(text: str | None, at: datetime | None) -> None:
    assert instant(text) == at


@pytest.mark.parametrize(("minutes", "tells"), [(-1, True), (3, True), (10, False), (1380, False)])
def test_a_time_to_come_tells_nothing(minutes: int, *, tells: bool) -> None:
    """But for what clocks differ."""
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    assert instant(at.isoformat()) == (at if tells else None)


@pytest.mark.parametrize(
    ("resource", "counts"),
    [
        ({"status": "final"}, USUAL),
        ({"status": "corrected"}, MENDED),
        ({"status": "preliminary"}, PROVISIONAL),
        ({"verificationStatus": {"coding": [{"code": "entered-in-error"}]}}, MENDED),
        ({"verificationStatus": {"coding": [{"code": "confirmed"}]}}, USUAL),
        (
            {"status": ["final"], "meta": [], "issued": 3, "verificationStatus": {"coding": 1}},
            USUAL,
        ),
        ({}, USUAL),
    ],
)
def test_how_much_it_means_to_count(resource: dict[str, Any], counts: int) -> None:
    assert (age(resource).standing, age(resource).issued) == (counts, None)


@pytest.mark.parametrize(
    ("text", "zone", "said"),
    [
        ("20240302101500", "+0100", "2024-03-02T10:15:00+01:00"),
        ("202403021015-0500", "+0100", "2024-03-02T10:15:00-05:00"),
        ("20240302", "", "2024-03-02T00:00:00+00:00"),
        ("202403", "", ""),
        ("20240230", "", ""),
        ("20240302101500+2300", "", ""),
        ("20240302101500+0060", "", ""),
        ("20240302101500", "-1360", ""),
        ("20240302101500", "+abcd", ""),
        ("20240302101500+1400", "", "2024-03-02T10:15:00+14:00"),
        ("20240302101500+1359", "", "2024-03-02T10:15:00+13:59"),
        ("", "", ""),
    ],
)
def test_times_of_messages(text: str, zone: str, said: str) -> None:
    assert of_message(text, zone) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("20240305103000-0500", "2024-03-05T10:30:00-05:00"),
        ("202403051030", "2024-03-05T10:30:00+00:00"),
        ("20240305", "2024-03-05T00:00:00+00:00"),
        ("2024", ""),
        ("20240230", ""),
        ("20240305103000+2300", ""),
        ("20240305103000+0060", ""),
        ("", ""),
    ],
)
def test_times_of_documents(text: str, said: str) -> None:
    assert of_document(text) == said
