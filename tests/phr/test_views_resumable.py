"""tus 1.0.0: what is acknowledged is kept, and nothing is taken twice."""

import hashlib
from base64 import b64encode
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.storage import storages
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.acting import acting_as
from accounts.actors import Actor, System
from phr import integrity, storage
from phr.models import Binary, Upload
from phr.services import resumable, uploads
from phr.storage import CHUNK
from tests import raw
from tests.cast import PURGER, Cast
from tests.doors import sign_in, text
from tests.worlds.tus import (
    DATA,
    EMPTY,
    START,
    b64,
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


def findings() -> integrity.Findings:
    return integrity.check(Actor.job(System.INTEGRITY))


def hashed(data: bytes, name: str = "sha256") -> dict[str, str]:
    return {"Upload-Checksum": f"{name} {b64encode(hashlib.new(name, data).digest()).decode()}"}


def announced(client: Client, data: bytes) -> str:
    """Where the pieces of a file go whose hash is said."""
    about = f"filename {b64('brief.pdf')},fingerprint {b64('sha256:' + sha256(data).hexdigest())}"
    return str(begin(client, len(data), **{"Upload-Metadata": about}).headers["Location"])


def test_it_says_what_it_can_do(alice: Client) -> None:
    answer = alice.options(START)

    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == answer.headers["Tus-Resumable"] == "1.0.0"
    assert answer.headers["Tus-Extension"] == "creation,expiration,termination,checksum"
    assert answer.headers["Tus-Checksum-Algorithm"] == "sha1,sha256"
    assert answer.headers["Tus-Max-Size"] == "200000000"


def test_a_file_in_three_pieces_is_the_same_file(alice: Client, cast: Cast) -> None:
    place = begun(alice)
    answers = [send(alice, place, DATA[:CHUNK], 0)]
    answers.append(send(alice, place, DATA[CHUNK : 3 * CHUNK], CHUNK))
    due = [one.upload.pk for one in uploads.uploads(cast.alice)]
    answers.append(send(alice, place, DATA[3 * CHUNK :], 3 * CHUNK))

    assert [one.status_code for one in answers] == [204] * 3
    assert [int(one.headers["Upload-Offset"]) for one in answers] == [CHUNK, 3 * CHUNK, len(DATA)]
    assert due == []
    assert [one.state for one in uploads.uploads(cast.alice)] == ["waiting"]
    assert whole(cast, place) == DATA
    found = alice.head(place)
    assert found.headers["Upload-Length"] == found.headers["Upload-Offset"] == str(len(DATA))
    assert f"filename {b64('brief.pdf')}" in found.headers["Upload-Metadata"]
    assert "Upload-Expires" not in found.headers


def test_less_than_a_chunk_is_sent_again(alice: Client, cast: Cast) -> None:
    place = begun(alice)
    answer = send(alice, place, DATA[: CHUNK + 100], 0)

    assert answer.headers["Upload-Offset"] == str(CHUNK)
    assert send(alice, place, DATA[CHUNK : CHUNK + 100], CHUNK).status_code == 400
    assert send(alice, place, b"", CHUNK, **EMPTY).status_code == 204
    send(alice, place, DATA[CHUNK:], CHUNK)
    assert whole(cast, place) == DATA


def test_what_waits_for_the_rest_is_sealed(alice: Client) -> None:
    place = begun(alice)
    send(alice, place, DATA[: 2 * CHUNK], 0)

    (name,) = storage.names()
    with storages["files"].open(name) as kept:
        assert b"secret" not in kept.read()


def test_a_broken_connection_loses_less_than_a_chunk(alice: Client, cast: Cast) -> None:
    place = begun(alice)
    pour(alice, place, BytesIO(DATA[: 2 * CHUNK + 5]))

    assert offset_of(alice, place) == 2 * CHUNK
    send(alice, place, DATA[2 * CHUNK :], 2 * CHUNK)
    assert whole(cast, place) == DATA


def test_bytes_that_were_never_acknowledged_are_written_over(alice: Client, cast: Cast) -> None:
    """As after a power cut between the file and its row, and with other bytes than before."""
    place = begun(alice)
    send(alice, place, DATA[:CHUNK], 0)
    with acting_as(cast.alice):
        binary = Binary.objects.get(upload=id_in(place))
    lost = b"x" * 2 * CHUNK
    storage.add_piece(binary.name, cast.alice_id, binary.pk, lost, start=CHUNK, final=False)
    with Path(storages["files"].path(binary.name)).open("ab") as file:
        file.write(b"torn")

    assert offset_of(alice, place) == CHUNK
    send(alice, place, DATA[CHUNK:], CHUNK)
    assert whole(cast, place) == DATA


def test_a_piece_that_begins_elsewhere_is_refused(alice: Client) -> None:
    place = begun(alice)
    send(alice, place, DATA[:CHUNK], 0)

    for offset in (0, CHUNK - 1, 2 * CHUNK):
        assert send(alice, place, DATA[offset:], offset).status_code == 409
    assert offset_of(alice, place) == CHUNK


def test_of_two_pieces_at_once_one_wins(alice: Client, cast: Cast) -> None:
    """The other one finds, at its next step, that the file has grown under it."""
    place = begun(alice)
    other = sign_in("alice@example.org")

    class Interrupted(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() == 0:
                assert send(other, place, DATA[:CHUNK], 0).status_code == 204
            return super().read(size)

    answer = pour(alice, place, Interrupted(b"y" * 2 * CHUNK), announced=2 * CHUNK)

    assert answer.status_code == 409
    send(alice, place, DATA[CHUNK:], CHUNK)
    assert whole(cast, place) == DATA


def test_a_piece_that_makes_no_sense(alice: Client) -> None:
    place = begun(alice)
    plain = alice.patch(place, DATA, content_type="text/plain", headers={"Upload-Offset": "0"})

    assert plain.status_code == 415
    assert send(alice, place, DATA, 0, **{"Upload-Offset": "٣"}).status_code == 400
    assert alice.put(place).status_code == 405


@pytest.mark.parametrize("name", ["sha1", "sha256"])
def test_a_piece_that_was_damaged_on_its_way_comes_again(
    alice: Client, cast: Cast, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("phr.receiving.STEP", CHUNK)
    place, damaged = begun(alice), DATA[:-1] + b"?"
    first, rest = DATA[:CHUNK], DATA[CHUNK:]
    assert send(alice, place, first, 0, **hashed(first, name)).status_code == 204

    assert send(alice, place, damaged[CHUNK:], CHUNK, **hashed(rest, name)).status_code == 460
    assert offset_of(alice, place) == CHUNK
    assert [one.state for one in uploads.uploads(cast.alice)] == []
    assert send(alice, place, rest, CHUNK, **hashed(rest, name)).status_code == 204
    assert whole(cast, place) == DATA


@pytest.mark.parametrize("said", ["md5 1B2M2Y8AsgTpgAmY7PhCfg==", "sha1 x", "sha256 é"])
def test_a_hash_that_makes_no_sense(alice: Client, said: str) -> None:
    place = begun(alice)

    assert send(alice, place, DATA, 0, **{"Upload-Checksum": said}).status_code in {400, 460}
    assert offset_of(alice, place) == 0


def test_a_file_that_is_not_the_announced_one_in_the_end_is_not_kept(
    alice: Client, cast: Cast
) -> None:
    """For instance carried on with another file of the same name, size, beginning and end."""
    place = announced(alice, DATA)
    send(alice, place, DATA[:CHUNK], 0)
    other = DATA[: 2 * CHUNK] + b"!" + DATA[2 * CHUNK + 1 :]

    answer = send(alice, place, other[CHUNK:], CHUNK)

    assert answer.status_code == 422
    assert "not the file that was begun" in text(answer)
    assert alice.head(place).status_code == 404
    assert storage.names() == []
    place = announced(alice, DATA)
    assert send(alice, place, DATA, 0).status_code == 204
    assert whole(cast, place) == DATA


def test_taking_it_back_leaves_nothing(alice: Client, cast: Cast) -> None:
    by_script, by_button = begun(alice), begun(alice)
    assert "brief.pdf" in text(alice.get("/records/upload/"))

    assert alice.delete(by_script).status_code == 204
    alice.post(f"/records/upload/{id_in(by_button)}/cancel/")

    assert resumable.unfinished(cast.alice) == []
    assert storage.names() == []
    assert alice.head(by_script).status_code == 404
    assert send(alice, by_button, DATA, 0).status_code == 404


def clear() -> int:
    return uploads.clear_leftovers(PURGER)


def test_it_waits_a_day_for_the_rest_and_is_then_cleared_away(alice: Client, cast: Cast) -> None:
    raw.open_walls()
    place = begun(alice)
    assert "GMT" in alice.head(place).headers["Upload-Expires"]
    age(cast, created=timedelta(hours=20), left=timedelta(hours=4))
    assert clear() == 0
    assert findings().sound
    send(alice, place, DATA[:CHUNK], 0)
    with acting_as(cast.alice):
        until = Binary.objects.get(upload=id_in(place)).arriving_until
    assert until is not None
    assert until > timezone.now() + timedelta(hours=23)

    age(cast, created=timedelta(hours=48), left=timedelta(minutes=-1))

    assert alice.head(place).status_code == 404
    assert clear() == 1
    assert storage.names() == []
    with acting_as(cast.alice):
        assert not Upload.objects.exists()


def age(cast: Cast, *, created: timedelta, left: timedelta) -> None:
    now = timezone.now()
    with raw.as_owner():
        Binary.objects.filter(patient_id=cast.alice_id).update(
            created_at=now - created, arriving_until=now + left
        )


def test_a_restored_row_without_its_file_is_not_promised(alice: Client) -> None:
    place = begun(alice)
    storage.destroy(storage.names()[0])

    assert alice.head(place).status_code == 404


def test_the_page_tells_what_is_unfinished(alice: Client) -> None:
    place = begun(alice)
    send(alice, place, DATA[: 2 * CHUNK], 0)

    page = text(alice.get("/records/upload/"))

    assert "Unfinished uploads" in page
    assert "63%" in page
    assert f'data-url="{place}"' in page
    assert 'data-fingerprint="ab12"' in page
    assert "brief.pdf" in text(alice.get(f"/records/upload/{id_in(place)}/"))
