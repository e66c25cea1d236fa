"""Files come in by the plain form and by script; what goes wrong is one sentence and leaves nothing."""

from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.acting import acting_as
from accounts.actors import Actor, Denied, System
from accounts.models import Patient
from phr import integrity, storage
from phr.models import Binary
from phr.services import uploads
from tests import raw
from tests.cast import Cast, put_in, receive
from tests.doors import body, sign_in, text, visitor
from tests.worlds.files import fhir, pdf

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
ADDRESS = "/records/upload/"


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


def file(name: str = "letter.pdf", data: bytes = b"%PDF-1.4 letter") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def kept(cast: Cast) -> list[uploads.Followed]:
    return uploads.uploads(cast.alice)


def stored(cast: Cast, upload_id: UUID) -> Binary:
    """The file of an upload, as its owner may know it."""
    with acting_as(cast.alice):
        return Binary.objects.get(upload=upload_id)


def nothing_is_left(cast: Cast) -> bool:
    return not kept(cast) and not integrity.check(Actor.job(System.INTEGRITY)).files_without_row


def test_several_files_at_once_by_the_plain_form(alice: Client, cast: Cast) -> None:
    answer = alice.post(ADDRESS, {"files": [file("one.pdf"), file("two.pdf")]}, follow=True)

    assert answer.redirect_chain == [(ADDRESS, 302)]
    assert {one.file_name for one in kept(cast)} == {"one.pdf", "two.pdf"}
    assert {one.state for one in kept(cast)} == {"waiting"}
    assert "one.pdf" in text(answer)


def test_a_file_can_be_followed_as_a_page_and_as_a_fragment(alice: Client, cast: Cast) -> None:
    alice.post(ADDRESS, {"files": file()})

    url = reverse("phr:upload_state", args=[kept(cast)[0].upload.pk])
    assert "letter.pdf" in text(alice.get(url))
    fragment = text(alice.get(url, HTTP_HX_REQUEST="true"))
    assert "every 2s" in fragment
    assert "<html" not in fragment


def test_what_is_stored_is_not_what_was_sent(alice: Client, cast: Cast) -> None:
    alice.post(ADDRESS, {"files": file(data=b"%PDF-1.4 a secret letter" * 9000)})

    binary = stored(cast, kept(cast)[0].upload.pk)
    assert binary.size == 24 * 9000
    with storages["files"].open(binary.name) as raw:
        assert b"secret" not in raw.read()


def test_too_large_is_refused_and_the_limit_is_named(
    alice: Client, cast: Cast, settings: Settings
) -> None:
    settings.PHR_UPLOAD_MOST_BYTES = 2_000_000
    data = {"files": file(data=b"x" * 2_000_001)}

    answer = alice.post(ADDRESS, data, follow=True)

    said = text(answer)
    assert "The file is larger than 2 MB, the largest we can take." in said
    assert nothing_is_left(cast)


def test_a_file_of_just_the_limit_is_taken(alice: Client, cast: Cast, settings: Settings) -> None:
    settings.PHR_UPLOAD_MOST_BYTES = 2_000_000
    alice.post(ADDRESS, {"files": file(data=b"x" * 2_000_000)})

    assert len(kept(cast)) == 1


def test_an_empty_file_is_refused(alice: Client, cast: Cast) -> None:
    answer = alice.post(ADDRESS, {"files": file(data=b"")}, follow=True)

    assert "One of the files is empty." in text(answer)
    assert nothing_is_left(cast)


def test_no_file_at_all_is_one_sentence(alice: Client) -> None:
    assert "Choose at least one file." in text(alice.post(ADDRESS, {}, follow=True))


def test_more_files_than_the_limit_are_refused_together(
    alice: Client, cast: Cast, settings: Settings
) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = settings.PHR_UPLOAD_MOST_FILES = 2

    answer = alice.post(ADDRESS, {"files": [file(f"{n}.pdf") for n in range(3)]}, follow=True)

    assert "Choose at most 2 files at a time." in text(answer)
    assert nothing_is_left(cast)


class Broken(BytesIO):
    """A connection that ends before all that was announced has come."""


def cut(data: dict[str, Any], missing: int) -> dict[str, Any]:
    whole = encode_multipart(BOUNDARY, data)
    return {
        "wsgi.input": Broken(whole[:-missing]),
        "CONTENT_LENGTH": str(len(whole)),
        "CONTENT_TYPE": MULTIPART_CONTENT,
        "REQUEST_METHOD": "POST",
        "PATH_INFO": ADDRESS,
    }


@pytest.mark.parametrize("missing", [4, 60, 5_000])
def test_a_connection_that_breaks_leaves_nothing(alice: Client, cast: Cast, missing: int) -> None:
    answer = alice.request(**cut({"files": file(data=b"y" * 10_000)}, missing))

    assert answer.status_code == 302
    assert "The connection was lost." in text(alice.get(ADDRESS))
    assert nothing_is_left(cast)


