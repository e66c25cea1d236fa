"""What the log, its table and the notices say of links: which one it was, and what name was given."""

import csv
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from uuid import UUID

import pytest
from django.utils import timezone

from accounts.actors import Actor, Denied
from phr.services import looks
from sharing.services import granting, links, notices
from tests.cast import ORDINARY, Cast
from tests.doors import sign_in, text

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
BY = "by the link for Dr Lee"


def enter(secret: str, passcode: str) -> None:
    links.opened(Actor(), secret, recipient="Lee", passcode=passcode)


@pytest.fixture
def link(cast: Cast) -> UUID:
    """Alice's link for Dr Lee: opened once, tried once with a wrong passcode, and once when paused."""
    week = replace(ORDINARY, ends_at=timezone.now() + timedelta(days=7))
    made = links.make(cast.alice, "Dr Lee", scope=week)
    secret = links.one(cast.alice, made.grant_id).url.partition("/link/")[2].partition("/")[0]
    enter(secret, made.passcode)
    with pytest.raises(links.WrongPasscode):
        enter(secret, "wrong")
    granting.pause(cast.alice, made.grant_id)
    with pytest.raises(Denied):
        enter(secret, made.passcode)
    return made.grant_id


def test_the_log_says_which_link_it_was_and_what_name_was_given(cast: Cast, link: UUID) -> None:
    paused, guessed, opened = looks.log(cast.alice, others=True).lines[:3]
    assert (opened.who, opened.what) == ("Lee (the name given)", "opened a link")
    assert (guessed.denied, paused.denied) == (True, True)
    for line in (opened, guessed, paused):
        assert line.under
        assert (line.under.grant_id, line.under.words) == (link, BY)
    page = text(sign_in("alice@example.org").get("/sharing/log/"))
    assert page.count(BY) == 3
    # Only what opened counts as an opening.
    assert [one.recipient for one in links.one(cast.alice, link).openings] == ["Lee"]


@pytest.mark.usefixtures("link", "cast")
def test_the_table_says_it_too() -> None:
    answer = sign_in("alice@example.org").get("/sharing/log/?format=csv")
    _, *rows = csv.reader(StringIO(text(answer)))
    said = [(row[1], row[3], row[4]) for row in rows if row[3] == BY]
    stranger = "Somebody with a link"
    assert said == [(stranger, BY, "no")] * 2 + [("Lee (the name given)", BY, "yes")]


def test_notices_and_the_receipt_name_the_link(cast: Cast, link: UUID) -> None:
    (told,) = [one for one in notices.mine(cast.alice) if one.notice.grant_id == link]
    assert told.link == "Dr Lee"
    alice = sign_in("alice@example.org")
    assert "The link for <strong>Dr Lee</strong> was opened." in text(alice.get("/notices/"))
    assert "Link for Dr Lee" in text(alice.get(f"/sharing/receipts/{link}/"))
