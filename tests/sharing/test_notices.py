"""Notices: made with what they tell of, mailed to who wants that, never twice and never lost."""

import contextlib
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail as sent
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.utils import timezone
from pytest_django import Settings

from accounts import mail
from accounts.acting import acting_as
from accounts.actors import Actor, System
from accounts.models import OutgoingMail
from sharing.models import Notice, NoticeKind
from sharing.services import notices
from sharing.services.surroundings import around
from tests.cast import PURGER, Cast, user_of
from tests.doors import sign_in, text
from tests.raw import as_owner, open_walls

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
MAILER = Actor.job(System.MAIL)


def tell(cast: Cast, kind: NoticeKind = NoticeKind.ACCEPTED) -> None:
    """Bob accepts what alice shares, or sends her what she did not ask for."""
    if kind is NoticeKind.ACCEPTED:
        cast.share()
        return
    with acting_as(cast.bob):
        notices.tell(cast.bob, kind, patient_id=cast.alice_id)


@pytest.fixture(autouse=True)
def outbox(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "accounts.mail.OutboxBackend"
    settings.PHR_MAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def letters() -> list[str]:
    mail.send_due(MAILER)
    return [str(one.body) for one in sent.outbox]


def test_the_patient_is_told_who_did_it_and_nobody_else_is(cast: Cast) -> None:
    tell(cast)

    (told,) = notices.mine(cast.alice)
    assert (told.kind, told.who, told.about_me) == (NoticeKind.ACCEPTED, "Dr Bob Brown", True)
    assert notices.mine(cast.bob) == notices.mine(cast.carol) == []
    assert (around(cast.alice).unseen_notices, around(cast.sam).unseen_notices) == (1, 0)


def test_what_is_told_goes_with_the_act_that_failed(cast: Cast) -> None:
    with contextlib.suppress(ZeroDivisionError), acting_as(cast.bob):
        notices.tell(cast.bob, NoticeKind.DELIVERY, patient_id=cast.alice_id)
        raise ZeroDivisionError

    assert notices.mine(cast.alice) == []


def test_one_mail_for_all_that_waits_and_no_second_one(cast: Cast) -> None:
    tell(cast)
    tell(cast, NoticeKind.DELIVERY)

    assert notices.mail_due(MAILER) == 1
    assert notices.mail_due(MAILER) == 0
    (body,) = letters()
    assert "Somebody accepted" in body
    assert "Somebody sent something in" in body
    assert "Bob" not in body


def test_who_wants_no_mail_gets_none_and_reads_it_in_the_account(cast: Cast) -> None:
    notices.choose(cast.alice, by_mail=[NoticeKind.EMERGENCY])
    before = _waiting()
    tell(cast)

    assert notices.mail_due(MAILER) == 1
    assert _waiting() == before
    assert len(notices.mine(cast.alice)) == 1
    assert notices.quiet(cast.alice) == set(NoticeKind) - {NoticeKind.EMERGENCY}


def _waiting() -> int:
    with acting_as(MAILER):
        return OutgoingMail.objects.count()


def test_what_is_told_once_is_told_once(cast: Cast) -> None:
    grant_id = cast.share()
    for _ in range(2):
        with acting_as(cast.bob):
            notices.tell(cast.bob, NoticeKind.OPENED, patient_id=cast.alice_id, grant_id=grant_id)

    assert [one.kind for one in notices.mine(cast.alice)].count(NoticeKind.OPENED) == 1


def test_nobody_marks_what_others_were_told_as_read(cast: Cast) -> None:
    tell(cast)

    assert notices.mark_seen(cast.carol) == 0
    assert notices.mark_seen(cast.alice) == 1
    assert around(cast.alice).unseen_notices == 0


def test_old_notices_are_deleted_and_young_ones_stay(cast: Cast) -> None:
    tell(cast)
    tell(cast, NoticeKind.DELIVERY)
    open_walls()
    with as_owner():
        old = Notice.objects.filter(kind=NoticeKind.DELIVERY)
        old.update(made_at=timezone.now() - timedelta(days=400))

    assert notices.forget_old(PURGER) == 1
    assert [one.kind for one in notices.mine(cast.alice)] == [NoticeKind.ACCEPTED]


def test_the_page_counts_tells_and_is_marked_as_read(cast: Cast) -> None:
    tell(cast)
    client = sign_in("alice@example.org")

    page = text(client.get("/notices/"))
    assert "Notices (1" in page
    assert "<strong>Dr Bob Brown</strong> accepted what you share." in page
    client.post("/notices/")
    assert "Notices (1" not in text(client.get("/notices/"))


def test_the_page_of_choices_keeps_what_was_ticked(cast: Cast) -> None:
    client = sign_in("alice@example.org")
    page = text(client.get("/notices/choices/"))
    assert page.count("checked") == len(NoticeKind) - len(notices.QUIET)

    client.post("/notices/choices/", {"by_mail": ["emergency", "ended"]})
    assert notices.quiet(cast.alice) == set(NoticeKind) - {NoticeKind.EMERGENCY, NoticeKind.ENDED}
    client.post("/notices/choices/", {"kept": "yes"})
    assert notices.quiet(cast.alice) == set(NoticeKind)


FORGED: dict[str, dict[str, Any]] = {
    "told once by the portal alone": {"kind": "ending"},
    "to her who holds what another gave": {"kind": "destroy", "to": "carol"},
    "as if somebody else had done it": {"kind": "opened", "person": "carol"},
    "put off for ever": {"kind": "opened", "due_at": timezone.now() + timedelta(days=9999)},
    "never due": {"kind": "opened", "due_at": None},
    "of a link, without one": {"kind": "link-opened"},
}


@pytest.mark.parametrize("how", FORGED)
def test_the_database_takes_no_notice_from_who_has_no_say_in_it(cast: Cast, how: str) -> None:
    grant_id = cast.share()
    said = {"person": "bob", "to": None, "due_at": timezone.now()} | FORGED[how]
    row = Notice(kind=said["kind"], patient_id=cast.alice_id, grant_id=grant_id)
    row.person_id, row.due_at = user_of(getattr(cast, said["person"])), said["due_at"]
    row.recipient_id = user_of(cast.carol) if said["to"] else None
    with pytest.raises(ProgrammingError, match="row-level"), acting_as(cast.bob):
        Notice.objects.bulk_create([row])


@pytest.mark.parametrize("kind", ["accepted", "attested", "correction", "emergency", "opened"])
@pytest.mark.parametrize("named", [True, False])
def test_a_stranger_tells_her_nothing(cast: Cast, kind: str, *, named: bool) -> None:
    grant_id = cast.share() if named else None
    row = Notice(kind=kind, patient_id=cast.alice_id, grant_id=grant_id)
    row.person_id, row.due_at = user_of(cast.carol), timezone.now()
    with pytest.raises(ProgrammingError, match="row-level"), acting_as(cast.carol):
        Notice.objects.bulk_create([row])


def test_a_notice_of_a_permission_is_about_its_patient(cast: Cast) -> None:
    grant_id = cast.share()
    with (  # noqa: PT012 - the database looks at the end of the act
        pytest.raises(IntegrityError, match="notice_of_a_permission_of_hers"),
        acting_as(MAILER),
        transaction.atomic(),
    ):
        notices.tell(MAILER, NoticeKind.OPENED, patient_id=cast.carol_id, grant_id=grant_id)
        connection.check_constraints()


def test_every_kind_is_on_the_page_of_choices_and_followed(cast: Cast) -> None:
    """S16, S17: ticked it comes by mail too; not ticked it is in the account alone."""
    alice = sign_in("alice@example.org")
    page = text(alice.get("/notices/choices/"))
    for kind in NoticeKind:
        assert f'value="{kind.value}"' in page, kind
        assert kind.label in page, kind
    for ticked in NoticeKind:
        alice.post("/notices/choices/", {"kept": "yes", "by_mail": [ticked.value]})
        assert notices.quiet(cast.alice) == set(NoticeKind) - {ticked}
        with acting_as(MAILER):
            Notice.objects.all().delete()
            OutgoingMail.objects.all().delete()
            for kind in NoticeKind:
                notices.tell(MAILER, kind, patient_id=cast.alice_id)
        notices.mail_due(MAILER)

        with acting_as(MAILER):
            assert [row.kind for row in Notice.objects.filter(mailed_at__isnull=False)] == [ticked]
            assert OutgoingMail.objects.count() == 1
            told = set(Notice.objects.values_list("kind", flat=True))
        assert told == {kind.value for kind in NoticeKind}
        assert {one.kind for one in notices.mine(cast.alice)} == set(NoticeKind)
