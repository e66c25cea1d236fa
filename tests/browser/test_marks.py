"""A patient sorts her items, keeps one to herself, tells her date of birth, and vouches for a file."""

import json
from uuid import UUID

import pytest
from playwright.sync_api import expect

from phr.services import imports
from tests.browser import kept
from tests.browser.conftest import Arrive
from tests.browser.visitor import Visitor
from tests.cast import IMPORTER, hand_in

pytestmark = pytest.mark.browser
MARY = "mary.marks@example.org"


@pytest.fixture(scope="module")
def waiting() -> UUID:
    """A file under somebody else's name that waits for her word."""
    mary = kept.patient(MARY, "Mary Marks", kept.three_things())
    named = {"resourceType": "Patient", "name": [{"given": ["Nora"], "family": "Nobody"}]}
    entries = [{"resource": each} for each in (named, kept.haemoglobin(9.9))]
    data = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    upload_id = hand_in(mary, json.dumps(data).encode(), "other.json")
    imports.import_upload(IMPORTER, upload_id)
    return upload_id


def test_she_marks_an_item_tells_her_birth_date_and_vouches_for_a_file(
    arrive: Arrive, waiting: UUID
) -> None:
    mary = arrive(script=False)
    mary.sign_in(MARY)
    mary.follow("Haemoglobin")
    when_she_marks_it(mary)
    then_she_finds_it_by_its_marks(mary)
    when_she_tells_her_birth_date(mary)
    mary.open(f"/records/upload/{waiting}/")
    mary.reads("Is this file about you?")
    mary.press("Add to my record")
    mary.reads("Is this file about you?")
    mary.tick("This file is about me")
    mary.press("Add to my record")
    mary.misses("Is this file about you?")


def when_she_marks_it(mary: Visitor) -> None:
    mary.type("Add a tag", "iron")
    mary.press("Add the tag")
    mary.reads("iron")
    mary.press("Add to favourites")
    mary.press("Never share this")
    mary.reads("Nobody you share with can see this item.", "Share it as other items again")
    expect(mary.page.get_by_role("button", name="Remove the tag iron")).to_have_count(1)


def then_she_finds_it_by_its_marks(mary: Visitor) -> None:
    mary.follow("iron")
    mary.reads("You see only", "Tag: iron", "Nobody you share with can see this", "Favourite")
    expect(mary.page.locator(".app-timeline li")).to_have_count(1)


def when_she_tells_her_birth_date(mary: Visitor) -> None:
    mary.open("/account/")
    mary.follow("Date of birth")
    mary.is_at("Your date of birth")
    mary.type("Your date of birth", "1980-02-03")
    mary.press("Save")
    mary.open("/records/summary/")
    mary.reads("Born 3 February 1980")
