"""A document by hand: the file and what it is, on one page, through the same box as any upload."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from phr import storage
from phr.services import imports, records, uploads
from phr.services.items import Item
from tests.cast import IMPORTER, Cast
from tests.doors import sign_in, text
from tests.worlds.files import fhir, pdf, picture

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
PAGE = "/records/new/document/"
TOLD = {
    "name": "Letter from the heart clinic", "kind": "Discharge letter",
    "day_day": "", "day_month": "2", "day_year": "2023",
}  # fmt: skip


@pytest.fixture
def alice(cast: Cast) -> Client:
    del cast
    return sign_in("alice@example.org")


def sent(alice: Client, data: bytes, named: str = "scan 0001.pdf", **other: Any) -> Any:
    return alice.post(PAGE, TOLD | {"file": SimpleUploadedFile(named, data)} | other)


def read(cast: Cast) -> uploads.Followed:
    (one,) = uploads.uploads(cast.alice)
    imports.import_upload(IMPORTER, one.upload.pk)
    return uploads.upload(cast.alice, one.upload.pk)


def items(cast: Cast) -> list[Item]:
    return list(records.timeline(cast.alice, cast.alice_id).items)


@pytest.mark.parametrize(
    ("name", "data"), [("scan 0001.pdf", pdf("Dear Alice")), ("IMG_7.png", picture("PNG"))]
)
def test_one_page_is_enough(alice: Client, cast: Cast, name: str, data: bytes) -> None:
    answer = sent(alice, data, name)

    assert answer.status_code == 302
    assert read(cast).state == "finished"
    (item,) = items(cast)
    opened = records.open_record(cast.alice, cast.alice_id, item.id)
    assert opened.resource["description"] == "Letter from the heart clinic"
    assert opened.resource["type"] == {"text": "Discharge letter"}
    assert opened.resource["context"] == {"period": {"start": "2023-02"}}
    assert opened.resource["content"][0]["attachment"]["title"] == name
    page = text(alice.get(f"/records/{item.id}/"))
    assert "Letter from the heart clinic" in page
    assert "February 2023" in page
    assert any(one.use == "original" for one in opened.files)


def test_its_words_can_be_found_and_it_can_be_corrected(alice: Client, cast: Cast) -> None:
    sent(alice, pdf("Bisoprolol"))
    read(cast)

    for words in ("heart clinic", "discharge", "bisoprolol"):
        assert TOLD["name"] in text(alice.post("/records/", {"text": words}))
    assert TOLD["name"] not in text(alice.post("/records/", {"text": "metoprolol"}))
    (item,) = items(cast)
    page = text(alice.get(f"/records/{item.id}/correct/"))
    assert 'value="Discharge letter"' in page


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": ""}, "Say what it is."),
        ({"file": ""}, "Choose one file."),
        ({"day_year": "23"}, "write the year with four digits"),
        ({"file": SimpleUploadedFile("a.pdf", b"")}, "One of the files is empty."),
        ({"file": [SimpleUploadedFile("a.pdf", pdf()), SimpleUploadedFile("b.pdf", pdf("B"))]},
         "Choose one file."),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_and_nothing_is_kept(
    alice: Client, cast: Cast, change: dict[str, Any], sentence: str
) -> None:
    before = storage.names()

    page = text(sent(alice, pdf(), **change))

    assert sentence in page
    assert "Please choose the file again." in page
    assert uploads.uploads(cast.alice) == []
    assert storage.names() == before


def test_a_file_with_more_in_it_is_never_added_unseen(alice: Client, cast: Cast) -> None:
    sent(alice, fhir("list"), "list.json")

    followed = read(cast)

    assert followed.state == "failed"
    assert "not a letter or a picture" in followed.report.problem
    assert items(cast) == []


def test_a_page_without_its_token_keeps_nothing(cast: Cast) -> None:
    guarded = Client(enforce_csrf_checks=True)
    guarded.cookies = sign_in("alice@example.org").cookies

    assert sent(guarded, pdf()).status_code == 403
    assert uploads.uploads(cast.alice) == []
