"""A download that broke off goes on, is decided anew each time, and is written down once."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.acting import acting_as
from accounts.actors import CutOff
from accounts.models import AuditEvent, User
from phr import sending
from phr.services import records
from sharing.services import granting
from tests.cast import Cast, put_in
from tests.doors import body, sign_in
from tests.worlds.files import pdf

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
LETTER = pdf("A letter")


@pytest.fixture
def paths(cast: Cast) -> dict[str, str]:
    """Where alice finds her letter, by its item and by its upload, and where bob does."""
    upload = put_in(cast.alice, LETTER, "letter.pdf").upload.pk
    (item,) = records.timeline(cast.alice, cast.alice_id).items
    opened = records.open_record(cast.alice, cast.alice_id, item.id)
    (file,) = [one.pk for one in opened.files if one.use == "original"]
    return {
        "item": f"/records/{item.id}/files/{file}/",
        "upload": f"/records/upload/{upload}/original/",
        "shared": f"/shared/{cast.alice_id}/{item.id}/files/{file}/",
    }


def copies(cast: Cast) -> int:
    with acting_as(cast.alice):
        return AuditEvent.objects.filter(
            patient_id=cast.alice_id, action="copy", outcome="success"
        ).count()


@pytest.mark.parametrize("way", ["item", "upload"])
def test_any_part_of_a_file_can_be_asked_for(paths: dict[str, str], way: str) -> None:
    alice, size = sign_in("alice@example.org"), len(LETTER)
    whole = alice.get(paths[way])
    tag = whole.headers["ETag"]

    assert (whole.status_code, body(whole)) == (200, LETTER)
    assert whole.headers["Accept-Ranges"] == "bytes"
    rest = alice.get(paths[way], headers={"Range": "bytes=100-", "If-Range": tag})
    assert (rest.status_code, body(rest)) == (206, LETTER[100:])
    assert rest.headers["Content-Range"] == f"bytes 100-{size - 1}/{size}"
    end = alice.get(paths[way], headers={"Range": "bytes=-7"})
    assert (end.status_code, body(end)) == (206, LETTER[-7:])
    other = alice.get(paths[way], headers={"Range": "bytes=9-", "If-Range": '"another"'})
    assert (other.status_code, body(other)) == (200, LETTER)
    beyond = alice.get(paths[way], headers={"Range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{size}")
    head = alice.head(paths[way])
    assert (head.status_code, head.content) == (200, b"")
    assert (head.headers["Content-Length"], head.headers["ETag"]) == (str(size), tag)


def test_a_copy_in_many_parts_is_written_down_once_and_a_new_one_again(
    cast: Cast, paths: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, path = sign_in("alice@example.org"), paths["item"]
    assert alice.head(path).status_code == 200
    assert copies(cast) == 0
    for start in (0, 100, 200):
        body(alice.get(path, headers={"Range": f"bytes={start}-"}))
    assert copies(cast) == 1

    body(alice.get(path))
    assert copies(cast) == 2
    # A request that is answered with all of it is a new copy, whatever it calls itself.
    for headers in (
        {"Range": "bytes=5-2"}, {"Range": "bytes=9-", "If-Range": '"x"'}, {"Range": "bytes=-99999"},
    ):  # fmt: skip
        before = copies(cast)
        assert body(alice.get(path, headers=headers)) == LETTER
        assert copies(cast) == before + 1
    # Nobody gets past the list by leaving out the first byte, from another browser or later.
    body(sign_in("alice@example.org").get(path, headers={"Range": "bytes=1-"}))
    assert copies(cast) == 6
    monkeypatch.setattr(sending, "ONE_COPY_SECONDS", -1)
    body(alice.get(path, headers={"Range": "bytes=1-"}))
    assert copies(cast) == 7


def test_what_was_taken_back_does_not_go_on(cast: Cast, paths: dict[str, str]) -> None:
    grant = cast.share()
    bob: Client = sign_in("bob@example.org")
    first = body(bob.get(paths["shared"], headers={"Range": "bytes=0-99"}))
    assert first == LETTER[:100]
    assert copies(cast) == 1
    granting.revoke(cast.alice, grant)

    for method in (bob.get, bob.head):
        answer = method(paths["shared"], headers={"Range": "bytes=100-"})
        assert answer.status_code == 404
        assert "ETag" not in answer.headers
    cast.share()
    assert body(bob.get(paths["shared"], headers={"Range": "bytes=100-"})) == LETTER[100:]
    assert copies(cast) == 2, "another permission, another entry in its receipt"


def sign_out(client: Client) -> None:
    client.post("/accounts/logout/")


def end_elsewhere(_: Client) -> None:
    sign_in("alice@example.org").post("/account/sign-out-everywhere/")


def change_password(_: Client) -> None:
    user = User.objects.get(email="alice@example.org")
    user.set_password("another long passphrase")
    user.save()


def leave(_: Client) -> None:
    User.objects.filter(email="alice@example.org").update(is_active=False)


@pytest.mark.parametrize("end", [sign_out, end_elsewhere, change_password, leave])
def test_a_download_stops_when_its_session_ends(
    paths: dict[str, str], monkeypatch: pytest.MonkeyPatch, end: Callable[[Client], None]
) -> None:
    monkeypatch.setattr("phr.services.files.PIECE", 20)
    monkeypatch.setattr("accounts.requests.ASKED_BYTES", 20)
    alice = sign_in("alice@example.org")
    answer: Any = alice.get(paths["item"])
    pieces = iter(answer.streaming_content)
    assert next(pieces) == LETTER[:20]
    sign_out(sign_in("alice@example.org"))
    assert next(pieces) == LETTER[20:40], "another session is none of its business"

    end(alice)

    with pytest.raises(CutOff):
        next(pieces)


@pytest.mark.usefixtures("paths")
def test_small_pieces_are_asked_about_each_second(monkeypatch: pytest.MonkeyPatch) -> None:
    alice = sign_in("alice@example.org")
    answer: Any = alice.get("/sharing/log/", {"format": "csv"})
    rows = iter(answer.streaming_content)
    assert next(rows).startswith(b"When")
    sign_out(alice)
    monkeypatch.setattr("accounts.requests.ASKED_SECONDS", 0)

    with pytest.raises(CutOff):
        list(rows)
