"""A patient leaves: with no way back, until the certificate; and with one, which she takes."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from accounts.actors import Actor
from sharing.services import granting
from tests.browser import kept, post
from tests.browser.conftest import Arrive
from tests.browser.visitor import Visitor
from tests.cast import ALL, PASSWORD, join

pytestmark = pytest.mark.browser
RECORD_AND_ACCOUNT = "My record and my account"


@pytest.fixture(scope="module", autouse=True)
def people() -> None:
    """Patients who share everything with one doctor."""
    doctor = Actor.session(join("bob@example.org").pk)
    for name in ("alice", "erin"):
        patient = kept.patient(f"{name}@example.org", name.title(), kept.three_things())
        granting.accept(doctor, granting.grant(patient, "bob@example.org", scope=ALL))


def test_she_deletes_everything_and_gets_a_certificate(
    arrive: Arrive, sweep: Callable[[], None]
) -> None:
    alice = given_she_is_at_her_account(arrive, "alice", script=True)
    when_she_reads_what_will_happen(alice)
    when_she_deletes(alice, undo="No, destroy it now")
    sweep()
    stranger = arrive()
    then_anybody_with_the_link_of_the_mail_follows_it(stranger, alice)
    then_the_open_page_has_come_as_far_by_itself(alice)
    then_there_are_three_certificates(stranger)
    then_nothing_of_her_is_left(arrive(), "alice")


def test_she_changes_her_mind_without_script(arrive: Arrive, sweep: Callable[[], None]) -> None:
    erin = given_she_is_at_her_account(arrive, "erin", script=False)
    erin.follow("Delete everything")
    when_she_leaves_a_question_open(erin)
    when_she_deletes(erin, undo="Yes, 72 hours. Until then I can undo it")
    sweep()
    then_it_is_hidden_and_not_destroyed(erin)
    when_she_undoes_it(erin)
    then_the_record_is_there_and_the_sharing_is_not(erin)
    then_her_doctor_sees_nothing(arrive(script=False))


def given_she_is_at_her_account(arrive: Arrive, name: str, *, script: bool) -> Visitor:
    visitor = arrive(script=script)
    visitor.sign_in(f"{name}@example.org")
    visitor.is_at("Your records")
    visitor.follow("Account")
    return visitor


def when_she_reads_what_will_happen(alice: Visitor) -> None:
    alice.follow("Delete everything")
    alice.is_at("Delete your record or account")
    alice.reads("At once:", "Within an hour:", "What stays", "ask us to let it rest")
    for way_out in ("Download everything", "Print your record"):
        expect(alice.page.locator("main").get_by_role("link", name=way_out)).to_be_visible()


def when_she_leaves_a_question_open(erin: Visitor) -> None:
    erin.press("Continue")
    erin.reads("There is a problem", "Choose what should be deleted.")


def when_she_deletes(visitor: Visitor, *, undo: str) -> None:
    visitor.tick(RECORD_AND_ACCOUNT)
    visitor.tick(undo)
    visitor.press("Continue")
    visitor.is_at("Check before you delete")
    visitor.reads("Everything in your record, and your account", "at the latest")
    visitor.type("Your password", PASSWORD)
    visitor.press("Delete now")
    visitor.reads("1. Hidden from everyone", "Keep this reference")
    expect(visitor.page.get_by_role("link", name="Sign in").first).to_be_visible()


def then_anybody_with_the_link_of_the_mail_follows_it(stranger: Visitor, alice: Visitor) -> None:
    stranger.open(urlsplit(post.link("alice@example.org")).path)
    assert stranger.path == alice.path
    stranger.is_at("Deleted for good")
    expect(stranger.page.get_by_text("Done", exact=True)).to_have_count(3)
    stranger.misses("Alice", "alice@example.org")


def then_the_open_page_has_come_as_far_by_itself(alice: Visitor) -> None:
    """It asks again every three seconds, and says the change to who cannot see it."""
    expect(alice.page.locator("h1")).to_have_text("Deleted for good", timeout=15_000)
    expect(alice.page.get_by_role("status").filter(has_text="Deleted for good")).to_have_count(1)
    alice.look()


def then_there_are_three_certificates(stranger: Visitor) -> None:
    stranger.follow("See the certificate of stage 3")
    stranger.is_at("Certificates of a deletion")
    expect(stranger.page.get_by_text("Genuine", exact=True)).to_have_count(3)
    stranger.page.get_by_text("Every step and the signature of certificate 3").click()
    stranger.reads("The key that opens your record")
    with stranger.page.expect_download() as download:
        stranger.page.get_by_role("link", name="Download this certificate of stage 3").click()
    assert download.value.suggested_filename.endswith("-3.json")


def then_nothing_of_her_is_left(visitor: Visitor, name: str) -> None:
    visitor.sign_in_by_hand(f"{name}@example.org")
    visitor.reads("There is a problem")


def then_it_is_hidden_and_not_destroyed(erin: Visitor) -> None:
    erin.follow("See how far it is now")
    erin.is_at("Hidden, and deleted later")
    expect(erin.page.get_by_text("Not yet", exact=True)).to_have_count(2)


def when_she_undoes_it(erin: Visitor) -> None:
    erin.follow("Undo this deletion")
    erin.is_at("Undo this deletion?")
    erin.type("Your email address", "erin@example.org")
    erin.type("Your password", "not hers")
    erin.press("Undo the deletion")
    erin.reads("Check the email address and the password.")
    erin.type("Your password", PASSWORD)
    erin.press("Undo the deletion")
    erin.reads("Nothing is deleted. Sign in to see your record again.")


def then_the_record_is_there_and_the_sharing_is_not(erin: Visitor) -> None:
    erin.sign_in("erin@example.org")
    erin.is_at("Your records")
    expect(erin.page.locator(".app-timeline li")).to_have_count(3)
    erin.follow("Sharing")
    erin.reads("ended on")


def then_her_doctor_sees_nothing(bob: Visitor) -> None:
    bob.sign_in("bob@example.org")
    bob.open("/shared/")
    bob.reads("Nobody shares with you at the moment")
