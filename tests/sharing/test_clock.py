"""Times of day on pages about sharing: with the zone whose clocks they are of."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from pytest_django import Settings

from accounts.acting import acting_as
from sharing.models import Grant
from sharing.templatetags.clock import moment
from tests.cast import Cast
from tests.doors import sign_in, text
from tests.sharing.test_views_emergencies import proved
from tests.worlds import by_code

LATE = datetime(2026, 7, 1, 23, 30, 5, tzinfo=UTC)


def test_an_instant_is_told_by_the_clocks_of_the_operator(settings: Settings) -> None:
    assert moment(LATE) == f"1 July 2026, 23:30 ({settings.PHR_LEGAL_ZONE})"
    settings.PHR_LEGAL_ZONE = ZoneInfo("Europe/Berlin")
    assert moment(LATE) == "2 July 2026, 01:30 (Europe/Berlin)"
    assert moment(LATE, "seconds") == "2 July 2026, 01:30:05 (Europe/Berlin)"


@pytest.mark.django_db(databases=["default", "vault"])
@pytest.mark.usefixtures("static_files")
def test_both_sides_read_when_an_emergency_ends_by_the_same_clock(
    cast: Cast, settings: Settings
) -> None:
    settings.PHR_LEGAL_ZONE = ZoneInfo("Asia/Tokyo")
    by_code.helped(cast)
    with acting_as(cast.alice):
        ends = Grant.objects.get(path="emergency").ends_at
    assert ends
    until = f"{ends.astimezone(settings.PHR_LEGAL_ZONE):%-d %B %Y, %H:%M} (Asia/Tokyo)"
    assert until in text(sign_in("alice@example.org").get("/sharing/"))
    assert until in text(proved("dora@example.org").get("/shared/"))
