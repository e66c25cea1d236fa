"""A patient shares part of her record with her doctor, who has never been here."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.browser import kept, post
from tests.browser.conftest import Arrive
from tests.browser.visitor import Visitor
from tests.cast import join

pytestmark = pytest.mark.browser
PASSPHRASE = "four brown horses in the rain"


@pytest.fixture(scope="module", autouse=True)
def people() -> None:
    for name in ("alice", "alicia", "carol"):
        kept.patient(f"{name}@example.org", name.title(), kept.three_things(), kept.scan())
    join("dan@example.org")


def given_she_is_signed_in(arrive: Arrive, name: str, *, script: bool = True) -> Visitor:
    visitor = arrive(script=script)
    visitor.sign_in(f"{name}@example.org")
    return visitor


@pytest.mark.parametrize("script", [True, False])
def test_she_shares_and_her_doctor_comes_and_sees_only_that(
    arrive: Arrive, sweep: Callable[[], None], script: bool
) -> None:
    name, email = ("alice", "bob@example.org") if script else ("alicia", "rob@example.org")
    copy = not script
    alice = given_she_is_signed_in(arrive, name, script=script)
    when_she_chooses_what_to_share(alice, email, copy=copy)
    then_she_can_check_and_change_it(alice, email)
    when_she_shares(alice)
    sweep()
    then_the_mail_says_nothing_about_her(email, name)
    bob = arrive(script=script)
    when_he_makes_an_account_from_the_invitation(bob, email, sweep)
    then_he_is_told_who_he_is_first(bob)
    when_he_accepts(bob)
    then_he_sees_what_was_shared_and_nothing_else(bob, name)
    then_he_sees_the_scan(bob, copy=copy)
    then_she_sees_that_he_looked(alice)


def when_she_chooses_what_to_share(alice: Visitor, email: str, *, copy: bool) -> None:
    alice.follow("Sharing")
    alice.reads("You share with nobody")
    alice.follow("Share my records")
    alice.is_at("With whom do you want to share?")
    alice.follow("A person whose email address I know")
    alice.press("Continue")
    alice.reads("There is a problem")
    alice.type("Their email address", email)
    alice.untick("Allergies")
    alice.tick("Not sorted")
    if copy:
        alice.tick("They may look and download copies")
    day = timezone.now().date() + timedelta(days=30)
    alice.page.get_by_label("Last day of access").fill(day.isoformat())
    alice.press("Continue")


def then_she_can_check_and_change_it(alice: Visitor, email: str) -> None:
    alice.is_at("Check before you share")
    alice.reads("They will see 2 items.", email)
    alice.press("Change something")
    expect(alice.page.get_by_label("Their email address").first).to_have_value(email)
    expect(alice.page.get_by_label("Allergies", exact=True).first).not_to_be_checked()
    alice.press("Continue")


def when_she_shares(alice: Visitor) -> None:
    alice.press("Share now")
    alice.is_at("Who can see your records")
    alice.reads("Waiting for them to accept")


def then_the_mail_says_nothing_about_her(email: str, name: str) -> None:
    letter = post.letters(email)[-1].lower()
    assert "would like to share" in letter
    assert name not in letter.replace(email, "")


def when_he_makes_an_account_from_the_invitation(
    bob: Visitor, email: str, sweep: Callable[[], None]
) -> None:
    bob.open(post.link(email))
    bob.is_at("Sign in")
    bob.follow("Create an account", within=bob.page.locator("main"))
    bob.type("Email", email)
    bob.type("Password", PASSPHRASE)
    bob.press("Create my account")
    sweep()
    bob.open(post.link(email))
    bob.type("Password", PASSPHRASE)
    bob.press("Yes, this is my address")
    bob.type("Email", email)
    bob.type("Password", PASSPHRASE)
    bob.press("Sign in", within=bob.page.locator("main"))


def then_he_is_told_who_he_is_first(bob: Visitor) -> None:
    if bob.path == "/welcome/":
        bob.open("/shared/")
        bob.follow("Invitation of")
    bob.is_at("would like to share records with you")
    bob.reads("Look")
    bob.misses("Depressive", "Haemoglobin")


def when_he_accepts(bob: Visitor) -> None:
    bob.press("Accept")


def then_he_sees_what_was_shared_and_nothing_else(bob: Visitor, name: str) -> None:
    bob.is_at(name.title())
    bob.reads("Haemoglobin", "CT HEAD")
    bob.misses("penicillin", "Depressive")
    bob.type("Search", "penicillin")
    bob.press("Search")
    bob.reads("Nothing found")
    bob.open("/shared/")
    bob.follow(name.title())


def then_he_sees_the_scan(bob: Visitor, *, copy: bool) -> None:
    bob.follow("CT HEAD")
    picture = bob.page.locator(".app-picture img")
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 30
    link = bob.page.get_by_role("link", name="Download the original file")
    expect(link).to_have_count(int(copy))
    if copy:
        with bob.page.expect_download() as download:
            link.click()
        assert download.value.path().read_bytes() == kept.scan()


def then_she_sees_that_he_looked(alice: Visitor) -> None:
    alice.open("/sharing/")
    alice.reads("They can look now")
    alice.misses("Not yet")


def test_a_stranger_cannot_use_the_invitation(arrive: Arrive, sweep: Callable[[], None]) -> None:
    carol = given_she_is_signed_in(arrive, "carol")
    carol.open("/sharing/new/")
    carol.type("Their email address", "eve@example.org")
    carol.press("Continue")
    carol.press("Share now")
    sweep()
    dan = given_she_is_signed_in(arrive, "dan")
    dan.is_refused(post.link("eve@example.org"))


def test_sharing_with_the_keyboard_alone(arrive: Arrive) -> None:
    """Tab, space and enter are enough, and it is always visible where one is."""
    carol = given_she_is_signed_in(arrive, "carol")
    carol.open("/sharing/")
    reach(carol, "Share my records")
    carol.page.keyboard.press("Enter")
    carol.is_at("With whom do you want to share?")
    reach(carol, "A person whose email address I know")
    carol.page.keyboard.press("Enter")
    carol.is_at("Share your records")
    reach(carol, "Their email address")
    carol.page.keyboard.type("frida@example.org")
    reach(carol, "Mental health")
    carol.page.keyboard.press("Space")
    reach(carol, "They may look only")
    carol.page.keyboard.press("ArrowDown")
    reach(carol, "Continue")
    carol.page.keyboard.press("Enter")
    carol.is_at("Check before you share")
    carol.reads("frida@example.org", "Mental health", "Look and copy")
    reach(carol, "Share now")
    carol.page.keyboard.press("Enter")
    carol.reads("Waiting for them to accept", "frida@example.org")
    reach(carol, "Stop sharing with frida@example.org")
    carol.page.keyboard.press("Enter")
    carol.reads("Sharing has ended.")


NAME = """() => {
  const here = document.activeElement;
  const words = here.labels && here.labels.length ? here.labels[0].innerText : here.textContent;
  return words.replace(/\\s+/g, " ").trim();
}"""
OUTLINED = """() => {
  const here = document.activeElement;
  const seen = (one) => {
    const style = getComputedStyle(one), after = getComputedStyle(one, "::before");
    return [style, after].some((s) => s.outlineStyle !== "none" || s.boxShadow !== "none");
  };
  // The parts of a date are the browser's own, and so is how it shows where one is.
  return here.type === "date" || [here, ...(here.labels || [])].some(seen);
}"""


def reach(visitor: Visitor, name: str) -> None:
    """Press Tab until the focus is on what has this name."""
    for _ in range(60):
        visitor.page.keyboard.press("Tab")
        assert visitor.page.evaluate(OUTLINED), visitor.page.evaluate(NAME)
        if visitor.page.evaluate(NAME).startswith(name):
            return
    raise AssertionError(f"“{name}” cannot be reached with the keyboard.")
