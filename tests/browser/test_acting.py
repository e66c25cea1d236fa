"""Somebody is named to act for a patient, acts for her, adds an item, and goes back to herself."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser import kept, post
from tests.browser.conftest import Arrive
from tests.browser.visitor import Visitor
from tests.cast import join

pytestmark = pytest.mark.browser
ALMA, DORIS = "alma.acting@example.org", "doris.acting@example.org"


@pytest.fixture(scope="module", autouse=True)
def people() -> None:
    kept.patient(ALMA, "Alma Adler", kept.three_things())
    join(DORIS)


def test_a_daughter_keeps_her_mothers_record(arrive: Arrive, sweep: Callable[[], None]) -> None:
    alma = arrive(script=False)
    alma.sign_in(ALMA)
    when_she_names_her_daughter(alma)
    sweep()
    doris = arrive()
    doris.sign_in(DORIS)
    when_she_accepts(doris)
    when_she_begins_to_act(doris)
    when_she_adds_an_allergy(doris)
    then_what_is_her_own_waits(doris)
    doris.press("Back to yourself")
    doris.reads("You are back at your own account.")
    expect(doris.page.get_by_text("You act for")).to_have_count(0)
    then_her_mother_reads_who_did_it(alma)


def when_she_names_her_daughter(alma: Visitor) -> None:
    alma.follow("Sharing")
    alma.follow("Share my records")
    alma.follow("Somebody who acts for me")
    alma.press("Continue")
    alma.reads("There is a problem")
    alma.type("Their email address", DORIS)
    alma.tick("You gave them a power of attorney")
    alma.tick("Keep my whole record: see and download all of it, add and correct items")
    alma.press("Continue")
    alma.is_at("Check before you share")
    alma.reads(DORIS, "You gave them a power of attorney", "They will see 3 items.")
    alma.press("Let them act for me")
    alma.reads("Done. We have sent them an email with an invitation.", "People who act for you")


def when_she_accepts(doris: Visitor) -> None:
    doris.open(post.link(DORIS))
    doris.is_at("would like you to act for them")
    doris.reads("You hold a power of attorney", "You keep the whole record")
    doris.misses("penicillin")
    doris.press("Accept")


def when_she_begins_to_act(doris: Visitor) -> None:
    doris.open("/welcome/")
    doris.follow("Look after the record of somebody else")
    doris.is_at("People I act for")
    doris.follow("Act for Alma Adler")
    doris.is_at("Act for Alma Adler?")
    doris.press("Act for Alma Adler")
    doris.reads("penicillin")
    expect(doris.page.get_by_text("You act for Alma Adler.")).to_be_visible()


def when_she_adds_an_allergy(doris: Visitor) -> None:
    doris.follow("Add something by hand")
    doris.follow("An allergy")
    doris.type("To what?", "Nuts")
    doris.press("Save")
    doris.reads("Nuts")


def then_what_is_her_own_waits(doris: Visitor) -> None:
    doris.open("/account/")
    doris.is_at("This page is about yourself")
    doris.forgive("403 /account/")


def then_her_mother_reads_who_did_it(alma: Visitor) -> None:
    alma.open("/sharing/log/")
    alma.reads(DORIS, "acts for you")
    alma.open("/sharing/")
    alma.reads("They keep the whole record", "You gave them a power of attorney")
    alma.press(f"Stop sharing with {DORIS}")
    alma.reads("Sharing has ended.")
