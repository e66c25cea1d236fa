"""She asks for a right, follows the day it is due, answers a question, and reads the answer."""

from uuid import UUID

import pytest

from accounts.acting import acting_as
from accounts.actors import Actor
from rights.models import RightRequest
from rights.services import desk
from tests.browser import kept
from tests.browser.conftest import Arrive
from tests.browser.visitor import Visitor
from tests.cast import join

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", autouse=True)
def people() -> None:
    kept.patient("alice@example.org", "Alice")


@pytest.fixture(scope="module")
def sam(people: None) -> Actor:
    del people
    return Actor.staff(join("sam@example.org", staff=True).pk)


def test_she_asks_and_gets_an_answer_without_script(arrive: Arrive, sam: Actor) -> None:
    alice = arrive(script=False)
    alice.sign_in("alice@example.org")
    when_she_reads_what_her_rights_are(alice)
    when_she_asks_to_let_her_record_rest(alice)
    then_she_sees_the_last_day_and_why(alice)
    request_id = when_the_desk_asks_who_she_is(sam)
    then_the_clock_stands_still_until_she_answers(alice)
    when_the_desk_says_yes(sam, request_id)
    then_her_record_rests_and_she_knows_where_to_complain(alice)


def when_she_reads_what_her_rights_are(alice: Visitor) -> None:
    alice.follow("Your rights", within=alice.page.locator("footer"))
    alice.is_at("Your rights over your data")
    alice.reads("All of this is free.", "Information Commissioner")


def when_she_asks_to_let_her_record_rest(alice: Visitor) -> None:
    alice.follow("Ask to let it rest")
    alice.press("Continue")
    alice.reads("There is a problem")
    alice.tick("United Kingdom")
    alice.press("Continue")
    alice.type("In your own words", "Please let it rest while I am away.")
    alice.press("Continue")
    alice.is_at("Check your request")
    alice.reads("Keep my data but stop using it", "United Kingdom", "while I am away")
    alice.press("Send my request")


def then_she_sees_the_last_day_and_why(alice: Visitor) -> None:
    alice.reads("Sent. We have it", "The last day to answer you is")
    alice.page.get_by_text("How we worked out the day").click()
    alice.reads("One month later is", "UK GDPR Art. 12(3)")


def when_the_desk_asks_who_she_is(sam: Actor) -> UUID:
    with acting_as(sam):
        request_id: UUID = RightRequest.objects.get().pk
    desk.ask(sam, request_id, about="identity", text="Is it you?")
    return request_id


def then_the_clock_stands_still_until_she_answers(alice: Visitor) -> None:
    alice.open(alice.path)
    alice.reads("We are waiting for your answer", "Until you answer, the clock stands still.")
    alice.type("Your message", "Yes, it is me.")
    alice.press("Send message")
    alice.reads("Your message is sent.", "We are working on it")


def when_the_desk_says_yes(sam: Actor, request_id: UUID) -> None:
    desk.decide(sam, request_id, decision="granted", text="It rests from now on.")


def then_her_record_rests_and_she_knows_where_to_complain(alice: Visitor) -> None:
    alice.open("/rights/cases/")
    alice.follow("Keep my data but stop using it")
    alice.reads("Your record rests.", "It rests from now on.", "Information Commissioner")
