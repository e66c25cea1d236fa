"""News goes to those who asked for it, once, and stops at one press without signing in."""

import re
from email import message_from_bytes
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail as outbox
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from accounts import consents, keys, mail, news, purposes
from accounts.acting import acting_as
from accounts.actors import Actor, Denied, System
from accounts.models import Consent, OutgoingMail, User
from accounts.purposes import Purpose
from tests.cast import PURGER, Cast, join, user_of
from tests.doors import sign_in, text

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
MAILER = Actor.job(System.MAIL)
OPERATOR = Actor.job(System.OPERATOR)
RECONCILER = Actor.job(System.RECONCILE)
SUBJECT, TEXT = "What is new in May", "You can now print your record.\n"


@pytest.fixture(autouse=True)
def through_our_outbox(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "accounts.mail.OutboxBackend"
    settings.PHR_MAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def subscribe(actor: Actor) -> Actor:
    consents.give(actor, Purpose.NEWS, sha256=purposes.current(Purpose.NEWS).sha256)
    return actor


def queue(**options: Any) -> int:
    return news.send_news(OPERATOR, subject=SUBJECT, text=TEXT, **options)


def sent() -> list[str]:
    """Who got a mail, after everything due was handed over."""
    while mail.send_due(MAILER):
        pass
    return sorted(letter.to[0] for letter in outbox.outbox)


def wants(actor: Actor) -> bool:
    return any(one.consent for one in consents.choices(actor) if one.purpose is Purpose.NEWS)


# --- to whom -------------------------------------------------------------------------------------


def test_only_those_get_it_who_asked_for_it(cast: Cast) -> None:
    subscribe(cast.alice)
    subscribe(cast.bob)
    consents.withdraw(cast.bob, Purpose.NEWS)

    assert queue() == 1

    assert sent() == ["alice@example.org"]


def test_nobody_gets_it_at_an_address_she_has_not_proved(cast: Cast) -> None:
    subscribe(cast.alice)
    User.objects.filter(pk=user_of(cast.alice)).update(email="alice@elsewhere.example")

    assert queue() == 0


def test_who_was_shut_out_gets_none(cast: Cast) -> None:
    subscribe(cast.alice)
    User.objects.filter(pk=user_of(cast.alice)).update(is_active=False)

    assert queue() == 0


def test_only_a_job_sends_news(cast: Cast) -> None:
    for actor in (Actor(), cast.alice, cast.sam):
        with pytest.raises(Denied):
            news.send_news(actor, subject=SUBJECT, text=TEXT)


def test_who_withdraws_while_it_waits_gets_none(cast: Cast) -> None:
    subscribe(cast.alice)
    subscribe(cast.carol)
    queue()
    consents.withdraw(cast.alice, Purpose.NEWS)

    assert sent() == ["carol@example.org"]

    with acting_as(MAILER):
        assert [row.reader_id for row in OutgoingMail.objects.all()] == [cast.carol.user_id]


# --- once ----------------------------------------------------------------------------------------


def readers(count: int) -> list[str]:
    for number in range(count):
        subscribe(Actor.session(join(f"reader{number}@example.org").pk))
    return [f"reader{number}@example.org" for number in range(count)]


def test_killed_between_batches_and_run_again_each_gets_it_once(tmp_path: Path) -> None:
    everybody = readers(5)
    assert queue(most=2) == 2
    assert len(sent()) == 2
    file = tmp_path / "news.txt"
    file.write_text(TEXT)

    for _ in range(2):
        call_command("send_news", subject=SUBJECT, text=file)
        assert sent() == everybody


def test_killed_within_a_batch_nothing_of_it_is_queued(monkeypatch: pytest.MonkeyPatch) -> None:
    everybody = readers(3)
    seal, sealed = keys.seal_portal, []

    def dying(place: str, plaintext: bytes) -> bytes:
        sealed.append(place)
        if len(sealed) == 4:
            raise KeyboardInterrupt
        return seal(place, plaintext)

    monkeypatch.setattr(keys, "seal_portal", dying)
    with pytest.raises(KeyboardInterrupt):
        queue()
    assert sent() == []

    assert queue() == 3
    assert queue() == 0
    assert sent() == everybody


def test_killed_while_it_is_handed_over_it_is_not_sent_again(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(cast.alice)
    queue()
    hand_over = mail._hand_over

    def killed_after(row: OutgoingMail, message: bytes) -> bool:
        hand_over(row, message)
        raise KeyboardInterrupt

    monkeypatch.setattr(mail, "_hand_over", killed_after)
    with pytest.raises(KeyboardInterrupt):
        mail.send_due(MAILER)
    monkeypatch.undo()

    assert sent() == ["alice@example.org"]
    assert queue() == 0


def test_a_mail_server_that_is_away_costs_nothing(cast: Cast, settings: Settings) -> None:
    subscribe(cast.alice)
    queue()
    working = settings.PHR_MAIL_BACKEND
    settings.PHR_MAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    assert mail.send_due(MAILER) == 0
    settings.PHR_MAIL_BACKEND = working
    with acting_as(MAILER):
        row = OutgoingMail.objects.get()
        assert (row.attempts, row.sent_at) == (1, None)
        OutgoingMail.objects.update(due_at=row.created_at)

    assert sent() == ["alice@example.org"]


def test_other_mail_does_not_wait_behind_news(cast: Cast) -> None:
    subscribe(cast.alice)
    queue()
    mail.send("bob@example.org", "sharing/invitation", link="https://example.org/x")

    assert mail.send_due(MAILER, most=1) == 1

    assert [letter.to[0] for letter in outbox.outbox] == ["bob@example.org"]


def test_after_a_restore_nothing_is_sent_twice(cast: Cast) -> None:
    subscribe(cast.alice)
    queue()

    consents.replay(RECONCILER)

    assert sent() == []


def test_who_is_forgotten_gets_nothing_that_still_waits(cast: Cast) -> None:
    subscribe(cast.alice)
    queue()
    assert cast.alice.user_id is not None
    consents.forget_user(PURGER, cast.alice.user_id)

    assert sent() == []
    with acting_as(MAILER):
        assert not OutgoingMail.objects.exists()


# --- what it says --------------------------------------------------------------------------------


def letter_to(actor: Actor) -> Any:
    subscribe(actor)
    queue()
    sent()
    (address,) = User.objects.filter(pk=user_of(actor)).values_list("email", flat=True)
    return next(letter for letter in outbox.outbox if letter.to == [address])


def link_in(letter: Any) -> str:
    found = re.search(r"https?://[^/]+(/news/stop/[^/\s]+/)", letter.body)
    assert found
    return found[1]


def test_the_mail_can_be_stopped_as_mail_programs_expect(cast: Cast, settings: Settings) -> None:
    """RFC 8058 section 3.1: one HTTPS address and the word for one press, readable in one line."""
    letter = letter_to(cast.alice)
    link = link_in(letter)

    raw = letter.message().as_bytes()
    assert f" <{settings.PHR_ORIGIN}{link}>\n".encode() in raw, "the address is in one piece"
    headers = message_from_bytes(raw)
    assert headers["List-Unsubscribe"].strip() == f"<{settings.PHR_ORIGIN}{link}>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert letter.body.startswith(TEXT)


def test_the_link_names_nobody(cast: Cast) -> None:
    user_id = cast.alice.user_id
    assert user_id is not None
    link = link_in(letter_to(cast.alice))

    for name in ("alice", str(user_id), user_id.hex):
        assert name not in link
    assert len({len(news.stop_token(uuid4())) for _ in range(20)}) == 1


def test_other_mail_carries_no_such_header() -> None:
    mail.send("bob@example.org", "sharing/invitation", link="https://example.org/x")
    sent()

    assert "List-Unsubscribe" not in str(outbox.outbox[0].message())


# --- stopping it ---------------------------------------------------------------------------------


def test_opening_the_link_does_nothing(cast: Cast) -> None:
    link = link_in(letter_to(cast.alice))
    scanner = Client(enforce_csrf_checks=True)

    for answer in (scanner.get(link), scanner.head(link)):
        assert answer.status_code == 200
        assert not answer.cookies

    assert wants(cast.alice)


def test_one_press_stops_it_without_signing_in(cast: Cast) -> None:
    link = link_in(letter_to(cast.alice))
    stranger = Client(enforce_csrf_checks=True)

    answer = stranger.post(link, {"List-Unsubscribe": "One-Click"})

    assert answer.status_code == 200
    assert not answer.cookies
    assert not wants(cast.alice)
    assert consents.history(cast.alice)[0].withdrawn_by == "mail"
    outbox.outbox.clear()
    assert sent() == [], "no mail confirms it"
    assert news.send_news(OPERATOR, subject="June", text=TEXT) == 0


def test_an_old_link_still_stops_what_was_asked_for_again(cast: Cast) -> None:
    link = link_in(letter_to(cast.alice))
    Client().post(link)
    subscribe(cast.alice)

    Client().post(link)

    assert not wants(cast.alice)


def test_every_link_gets_the_same_answer(cast: Cast) -> None:
    real = link_in(letter_to(cast.alice))
    gone = f"/news/stop/{news.stop_token(uuid4())}/"
    for method in ("get", "post", "post"):
        pages = {
            re.sub(r'nonce="[^"]*"', "", text(getattr(Client(), method)(link)))
            for link in (real, gone, "/news/stop/unknown/", "/news/stop/%C3%A9/")
        }
        assert len(pages) == 1


def test_a_link_stops_news_and_nothing_else(cast: Cast) -> None:
    carol = sign_in("carol@example.org")
    subscribe(cast.carol)
    carol.post(link_in(letter_to(cast.alice)))

    assert not wants(cast.alice)
    assert wants(cast.carol)
    with acting_as(MAILER):
        assert Consent.objects.filter(purpose="keep", withdrawn_at=None).count() == 2


# --- the command ---------------------------------------------------------------------------------


def test_the_command_refuses_what_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text(" \n")
    for name in ("missing.txt", "empty.txt"):
        with pytest.raises(CommandError):
            call_command("send_news", subject=SUBJECT, text=tmp_path / name)
