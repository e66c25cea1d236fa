"""The same thing under another of its numbers is another version of it, and nothing else is."""

import json
from typing import Any

import pytest

from phr.services import imports, uploads
from phr.services.reports import report
from tests.cast import IMPORTER, Cast, hand_in, put_in
from tests.doors import sign_in, text

pytestmark = pytest.mark.django_db(databases=["default", "vault"])
CLINIC, EXCHANGE, STAY = "urn:clinic", "urn:exchange", "urn:stay"


def condition(said: str, *numbers: tuple[str, str], **more: Any) -> bytes:
    resource = {
        "resourceType": "Condition",
        "identifier": [{"system": system, "value": value} for system, value in numbers],
        "code": {"coding": [{"system": "urn:codes", "code": "J45"}], "text": "Asthma"},
        "subject": {"display": "Alice"},
        "onsetDateTime": "2020-02-03",
        "note": [{"text": said}],
        **more,
    }
    return json.dumps(resource).encode()


def became(cast: Cast, file: bytes) -> str:
    return report(cast.alice, put_in(cast.alice, file).upload.pk).entries[0].outcome


ONE, TWO = (CLINIC, "1"), (EXCHANGE, "77")


@pytest.mark.parametrize(("first", "then"), [([ONE], [TWO, ONE]), ([TWO, ONE], [ONE])])
def test_who_puts_a_number_of_its_own_first_says_it_of_the_same(
    cast: Cast, first: list[tuple[str, str]], then: list[tuple[str, str]]
) -> None:
    assert became(cast, condition("Mild", *first)) == "new"
    assert became(cast, condition("Worse", *then)) == "changed"
    assert became(cast, condition("Better", TWO)) == "changed"
    assert became(cast, condition("Gone", ONE)) == "changed"


@pytest.mark.parametrize(
    "other",
    [
        {"onsetDateTime": "2020-02-04"},
        {"code": {"coding": [{"system": "urn:codes", "code": "J46"}], "text": "Another"}},
    ],
)
def test_a_number_that_a_whole_stay_shares_makes_nothing_one(
    cast: Cast, other: dict[str, Any]
) -> None:
    stay = (STAY, "S-9")
    assert became(cast, condition("Mild", ONE, stay)) == "new"
    assert became(cast, condition("Else", (CLINIC, "2"), stay, **other)) == "new"


@pytest.mark.usefixtures("static_files")
def test_numbers_that_lead_to_two_items_lead_to_neither(cast: Cast) -> None:
    put_in(cast.alice, condition("Mild", ONE))
    put_in(cast.alice, condition("Other words", TWO))

    for numbers in ([ONE, TWO], [TWO, ONE], [("urn:new", "3"), ONE, TWO]):
        file = condition(f"Worse {numbers}", *numbers)
        told = put_in(cast.alice, file)
        assert (told.upload.imported, told.upload.updated) == (1, 0)
        (entry,) = report(cast.alice, told.upload.pk).entries
        assert entry.outcome == "unsure"
    page = text(sign_in("alice@example.org").get(f"/records/upload/{told.upload.pk}/entries/"))
    assert "its numbers belong to two items you had" in page


def test_an_update_is_foreseen(cast: Cast) -> None:
    put_in(cast.alice, condition("Mild", ONE))
    upload_id = hand_in(cast.alice, condition("Worse", TWO, ONE))
    imports.import_upload(IMPORTER, upload_id)
    outlook = uploads.upload(cast.alice, upload_id).outlook
    assert outlook
    assert (outlook.new, outlook.changed) == (0, 1)
