"""What is refused of a file that comes in pieces, and who may not send one."""

import errno
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Patient
from phr import storage
from phr.services import removal, uploads
from phr.storage import CHUNK
from tests import raw
from tests.cast import PURGER, Cast, hand_in
from tests.doors import body, sign_in, text, visitor
from tests.worlds.tus import (
    DATA,
    begin,
    begun,
    id_in,
    offset_of,
    pour,
    send,
    whole,
)

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]


@pytest.fixture(autouse=True)
def own_files(settings: Settings, tmp_path: Path) -> None:
    """A folder of files that no other test has filled."""
    files = settings.STORAGES["files"]
    files = files | {"OPTIONS": files["OPTIONS"] | {"location": tmp_path / "files"}}
    settings.STORAGES = settings.STORAGES | {"files": files}


@pytest.fixture
def alice(cast: Cast) -> Client:
    del cast
    return sign_in("alice@example.org")


@pytest.mark.parametrize(
    ("size", "status", "sentence"),
    [
        (0, 400, "The file is empty."),
        (2_000_001, 413, "The file is larger than 2 MB, the largest we can take."),
        (2_000_000, 413, "You have too many unfinished uploads."),
    ],
)
def test_too_much_is_refused_before_a_byte_comes(
    alice: Client, settings: Settings, size: int, status: int, sentence: str
) -> None:
    settings.PHR_UPLOAD_MOST_BYTES = 2_000_000
    settings.PHR_UPLOAD_UNFINISHED_BYTES = 3_000_000
    begun(alice, 1_000_001)

    answer = begin(alice, size)

    assert answer.status_code == status
    assert sentence in text(answer)
    assert len(storage.names()) == 1


def test_too_many_unfinished_files_are_refused(alice: Client, settings: Settings) -> None:
    settings.PHR_UPLOAD_MOST_FILES = 2
    first = begun(alice)
    begun(alice)

    assert begin(alice).status_code == 413
    assert alice.delete(first).status_code == 204
    assert begin(alice).status_code == 201


def test_a_full_disk_is_one_sentence_and_loses_nothing(
    alice: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = begun(alice)
    send(alice, place, DATA[:CHUNK], 0)

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        answer = send(alice, place, DATA[CHUNK : 2 * CHUNK], CHUNK)
    assert (answer.status_code, offset_of(alice, place)) == (507, CHUNK)
    assert "no room for this file" in text(answer)
    settings.PHR_UPLOAD_SPARE_BYTES = 10**18
    assert begin(alice).status_code == 507


def test_a_piece_may_not_be_larger_than_the_limit_or_the_file(
    alice: Client, settings: Settings
) -> None:
    settings.PHR_UPLOAD_PIECE_BYTES = 2 * CHUNK
    place = begun(alice)

    assert send(alice, place, DATA[: 2 * CHUNK + 1], 0).status_code == 413
    assert send(alice, place, DATA[: 2 * CHUNK], 0).status_code == 204
    assert send(alice, place, DATA[2 * CHUNK :] + b"x", 2 * CHUNK).status_code == 413
    assert offset_of(alice, place) == 2 * CHUNK


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Tus-Resumable": "0.2.2"}, 412),
        ({"Upload-Length": "many"}, 400),
        ({"Upload-Length": "-1"}, 400),
        ({"Upload-Metadata": "filename ***"}, 400),
        ({"Upload-Metadata": "filename /w=="}, 400),
    ],
)
def test_a_beginning_that_makes_no_sense(
    alice: Client, headers: dict[str, str], status: int
) -> None:
    assert begin(alice, **headers).status_code == status
    assert storage.names() == []


def test_nobody_else_may_come_near(alice: Client, cast: Cast) -> None:
    place = begun(alice)
    nothing = place.replace(str(id_in(place)), "00000000-0000-4000-8000-000000000000")

    for name in ("bob", "carol"):
        other = sign_in(f"{name}@example.org")
        for call in (
            other.head(place), other.delete(place), send(other, place, DATA, 0),
        ):  # fmt: skip
            assert call.status_code == 404
        assert body(other.get(place)) == body(other.get(nothing))
    for call in (visitor().head(place), begin(visitor()), send(visitor(), place, DATA, 0)):
        assert call.status_code == 401
    assert offset_of(alice, place) == 0
    assert whole_after(alice, cast, place) == DATA


def whole_after(client: Client, cast: Cast, place: str) -> bytes:
    send(client, place, DATA, 0)
    return whole(cast, place)


def test_without_the_token_of_her_page_nothing_is_taken(alice: Client) -> None:
    place = begun(alice)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = alice.cookies

    for answer in (begin(strict), send(strict, place, DATA, 0), strict.delete(place)):
        assert answer.status_code == 403
    assert offset_of(alice, place) == 0


def test_signing_out_stops_it_and_signing_in_carries_on(alice: Client, cast: Cast) -> None:
    place = begun(alice)
    send(alice, place, DATA[:CHUNK], 0)
    alice.logout()

    assert send(alice, place, DATA[CHUNK:], CHUNK).status_code == 401
    again = sign_in("alice@example.org")
    assert offset_of(again, place) == CHUNK
    send(again, place, DATA[CHUNK:], CHUNK)
    assert whole(cast, place) == DATA


def test_a_plain_upload_is_not_to_be_had_in_pieces(alice: Client, cast: Cast) -> None:
    place = f"/records/upload/{hand_in(cast.alice, DATA)}/resumable/"

    assert alice.head(place).status_code == 404
    assert alice.delete(place).status_code == 404
    assert len(uploads.uploads(cast.alice)) == 1


def test_while_the_record_rests_nothing_grows(alice: Client, cast: Cast) -> None:
    place = begun(alice)
    raw.open_walls()
    with raw.as_owner():
        Patient.objects.filter(pk=cast.alice_id).update(restricted_at=timezone.now())

    assert send(alice, place, DATA, 0).status_code == 403
    assert begin(alice).status_code == 403
    assert offset_of(alice, place) == 0
    assert alice.delete(place).status_code == 204


def test_an_erasure_ends_it_and_leaves_nothing(alice: Client, cast: Cast) -> None:
    place = begun(alice)

    class Erased(BytesIO):
        """Everything is purged while the first step is on its way."""

        def read(self, size: int | None = -1) -> bytes:
            if self.tell() == CHUNK:
                removal.purge_files(PURGER, cast.alice_id)
            return super().read(size)

    answer = pour(alice, place, Erased(DATA))

    assert answer.status_code == 404
    assert storage.names() == []
    removal.purge_rows(PURGER, cast.alice_id)
    assert alice.head(place).status_code == 404