def test_without_the_forms_token_nothing_becomes_due(cast: Cast) -> None:
    guarded = Client(enforce_csrf_checks=True)
    guarded.cookies = sign_in("alice@example.org").cookies

    answer = guarded.post(ADDRESS, {"files": file(), "csrfmiddlewaretoken": "x" * 64})

    assert answer.status_code == 403
    assert "This did not work" in text(answer)
    assert nothing_is_left(cast)


def test_with_the_forms_token_it_does(cast: Cast) -> None:
    guarded = Client(enforce_csrf_checks=True)
    guarded.cookies = sign_in("alice@example.org").cookies
    page = body(guarded.get(ADDRESS)).decode()
    token = page.split('name="csrfmiddlewaretoken" value="', 1)[1].split('"', 1)[0]

    guarded.post(ADDRESS, {"csrfmiddlewaretoken": token, "files": file()})

    assert len(kept(cast)) == 1
    assert kept(cast)[0].state == "waiting"


def test_the_original_comes_back_byte_for_byte(alice: Client, cast: Cast) -> None:
    followed = put_in(cast.alice, pdf(), "März “scan”.pdf")

    answer = alice.get(f"{ADDRESS}{followed.upload.pk}/original/")

    assert body(answer) == pdf()
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Length"] == str(len(pdf()))
    assert answer.headers["Content-Disposition"].startswith(
        "attachment; filename*=utf-8''M%C3%A4rz"
    )
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_file_name_of_a_path_loses_its_folders(alice: Client, cast: Cast) -> None:
    alice.post(ADDRESS, {"files": file("../../etc/passwd")})

    assert kept(cast)[0].file_name == "passwd"


def test_a_refused_file_stays_until_it_is_dismissed_and_then_is_destroyed(
    alice: Client, cast: Cast
) -> None:
    followed = put_in(cast.alice, b"no file of ours", "thing.exe")
    page = text(alice.get(ADDRESS))
    assert "This kind of file is not accepted." in page
    name = stored(cast, followed.upload.pk).name

    answer = alice.post(f"{ADDRESS}{followed.upload.pk}/dismiss/")

    assert answer.status_code == 302
    assert not storage.exists(name)
    assert nothing_is_left(cast)
    assert alice.get(f"{ADDRESS}{followed.upload.pk}/").status_code == 404


def test_a_finished_upload_is_only_put_out_of_sight(alice: Client, cast: Cast) -> None:
    followed = put_in(cast.alice, pdf(), "letter.pdf")
    assert followed.state == "finished", followed.report
    name = stored(cast, followed.upload.pk).name

    alice.post(f"{ADDRESS}{followed.upload.pk}/dismiss/")

    assert kept(cast) == []
    assert storage.names() == [name]


def test_an_upload_that_is_being_read_cannot_be_dismissed(alice: Client, cast: Cast) -> None:
    upload_id = receive(cast.alice, pdf())

    alice.post(f"{ADDRESS}{upload_id}/dismiss/")

    assert [one.state for one in kept(cast)] == ["waiting"]


def test_what_was_in_the_file_is_counted_in_words(alice: Client, cast: Cast) -> None:
    followed = put_in(cast.alice, fhir("ips"), "ips.json")
    again = put_in(cast.alice, fhir("ips"), "ips.json")

    first = text(alice.get(f"{ADDRESS}{followed.upload.pk}/"))
    second = text(alice.get(f"{ADDRESS}{again.upload.pk}/"))

    assert "Your record is up to date." in first
    assert "There was nothing new in this file." in second
    assert "Already there, not stored again" in second


def test_plaintext_never_touches_the_disk(
    alice: Client, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "plain").mkdir()
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "plain"
    alice.post(ADDRESS, {"files": file(data=b"z" * 6_000_000)})

    assert list((tmp_path / "plain").iterdir()) == []


def test_an_original_stops_flowing_once_its_record_is_hidden(cast: Cast) -> None:
    data = b"%PDF-1.4\n" + b"x" * (2 * uploads.PIECE)
    sent = uploads.original(cast.alice, receive(cast.alice, data, "long.pdf"))
    got = next(sent.pieces)

    raw.open_walls()
    with raw.as_owner():
        Patient.objects.filter(pk=cast.alice_id).update(erasing_at=timezone.now())
    with pytest.raises(Denied):
        next(sent.pieces)

    assert (sent.binary.size, got) == (len(data), data[: uploads.PIECE])


def test_a_piece_of_a_page_is_never_the_sign_in_page() -> None:
    """A page that is left open asks for its pieces; who was signed out gets none, and no other."""
    address = f"/records/upload/{uuid4()}/"

    assert visitor().get(address).status_code == 302
    answer = visitor().get(address, headers={"hx-request": "true"})
    assert (answer.status_code, body(answer)) == (204, b"")
