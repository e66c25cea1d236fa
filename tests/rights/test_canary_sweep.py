"""Nothing of a person who left is anywhere, and nothing of anybody else has changed."""

import logging
from collections.abc import Iterator
from io import StringIO

import pytest
from pytest_django import Settings

from accounts import sealer
from tests.cast import SEALER, Cast
from tests.sweep import Found, server_logs, sweep
from tests.worlds.quinn import SEALED, WORDS, Quinn

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
# What the portal keeps in the clear, and where. Everything else must be sealed.
CLEAR = {
    "address": {
        "accounts_user",
        "account_emailaddress",
        "sharing_grant",
        "django_cache",
        "django_session",
    },
    "second": {"account_emailaddress", "django_session", "django_cache"},
    "invited": {"sharing_grant"},
    "doctor": {"accounts_practitioner"},
    "profession": {"accounts_practitioner"},
    "specialty": {"accounts_practitioner"},
    "licence": {"accounts_practitioner"},
    "passkey": {"mfa_authenticator"},
    "browser": {"usersessions_usersession"},
    "network": {"usersessions_usersession", "django_cache"},
    "othernetwork": {"django_cache"},
}


@pytest.fixture
def log() -> Iterator[StringIO]:
    """What the portal's one log handler writes."""
    handlers = logging.getLogger("django").handlers
    console = next(one for one in handlers if isinstance(one, logging.StreamHandler))
    written = StringIO()
    before = console.setStream(written)
    yield written
    console.setStream(before)


@pytest.fixture
def quinn(cast: Cast, settings: Settings, log: StringIO) -> Quinn:
    del log
    settings.EMAIL_BACKEND = "accounts.mail.OutboxBackend"
    settings.PHR_MAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    return Quinn.enter(cast)


def looked_for(log: StringIO) -> set[Found]:
    sealer.seal_audit(SEALER)
    beside = {"log": log.getvalue().encode(), **server_logs()}
    return sweep(WORDS.values(), beside=beside)


@pytest.mark.usefixtures("quinn")
def test_what_is_in_the_clear_is_found_and_what_is_sealed_is_not(log: StringIO) -> None:
    found = looked_for(log)

    expected = {Found(WORDS[name], place) for name, places in CLEAR.items() for place in places}
    assert found - expected == set()
    assert expected - found == set(), "the sweep is blind here"
    assert SEALED & CLEAR.keys() == set()
