"""Two versions of an item side by side, for its owner."""

from typing import Any
from uuid import UUID

import pytest

from phr.display import describe
from phr.display.compared import Change, compared
from phr.display.shown import Shown
from phr.services import entries, records, versions
from tests.cast import Cast
from tests.doors import sign_in, text

HAY_FEVER = {
    "resourceType": "Condition",
    "code": {"text": "Hay fever"},
    "subject": {"display": "Alice"},
    "onsetDateTime": "2015",
}
database = pytest.mark.django_db(databases=["default", "vault"])


def test_headings_that_only_one_has_keep_their_place() -> None:
    before = Shown("Asthma", [("Since", "2015"), ("Note", "a"), ("Note", "b")])
    after = Shown("Asthma", [("Status", "Now"), ("Since", "2016"), ("Note", "a")])

    assert compared(before, after) == [
        Change("Title", "Asthma", "Asthma"),
        Change("Status", "", "Now"),
        Change("Since", "2015", "2016"),
        Change("Note", "a", "a"),
        Change("Note", "b", ""),
    ]


def test_what_changed_in_a_contained_resource_is_told() -> None:
    def report(value: float) -> dict[str, Any]:
        inner = {"resourceType": "Observation", "valueQuantity": {"value": value}}
        return {"resourceType": "DiagnosticReport", "contained": [inner]}

    changes = compared(describe(report(4.1)), describe(report(9.9)))
    assert Change("Result", "4.1", "9.9") in changes


@pytest.fixture
def corrected(cast: Cast) -> UUID:
    record_id = entries.enter(cast.alice, HAY_FEVER)
    change: dict[str, dict[str, Any]] = {"onset[x]": {"onsetDateTime": "2016"}}
    entries.correct(cast.alice, record_id, change, reason="I looked it up", version=1)
    change = {"code": {"code": {"text": "Grass pollen allergy"}}}
    entries.correct(cast.alice, record_id, change, reason="", version=2)
    return record_id


@database
def test_each_past_version_is_compared_with_the_next(cast: Cast, corrected: UUID) -> None:
    first = versions.compare(cast.alice, corrected, 1)
    second = versions.compare(cast.alice, corrected, 2)

    assert [(one.before, one.after) for one in first.changed] == [("2015", "2016")]
    assert first.then
    assert first.then.reason == "I looked it up"
    assert (first.earlier, first.after, first.newest) == (None, 2, 3)
    assert [(one.before, one.after) for one in second.changed] == [
        ("Hay fever", "Grass pollen allergy")
    ]
    assert second.earlier == 1


@database
@pytest.mark.usefixtures("static_files")
def test_the_page_says_it_in_words_and_only_to_its_owner(cast: Cast, corrected: UUID) -> None:
    cast.share()
    alice = sign_in("alice@example.org")
    page = text(alice.get(f"/records/{corrected}/versions/1/"))

    assert "You corrected it" in page
    assert "I looked it up" in page
    assert "It said: </span>2015</del>" in page
    assert "Now it says: </span>2016</ins>" in page
    assert f"/records/{corrected}/versions/2/" in page
    assert alice.get(f"/records/{corrected}/versions/3/").status_code == 404
    assert sign_in("bob@example.org").get(f"/records/{corrected}/versions/1/").status_code == 404
    assert records.open_record(cast.alice, cast.alice_id, corrected).version == 3
