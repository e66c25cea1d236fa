"""A file nobody answers for: its owner is reminded in time, then it goes, and nothing is left."""

from datetime import timedelta

import pytest
from django.core import mail as outbox
from django.utils import timezone
from pytest_django import Settings

from accounts import mail
from accounts.acting import acting_as
from phr import storage
from phr.models import Upload
from phr.services import imports, looks, reviews, uploads, waiting
from tests.accounts.test_mail import MAILER
from tests.cast import IMPORTER, PURGER, Cast, hand_in
from tests.worlds.files import pdf

pytestmark = pytest.mark.django_db(databases=["default", "vault"])


@pytest.fixture(autouse=True)
def through_our_outbox(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "accounts.mail.OutboxBackend"
    settings.PHR_MAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def looked_through(cast: Cast) -> Upload:
    imports.import_upload(IMPORTER, upload_id := hand_in(cast.alice, pdf(), "letter.pdf"))
    return uploads.upload(cast.alice, upload_id).upload


def later(days: int) -> int:
    """Let days pass, and do what beat does. Returns what was done."""
    with acting_as(PURGER):
        for row in Upload.objects.filter(previewed_at__isnull=False):
            for name in ("previewed_at", "reminded_at"):
                if at := getattr(row, name):
                    setattr(row, name, at - timedelta(days=days))
            row.save(update_fields=["previewed_at", "reminded_at"])
    return waiting.expire(PURGER)


def test_she_is_told_on_the_page_then_reminded_once_then_it_goes(cast: Cast) -> None:
    names = set(storage.names())
    row = looked_through(cast)
    until = uploads.upload(cast.alice, row.pk).kept_until
    assert until is not None
    assert until - timezone.now() > timedelta(days=29)

    assert [later(20), later(4), later(1)] == [0, 1, 0]
    mail.send_due(MAILER)
    [letter] = outbox.outbox
    assert letter.to == ["alice@example.org"]
    assert "/records/upload/" in letter.body
    assert "letter.pdf" not in f"{letter.subject}{letter.body}"

    assert later(6) == 1
    assert uploads.uploads(cast.alice) == []
    assert set(storage.names()) == names
    said = [line.what for line in looks.log(cast.alice).lines]
    assert "cleared a file away that waited too long for an answer" in said


def test_without_a_reminder_in_time_it_does_not_go(cast: Cast) -> None:
    looked_through(cast)

    # Beat was off for months.
    assert [later(100), later(6), later(2)] == [1, 0, 1]
    assert uploads.uploads(cast.alice) == []


def test_what_was_answered_for_or_rests_stays(cast: Cast) -> None:
    row = looked_through(cast)
    reviews.confirm(cast.alice, row.pk, about_me=True)

    assert later(100) == 0
    assert uploads.upload(cast.alice, row.pk).kept_until is None


def test_a_days_setting_as_short_as_two_days_still_reminds(cast: Cast, settings: Settings) -> None:
    settings.PHR_UPLOAD_WAIT_DAYS = 2
    looked_through(cast)

    assert [later(1), later(1)] == [1, 1]
    assert uploads.uploads(cast.alice) == []
