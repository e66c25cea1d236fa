"""Somebody who has never been here makes an account and starts her record."""

from collections.abc import Callable

import pytest

from tests.browser import post
from tests.browser.conftest import Arrive
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
PASSPHRASE = "seven quiet owls on a roof"


@pytest.mark.parametrize("script", [True, False])
def test_a_patient_makes_an_account_and_starts_her_record(
    arrive: Arrive, sweep: Callable[[], None], script: bool
) -> None:
    email = f"alice-{'with' if script else 'without'}@example.org"
    alice = arrive(script=script)
    given_she_reads_what_this_is(alice)
    when_she_asks_for_an_account(alice, email)
    sweep()
    when_she_follows_the_link_in_her_mail(alice, email)
    when_she_signs_in_and_starts_her_record(alice, email)
    then_her_record_is_there_and_empty(alice)


def given_she_reads_what_this_is(alice: Visitor) -> None:
    alice.open("/privacy/")
    alice.follow("everything that we keep, and for how long")
    alice.is_at("What we keep and for how long")
    alice.open("/")
    alice.is_at("Your health records, in your hands")


def when_she_asks_for_an_account(alice: Visitor, email: str) -> None:
    alice.follow("Create an account")
    alice.type("Email", email)
    alice.type("Password", "1234")
    alice.press("Create my account")
    alice.reads("There is a problem", "too short")
    alice.type("Password", PASSPHRASE)
    alice.press("Create my account")
    alice.is_at("Check your email")


def when_she_follows_the_link_in_her_mail(alice: Visitor, email: str) -> None:
    alice.open(post.link(email))
    alice.reads(email)
    alice.type("Password", PASSPHRASE)
    alice.press("Yes, this is my address")


def when_she_signs_in_and_starts_her_record(alice: Visitor, email: str) -> None:
    alice.is_at("Sign in")
    alice.type("Email", email)
    alice.type("Password", PASSPHRASE)
    alice.press("Sign in", within=alice.page.locator("main"))
    alice.is_at("Welcome")
    alice.follow("Keep my own health records")
    alice.press("Start my record")
    alice.reads("There is a problem")
    alice.type("Your full name", "Alice Archer")
    alice.tick("I agree to this")
    alice.press("Start my record")


def then_her_record_is_there_and_empty(alice: Visitor) -> None:
    alice.is_at("Your records")
    alice.reads("Your record is empty")
