"""The day of an item: the one that is written in it, as precise as it is known."""

from datetime import date

import pytest

from phr.services import printing, records
from rights.archive.choice import Choice
from rights.services import choosing
from tests.cast import Cast, put_in
from tests.worlds.archive import Archive, made, taken

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
RESULT = (
    b'{"resourceType": "Observation", "status": "final", "code": {"text": "Zinc"},'
    b' "valueString": "fine", "effectiveDateTime": "%s"}'
)


def test_a_year_is_no_first_of_january(cast: Cast) -> None:
    put_in(cast.alice, RESULT % b"2016")

    [item] = records.timeline(cast.alice, cast.alice_id).items
    found = choosing.found(cast.alice, Choice(records=(item.id,)))
    assert [name for _, name in found.items] == ["2016: Zinc: fine"]
    [section] = printing.open_print(cast.alice).sections()
    assert [one.about for one in section.items] == ["2016. From file 1"]
    archive = Archive(taken(cast.alice, made(cast.alice)))
    [page] = (
        name for name in archive.names if name.startswith("pages/") and "Zinc" in archive.text(name)
    )
    assert "<p class=when>2016</p>" in archive.text(page)


def test_days_are_chosen_as_they_are_written(cast: Cast) -> None:
    put_in(cast.alice, RESULT % b"2024-12-31T20:00:00-05:00")

    last, first = date(2024, 12, 31), date(2025, 1, 1)
    assert choosing.found(cast.alice, Choice(since=last, until=last)).total == 1
    assert choosing.found(cast.alice, Choice(since=first)).total == 0
