"""A patient reads her record: finds, opens, takes along, sorts and deletes what is in it."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser import kept
from tests.browser.conftest import Arrive, GrowOld
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
both = pytest.mark.parametrize("script", [True, False])
ALICE = "alice@example.org"


@pytest.fixture(scope="module", autouse=True)
def people() -> None:
    three, newer = kept.three_things(), kept.bundle(kept.haemoglobin(8.1))
    kept.patient(ALICE, "Alice Archer", kept.many_things(), three, newer)
    for name in ("erin", "flora"):
        kept.patient(f"{name}@example.org", name.title(), kept.three_things(), kept.scan())


def given_she_is_at_her_records(arrive: Arrive, email: str, *, script: bool) -> Visitor:
    visitor = arrive(script=script)
    visitor.sign_in(email)
    visitor.is_at("Your records")
    return visitor


def items(visitor: Visitor) -> Locator:
    return visitor.page.locator(".app-timeline li")


@both
def test_she_narrows_searches_and_turns_pages(arrive: Arrive, script: bool) -> None:
    alice = given_she_is_at_her_records(arrive, ALICE, script=script)
    then_pages_follow_each_other(alice)
    when_she_chooses_a_kind(alice, "Allergies")
    then_only_this_kind_is_listed(alice, "Allergies")
    when_she_chooses_a_kind(alice, "Favourites")
    alice.reads("Nothing found")
    alice.page.get_by_role("link", name="Take away: Favourites").click()
    alice.look()
    then_only_this_kind_is_listed(alice, "Allergies")
    alice.follow("Show everything again")
    when_she_looks_for(alice, "penicillin")
    expect(items(alice)).to_have_count(1)
    alice.reads("Allergy to penicillin")
    assert "penicillin" not in alice.page.url
    when_she_looks_for(alice, "unheard-of")
    alice.reads("Nothing found")


def then_pages_follow_each_other(visitor: Visitor) -> None:
    expect(items(visitor)).to_have_count(20)
    first = items(visitor).first.get_by_role("link").get_attribute("href")
    visitor.follow("Older items")
    expect(items(visitor)).to_have_count(20)
    expect(items(visitor).locator(f'a[href="{first}"]')).to_have_count(0)
    visitor.follow("Older items")
    expect(visitor.page.get_by_role("link", name="Older items")).to_have_count(0)
    visitor.open("/records/")


def when_she_chooses_a_kind(visitor: Visitor, kind: str) -> None:
    visitor.page.get_by_text("Choose what you see").click()
    visitor.follow(kind)


def then_only_this_kind_is_listed(visitor: Visitor, kind: str) -> None:
    assert set(items(visitor).locator(".nhsuk-tag--grey").all_inner_texts()) == {kind}


def when_she_looks_for(visitor: Visitor, words: str) -> None:
    visitor.type("Search", words)
    visitor.press("Search")


@both
def test_she_opens_an_item_its_past_and_says_how_sensitive_it_is(
    arrive: Arrive, script: bool
) -> None:
    alice = given_she_is_at_her_records(arrive, ALICE, script=script)
    when_she_looks_for(alice, "haemoglobin 8.1")
    alice.follow("Haemoglobin")
    alice.reads("8.1 mmol/L", "2 March 2024", "Nobody but you.", "Where it comes from")
    alice.misses("Observation", "valueQuantity", "{")
    alice.follow("Version 1")
    alice.reads("7.2 mmol/L")
    alice.follow("Back to the item")
    when_she_labels_it(alice, "Genetic conditions", ticked=script)


def when_she_labels_it(visitor: Visitor, kind: str, *, ticked: bool) -> None:
    visitor.page.get_by_text("Change this").click()
    box = visitor.page.get_by_label(kind, exact=True)
    box.set_checked(ticked)
    visitor.press("Save")
    visitor.reads("Saved. People you share with see this item only if you chose its kind.")
    expect(visitor.page.locator(".nhsuk-tag", has_text=kind)).to_have_count(int(ticked))


@pytest.mark.parametrize(("script", "name"), [(True, "erin"), (False, "flora")])
def test_she_takes_the_original_along_and_deletes_the_item(
    arrive: Arrive, grow_old: GrowOld, tmp_path: Path, script: bool, name: str
) -> None:
    erin = given_she_is_at_her_records(arrive, f"{name}@example.org", script=script)
    erin.page.get_by_role("link", name=re.compile("CT HEAD", re.IGNORECASE)).click()
    then_the_original_is_the_same_to_the_last_byte(erin, tmp_path / "scan.dcm")
    grow_old()
    erin.follow("Delete this item")
    erin.prove()
    erin.is_at("Delete this item?")
    there = erin.page.url
    erin.press("Delete")
    erin.reads("The item is deleted. Nobody can see it any more.")
    expect(items(erin)).to_have_count(3)
    erin.is_refused(there.replace("rights/erase", "records"))


def then_the_original_is_the_same_to_the_last_byte(visitor: Visitor, path: Path) -> None:
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("link", name="Download the original file").click()
    download.value.save_as(path)
    assert path.read_bytes() == kept.scan()
    assert re.fullmatch(r"file-[0-9a-f]{8}\.dcm", download.value.suggested_filename)
