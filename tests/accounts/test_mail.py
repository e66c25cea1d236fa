"""Mail is a due row, sealed until it went; one that cannot be sent holds up no other."""

import pytest
from django.core import mail as outbox
from pytest_django import Settings

from accounts import mail
from accounts.acting import acting_as
from accounts.actors import Actor, System
from accounts.models import OutgoingMail

pytestmark = pytest.mark.django_db(databases=["default", "vault"])
MAILER = Actor.job(System.MAIL)


@pytest.fixture(autouse=True)
def through_our_outbox(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "accounts.mail.OutboxBackend"
    settings.PHR_MAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def queue(to: str) -> None:
    mail.send(to, "sharing/invitation", link="https://example.org/x")


def test_a_mail_is_kept_sealed_until_it_went() -> None:
    queue("bob@example.org")
    with acting_as(MAILER):
        row = OutgoingMail.objects.get()
    assert b"bob@example.org" not in bytes(row.message_sealed or b"")

    assert mail.send_due(MAILER) == 1

    with acting_as(MAILER):
        assert OutgoingMail.objects.get().message_sealed is None
    assert [letter.to for letter in outbox.outbox] == [["bob@example.org"]]


def test_a_mail_that_cannot_be_opened_holds_up_no_other() -> None:
    queue("one@example.org")
    with acting_as(MAILER):
        OutgoingMail.objects.update(message_sealed=b"damaged")
    queue("two@example.org")

    assert mail.send_due(MAILER) == 1

    assert [letter.to for letter in outbox.outbox] == [["two@example.org"]]
    with acting_as(MAILER):
        assert OutgoingMail.objects.get(sent_at=None).attempts == 1


def test_what_waits_for_an_address_is_dropped_and_nothing_else() -> None:
    for to in ("one@example.org", "two@example.org", "One@Example.org"):
        queue(to)
    assert mail.waits_for(MAILER, "one@example.org")

    assert mail.forget_address(MAILER, "one@example.org") == 2
    assert not mail.waits_for(MAILER, "one@example.org")
    assert mail.forget_address(MAILER, "one@example.org") == 0

    assert mail.send_due(MAILER) == 1
    assert [letter.to for letter in outbox.outbox] == [["two@example.org"]]
