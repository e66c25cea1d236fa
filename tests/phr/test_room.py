"""What one person's files and the disk may take binds every way in."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import Settings

from accounts.acting import acting_as
from phr import room, storage
from phr.models import Binary
from phr.services import uploads
from tests.cast import Cast, hand_in, put_in
from tests.doors import sign_in, text
from tests.worlds import tus
from tests.worlds.files import packed, pdf, picture

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
LETTER = pdf("A letter")
FULL = "Your record can hold 3 MB of files, and this would be more."
SPENT = "There is no room for this file at the moment."


@pytest.fixture(autouse=True)
def own_files(settings: Settings, tmp_path: Path) -> None:
    """A folder of files that no other test has filled."""
    files = settings.STORAGES["files"]
    files = files | {"OPTIONS": files["OPTIONS"] | {"location": tmp_path / "files"}}
    settings.STORAGES = settings.STORAGES | {"files": files}


def by_form(_: Cast) -> str:
    alice = sign_in("alice@example.org")
    sent = SimpleUploadedFile("letter.pdf", LETTER)
    return text(alice.post("/records/upload/", {"files": sent}, follow=True))


def by_hand(_: Cast) -> str:
    alice = sign_in("alice@example.org")
    about = {"file": SimpleUploadedFile("letter.pdf", LETTER), "name": "Letter"}
    return text(alice.post("/records/new/document/", about, follow=True))


def in_pieces(_: Cast) -> str:
    return text(tus.begin(sign_in("alice@example.org"), len(LETTER)))


def by_operator(_: Cast, path: Path) -> str:
    path.write_bytes(LETTER)
    with pytest.raises(CommandError) as error:
        call_command("import_file", str(path), patient="alice@example.org")
    return str(error.value)


WAYS: dict[str, Callable[..., str]] = {
    "form": by_form, "hand": by_hand, "pieces": in_pieces, "operator": by_operator,
}  # fmt: skip


def come(way: str, cast: Cast, tmp_path: Path) -> str:
    more = [tmp_path / "letter.pdf"] if way == "operator" else []
    return WAYS[way](cast, *more)


@pytest.mark.parametrize("way", WAYS)
def test_a_record_that_is_full_takes_no_more(
    cast: Cast, settings: Settings, tmp_path: Path, way: str
) -> None:
    hand_in(cast.alice, b"x" * 3_000_000, "scan.bin")
    settings.PHR_PATIENT_MOST_BYTES = 3_000_100

    assert FULL in come(way, cast, tmp_path)
    assert len(storage.names()) == 1
    hand_in(cast.carol, LETTER, "letter.pdf")


@pytest.mark.parametrize("way", WAYS)
def test_the_disk_keeps_its_reserve(
    cast: Cast, settings: Settings, tmp_path: Path, way: str
) -> None:
    settings.PHR_UPLOAD_SPARE_BYTES = 10**18

    assert SPENT in come(way, cast, tmp_path)
    assert storage.names() == []


def test_the_disk_is_asked_again_while_a_file_comes(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    free: Any = iter([10**9, 10**6])
    monkeypatch.setattr("phr.storage.free_bytes", lambda: next(free))
    settings.PHR_UPLOAD_SPARE_BYTES = 10**7
    taking = room.Taking(10**12)
    taking.take(room.STEP + 1)
    taking.take(room.STEP)

    with pytest.raises(room.NoRoom):
        taking.take(room.STEP)


def test_what_comes_out_of_an_archive_needs_room_too(cast: Cast, settings: Settings) -> None:
    small = packed(("a.png", picture("PNG")), ("letter.pdf", LETTER))
    settings.PHR_PATIENT_MOST_BYTES = len(small) + 10

    followed = put_in(cast.alice, small, "all.zip")

    assert followed.state == "failed"
    assert "Your record can hold" in followed.report.problem
    with acting_as(cast.alice):
        assert not Binary.objects.filter(use=Binary.Use.PART, complete_at__isnull=False).exists()


def test_of_two_files_at_once_one_finds_no_room(cast: Cast, settings: Settings) -> None:
    settings.PHR_PATIENT_MOST_BYTES = 1000
    (first, one), (second, other) = [
        uploads.begin_upload(cast.alice, file_name="a") for _ in range(2)
    ]
    for writer in (one, other):
        writer.write(b"x" * 600)
        writer.close()
    uploads.complete_upload(cast.alice, first, size=600)

    with pytest.raises(room.Full):
        uploads.complete_upload(cast.alice, second, size=600)
    with acting_as(cast.alice):
        assert room.held(cast.alice_id) == 600
