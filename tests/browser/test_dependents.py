"""A mother keeps a record for her child, and hands it over when the day has come."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.browser import post
from tests.browser.conftest import Arrive
from tests.browser.visitor import Visitor
from tests.cast import PASSWORD, join
from tests.raw import owner

pytestmark = pytest.mark.browser
DORA, MIA, LEE = "dora.mother@example.org", "mia.child@example.org", "lee.doctor@example.org"
BORN = timezone.localdate() - timedelta(days=365 * 9 + 40)
GROW = """
    UPDATE sharing_grant SET starts_at = starts_at - interval '6 years',
        ends_at = ends_at - interval '6 years' WHERE path = 'proxy'
"""


@pytest.fixture(scope="module", autouse=True)
def people() -> None:
    join(DORA)
    join(LEE)


def test_a_mother_keeps_her_childs_record_and_hands_it_over(
    arrive: Arrive, sweep: Callable[[], None]
) -> None:
    dora = arrive()
    dora.sign_in(DORA)
    when_she_opens_a_record(dora)
    when_she_acts_and_adds_an_item(dora)
    when_she_shares_it_and_stops(dora)
    dora.press("Back to yourself")
    then_it_is_too_early_to_hand_it_over(dora)
    with owner() as opened:
        opened.execute(GROW)
    when_she_hands_it_over(dora)
    sweep()
    mia = arrive(script=False)
    when_the_child_takes_it_over(mia)
    then_she_sees_who_looks_and_ends_it(mia)
    dora.open("/acting/")
    dora.misses("Mia Brown")
    mia.open(post.link(MIA))
    mia.is_at("This link leads nowhere any more")
    mia.forgive(f"404 {mia.path}")


def when_she_opens_a_record(dora: Visitor) -> None:
    dora.open("/acting/")
    dora.follow("Open a record for a child, or for somebody you were appointed for")
    dora.press("Continue")
    dora.reads("There is a problem")
    dora.type("Their full name", "Mia Brown")
    dora.type("Their date of birth", BORN.isoformat())
    dora.tick("I am a parent, or have the duties of a parent")
    dora.press("Continue")
    dora.is_at("Check before you open the record")
    dora.reads("I am a parent of Mia Brown", "I decide who else may see it")
    dora.press("Open the record")
    dora.reads("The record is open.", "Mia Brown", "You are a parent")


def when_she_acts_and_adds_an_item(dora: Visitor) -> None:
    dora.follow("Act for Mia Brown")
    dora.reads("You keep the whole record and decide who else may see it")
    dora.press("Act for Mia Brown")
    dora.follow("Add something by hand")
    dora.follow("An allergy")
    dora.type("To what", "Nuts")
    dora.press("Save")
    dora.reads("Nuts")


def when_she_shares_it_and_stops(dora: Visitor) -> None:
    dora.follow("Sharing")
    dora.is_at("Who can see")
    dora.follow("Share my records")
    dora.follow("A person whose email address I know")
    dora.type("Their email address", LEE)
    dora.press("Continue")
    dora.press("Share now")
    dora.reads(LEE)
    dora.press(f"Stop sharing with {LEE}")
    dora.reads("Sharing has ended.")
    dora.open("/notices/")
    dora.open("/sharing/")
    dora.follow("Delete this whole record")
    dora.is_at("Delete the whole record of Mia Brown?")


def then_it_is_too_early_to_hand_it_over(dora: Visitor) -> None:
    dora.follow("Hand the record over to Mia Brown")
    dora.reads("too young for an account")


def when_she_hands_it_over(dora: Visitor) -> None:
    dora.open("/acting/")
    dora.follow("Hand the record over to Mia Brown")
    dora.type("Their own email address", MIA)
    dora.press("Send the link")
    dora.reads("We have sent an email to this address.", "Waiting")
    dora.follow("Hand the record over to Mia Brown")
    dora.reads(MIA, "Do not hand it over")


def when_the_child_takes_it_over(mia: Visitor) -> None:
    assert "Mia" not in post.letters(MIA)[-1]
    mia.open(post.link(MIA))
    mia.is_at("Take over your health record")
    mia.press("Take the record over")
    mia.reads("There is a problem")
    mia.type("Choose a password", PASSWORD)
    mia.tick("I agree to this")
    mia.press("Take the record over")
    mia.reads("The record is yours.")
    mia.sign_in(MIA)
    mia.open("/notices/")
    mia.follow("Say who may go on looking")
    mia.is_at("Who may go on looking?")
    mia.reads(DORA, "They are your parent")
    mia.press(f"Keep sharing with {DORA}")
    mia.reads("Kept. They can go on looking.")
    mia.open("/records/")
    mia.reads("Nuts")


def then_she_sees_who_looks_and_ends_it(mia: Visitor) -> None:
    mia.follow("Sharing")
    mia.reads(DORA, "People who act for you")
    mia.open("/sharing/log/")
    mia.reads("acts for you")
    mia.open("/sharing/")
    mia.press(f"Stop sharing with {DORA}")
    mia.reads("Sharing has ended.")
    expect(mia.page.get_by_text("People who act for you")).to_have_count(0)
