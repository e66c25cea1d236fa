"""Measurements by hand: the time of day, several at once; and files that are described afterwards."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from phr.forms.entries.fields import PartialDateField
from phr.forms.entries.measurement import MeasurementForm
from phr.forms.entries.several import SeveralForm
from phr.services import entries, records
from tests.cast import Cast, put_in
from tests.doors import sign_in, text
from tests.worlds.files import pdf

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
DAY = {"day_day": "3", "day_month": "2", "day_year": "2024"}
WEIGHT = {"what": "weight-kg", "value": "72.50", **DAY}
PAIR = "blood-pressure"
NEW = "/records/new/measurement/"


@pytest.fixture
def alice(cast: Cast) -> Client:  # noqa: ARG001
    return sign_in("alice@example.org")


def test_today_is_today_where_she_is(monkeypatch: pytest.MonkeyPatch) -> None:
    # In Sydney it is 8 in the morning of the next day.
    at = datetime(2026, 7, 1, 22, 0, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: at)
    day = PartialDateField(label="When")

    assert day.to_python(["2", "7", "2026"]) == "2026-07-02"
    with pytest.raises(ValidationError, match="choose today or a day before"):
        day.to_python(["3", "7", "2026"])
    assert 'max="2026-07-02"' in str(SeveralForm()["day_1"])
    asked = str(MeasurementForm()["day"])
    assert asked.count("data-today") == 3
    assert "2026" not in asked
    assert "data-today" not in str(MeasurementForm({})["day"])


def test_a_time_is_kept_with_the_offset_of_its_clock_and_can_be_corrected(
    cast: Cast, alice: Client
) -> None:
    answer = alice.post(NEW, {**WEIGHT, "time": "07:05", "zone": "+02:00"})
    pk = UUID(answer.headers["Location"].split("/")[-2])
    kept = entries.entry(cast.alice, pk).resource

    assert kept["effectiveDateTime"] == "2024-02-03T07:05:00+02:00"
    assert "3 February 2024, 07:05" in text(alice.get(f"/records/{pk}/"))
    form = text(alice.get(f"/records/{pk}/correct/"))
    assert 'value="07:05' in form
    told = {**WEIGHT, "time": "08:10", "zone": "+02:00", "version": "1", "why": ""}
    assert alice.post(f"/records/{pk}/correct/", told).status_code == 302
    kept = entries.entry(cast.alice, pk).resource
    assert kept["effectiveDateTime"] == "2024-02-03T08:10:00+02:00"


def test_without_script_the_time_zone_is_asked_for(alice: Client) -> None:
    page = text(alice.post(NEW, {**WEIGHT, "time": "07:05"}))

    assert "Choose the time zone" in page
    assert '<select name="zone"' in page
    wrong = text(alice.post(NEW, {**WEIGHT, "time": "07:05", "zone": "+02:00", "day_day": ""}))
    assert "A time needs its day and month too." in wrong


def test_several_are_kept_together_and_what_she_had_already_is_told(
    cast: Cast, alice: Client
) -> None:
    told = {
        "what": "blood-pressure", "zone": "Z",
        "day_1": "2024-02-03", "value_1": "120/80",
        "day_2": "2024-02-04", "time_2": "07:30", "value_2": "130 / 85",
    }  # fmt: skip
    assert alice.post("/records/new/measurements/", told).headers["Location"] == "/records/"
    page = text(alice.get("/records/"))

    assert "Saved 2 values" in page
    assert len(records.timeline(cast.alice, cast.alice_id).items) == 2
    again = {**told, "day_3": "2024-02-05", "value_3": "125/82"}
    alice.post("/records/new/measurements/", again)
    assert "Saved 1 value, marked as entered by you. You already had 2 of them." in text(
        alice.get("/records/")
    )


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ({}, "Write at least one day and number."),
        ({"day_2": "2024-02-03", "value_2": "heavy"}, "Line 2: Write the number with digits"),
        ({"value_1": "72"}, "Line 1: choose the day too."),
        (
            {"what": PAIR, "day_1": "2024-02-03", "value_1": "x"},
            "write two numbers, such as 120/80",
        ),
        ({"day_1": "2024-02-03", "value_1": "320"}, "Some numbers are very unusual."),
    ],
)
def test_a_line_that_is_not_right_keeps_all_of_them_out(
    cast: Cast, alice: Client, line: dict[str, str], sentence: str
) -> None:
    good = {"day_3": "2024-02-05", "value_3": "71"} if line else {}
    page = text(alice.post("/records/new/measurements/", {"what": "weight-kg", **good, **line}))

    assert sentence in page
    assert not records.timeline(cast.alice, cast.alice_id).items


def test_a_file_is_described_afterwards_and_stays_the_same_file(cast: Cast, alice: Client) -> None:
    put_in(cast.alice, pdf("Heart clinic"), "scan0001.pdf")
    [item] = records.timeline(cast.alice, cast.alice_id).items
    assert "Correct this item" in text(alice.get(f"/records/{item.id}/"))
    told = {
        "name": "Letter from the heart clinic", "kind": "Discharge letter", "version": "1",
        "day_day": "5", "day_month": "3", "day_year": "2024", "why": "",
    }  # fmt: skip
    assert alice.post(f"/records/{item.id}/correct/", told).status_code == 302

    again = put_in(cast.alice, pdf("Heart clinic"), "scan0001.pdf")
    assert (again.upload.imported, again.upload.duplicates) == (0, 1)
    [item] = records.timeline(cast.alice, cast.alice_id, text="heart").items
    assert (item.title, item.day) == ("Letter from the heart clinic", "2024-03-05")
    assert "Download the original file" in text(alice.get(f"/records/{item.id}/"))
