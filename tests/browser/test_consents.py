"""She asks for news; a link in a mail stops it without her signing in."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings

from accounts import consents
from accounts.actors import Actor
from tests.browser import kept, post
from tests.browser.conftest import Arrive
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def actor() -> Actor:
    return kept.patient("alice@example.org", "Alice Archer")


def test_she_asks_for_news_and_a_link_stops_it(
    arrive: Arrive, actor: Actor, sweep: Callable[[], None], settings: Settings, tmp_path: Path
) -> None:
    alice = arrive()
    settings.PHR_ORIGIN = alice.origin
    given_she_reads_what_she_agreed_to(alice)
    when_she_asks_for_news(alice)
    when_news_is_sent(tmp_path / "may.txt")
    sweep()
    then_the_link_in_the_mail_stops_it(arrive(script=False), actor)


def given_she_reads_what_she_agreed_to(alice: Visitor) -> None:
    alice.sign_in("alice@example.org")
    alice.is_at("Your records")
    alice.follow("Account")
    alice.is_at("Your account")
    alice.follow("What you agreed to")
    alice.reads("Keeping your health record", "You agreed", "You have not agreed")


def when_she_asks_for_news(alice: Visitor) -> None:
    alice.press("I agree")
    alice.reads("News about this portal: you agree", "The words you agreed to")


def when_news_is_sent(text: Path) -> None:
    text.write_text("You can now print your record.")
    call_command("send_news", subject="May", text=text, stdout=StringIO())


def then_the_link_in_the_mail_stops_it(anybody: Visitor, actor: Actor) -> None:
    anybody.open(post.link("alice@example.org"))
    anybody.is_at("Stop news about this portal?")
    anybody.press("Stop news")
    anybody.is_at("News is stopped")
    assert [one.purpose for one in consents.choices(actor) if one.consent] == ["keep"]
