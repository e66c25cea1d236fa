"""A link is made, opened by somebody without an account, and destroyed; an emergency card is made."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import kept
from tests.browser.conftest import Arrive
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
CODE = re.compile(r"\b\d{4} \d{4}\b")


@pytest.fixture(scope="module", autouse=True)
def people() -> None:
    for name in ("alice", "alicia"):
        kept.patient(f"{name}@example.org", name.title(), kept.three_things(), kept.scan())


@pytest.mark.parametrize("script", [True, False])
def test_somebody_without_an_account_opens_a_link(arrive: Arrive, script: bool) -> None:
    name = "alice" if script else "alicia"
    owner = arrive(script=script)
    owner.sign_in(f"{name}@example.org")
    passcode, url = when_she_makes_a_link(owner, copy=script)
    lee = arrive(script=script)
    when_he_opens_it(lee, url, passcode)
    then_he_sees_the_record(lee, name.title())
    then_she_sees_who_opened_it(owner)
    when_she_destroys_it(owner)
    then_it_opens_nothing(lee, url)


def when_she_makes_a_link(owner: Visitor, *, copy: bool) -> tuple[str, str]:
    owner.follow("Sharing")
    owner.follow("Links and QR codes")
    owner.reads("You have no links")
    owner.follow("Make a link")
    owner.press("Continue")
    owner.reads("There is a problem")
    owner.type("Who is it for?", "Dr Lee")
    if copy:
        owner.tick("They may look and download copies")
    owner.press("Continue")
    owner.is_at("Check before you share")
    owner.reads("Dr Lee", "Passcode")
    owner.press("Make the link")
    owner.is_at("Link for Dr Lee")
    expect(owner.page.get_by_role("img", name="The QR code of this link")).to_be_visible()
    shown = CODE.search(owner.page.inner_text("main"))
    assert shown
    url = owner.page.get_by_label("The link").input_value()
    assert ("#shlink:/" in url) == copy
    return shown[0], url


def when_he_opens_it(lee: Visitor, url: str, passcode: str) -> None:
    lee.open(url)
    lee.is_at("Somebody shares health records with you")
    lee.type("Your name", "Dr Lee")
    lee.type("Passcode", "0000")
    lee.press("Open")
    lee.reads("You can try 4 more times.")
    lee.type("Passcode", passcode)
    lee.press("Open")


def then_he_sees_the_record(lee: Visitor, name: str) -> None:
    lee.is_at(name)
    lee.misses("Depressive")
    lee.follow("Haemoglobin")
    lee.reads("7.2")
    lee.follow("Back to the record")


def then_she_sees_who_opened_it(owner: Visitor) -> None:
    owner.follow("Links")
    owner.follow("For Dr Lee")
    owner.reads("Wrong ones so far: 1", "Dr Lee")
    assert not CODE.search(owner.page.inner_text("main"))


def when_she_destroys_it(owner: Visitor) -> None:
    owner.press("Destroy this link")
    owner.reads("Sharing has ended")


def then_it_opens_nothing(lee: Visitor, url: str) -> None:
    # The same address but for its fragment would not be asked for again.
    lee.open("/")
    lee.open(url)
    lee.is_at("This link opens nothing")
    lee.forgive(f"404 {lee.path}")


def test_she_makes_an_emergency_card_and_switches_it_off(arrive: Arrive) -> None:
    alice = arrive()
    alice.sign_in("alice@example.org")
    alice.follow("Sharing")
    alice.follow("Emergency card")
    alice.reads("Nobody can open anything in an emergency.")
    alice.press("Switch it on and make a card")
    alice.reads("If you help this person", "Alice")
    expect(alice.page.get_by_role("img", name="The QR code of the emergency card")).to_be_visible()
    alice.follow("Emergency card")
    alice.press("Switch it off")
    alice.reads("Your card opens nothing more.")
