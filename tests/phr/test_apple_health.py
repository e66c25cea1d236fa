"""Apple Health exports in the record: next month's file updates this month's days."""

import pytest

from accounts.acting import acting_as
from phr.models import Record
from tests.cast import Cast, put_in
from tests.worlds.apple import export, record
from tests.worlds.files import packed

pytestmark = pytest.mark.django_db(databases=["default", "vault"])


def test_next_month_s_export_updates_the_last_day_and_adds_the_new_ones(cast: Cast) -> None:
    steps = [
        record("StepCount", "900", "count", f"2024-03-0{day} 09:00:00 +0100") for day in (1, 2)
    ]
    weight = record("BodyMass", "70.5", "kg")
    first = put_in(cast.alice, packed(("e/export.xml", export(weight, *steps))), "export.zip")
    assert first.report.problem == ""
    assert (first.upload.imported, first.upload.updated) == (4, 0)

    more = record("StepCount", "100", "count", "2024-03-02 21:00:00 +0100")
    new = record("StepCount", "50", "count", "2024-03-03 08:00:00 +0100")
    file = packed(("e/export.xml", export(weight, *steps, more, new)), ("e/route.gpx", b"<gpx/>"))
    again = put_in(cast.alice, file, "export.zip")

    done = again.upload
    assert (done.imported, done.updated, done.duplicates, done.skipped) == (1, 1, 3, 1)
    assert again.report.skipped is not None
    assert again.report.skipped[0][0] == "e/route.gpx"
    with acting_as(cast.alice):
        assert Record.objects.filter(hidden_at=None).count() == 5
