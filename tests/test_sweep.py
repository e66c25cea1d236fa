"""The sweep is not blind: a word is found in every place and in every wrapping."""

import base64
import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache

from accounts.acting import acting_as
from accounts.models import OutgoingMail
from accounts.vault.acting import in_vault
from accounts.vault.models import LedgerEntry
from sharing.models import Grant
from tests.cast import ALL, Cast
from tests.sweep import Found, sweep

pytestmark = pytest.mark.django_db(databases=["default", "vault"])
WORD = "Qzanywherezq@example.org"
LOW = WORD.lower()


def in_a_column_of_bytes(_cast: Cast) -> None:
    OutgoingMail.objects.create(message_sealed=f"To: {WORD}".encode())


def behind_a_wall(cast: Cast) -> None:
    grant_id = cast.share(ALL)
    with acting_as(cast.alice):
        before = Grant.objects.get(pk=grant_id)
        Grant.objects.create(
            patient_id=cast.alice_id,
            invited_email=WORD,
            categories=before.categories,
            labels=before.labels,
            may_copy=False,
            invitation_ends_at=before.invitation_ends_at,
        )


def in_the_vault(_cast: Cast) -> None:
    with in_vault(worker=True):
        LedgerEntry.objects.create(kind="news", token=b"token", state=LOW)


def in_a_squeezed_session(_cast: Cast) -> None:
    session = SessionStore()
    session["notices"] = [f"We wrote to {WORD}"] * 20
    session.save()


def under_a_hash(_cast: Cast) -> None:
    cache.set(f"tries:{sha256(LOW.encode()).hexdigest()}", 1)


def in_a_cached_value(_cast: Cast) -> None:
    cache.set("tries", {"of": WORD})


@pytest.mark.parametrize(
    ("put", "place"),
    [
        (in_a_column_of_bytes, "accounts_outgoingmail"),
        (behind_a_wall, "sharing_grant"),
        (in_the_vault, "vault_ledgerentry"),
        (in_a_squeezed_session, "django_session"),
        (under_a_hash, "django_cache"),
        (in_a_cached_value, "django_cache"),
    ],
)
def test_a_word_in_a_table_is_found(put: Callable[[Cast], None], place: str, cast: Cast) -> None:
    assert sweep([WORD]) == set()

    put(cast)

    assert sweep([WORD]) == {Found(WORD, place)}


@pytest.mark.parametrize(
    "written",
    [
        WORD.encode(),
        LOW.encode().hex().encode(),
        base64.b64encode(f"To: {WORD}".encode()),
        WORD.lower().encode("utf-16-le"),
    ],
)
def test_a_word_in_a_file_is_found(written: bytes) -> None:
    path = Path(settings.PHR_DATA_DIR) / "mail" / "letter"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"before " + written + b" after")
    try:
        assert sweep([WORD]) == {Found(WORD, "folder mail")}
    finally:
        path.unlink()


def test_a_word_in_the_name_of_a_file_is_found() -> None:
    path = Path(settings.PHR_DATA_DIR) / "mail" / f"{WORD}.eml"
    path.parent.mkdir(exist_ok=True)
    path.touch()
    try:
        assert sweep([WORD]) == {Found(WORD, "folder mail")}
    finally:
        path.unlink()


def test_a_word_in_a_message_to_a_worker_is_found() -> None:
    broker = redis.Redis.from_url(settings.REDIS_URL)
    body = base64.b64encode(json.dumps([[WORD], {}]).encode()).decode()
    broker.lpush("sweep", f'{{"body": "{body}"}}')
    try:
        assert sweep([WORD]) == {Found(WORD, "queue")}
    finally:
        broker.delete("sweep")


def test_what_a_test_caught_is_looked_through_too() -> None:
    assert sweep([WORD], beside={"log": LOW.encode()}) == {Found(WORD, "log")}
