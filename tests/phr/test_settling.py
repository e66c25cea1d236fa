"""A file says something else than she wrote: she keeps hers, or takes over what it says."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from accounts.acting import acting_as
from accounts.actors import Actor, Denied
from phr.formats.parsed import Refused
from phr.models import Binary, Record, RecordFile
from phr.services import (
    entries,
    files,
    looks,
    records,
    settling,
    undoing,
    uploads,
    versions,
)
from rights.archive.choice import Choice
from sharing.categories import Category
from tests.cast import IMPORTER, PURGER, Cast, put_in
from tests.doors import sign_in, text
from tests.phr.formats.test_hl7v2 import MSH, OBR, OBX, PID, file, message
from tests.phr.test_updates import condition, corrected, only, title
from tests.worlds.archive import Archive, archive_of, made, taken
from tests.worlds.files import pdf

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]


@pytest.fixture
def beside(cast: Cast) -> UUID:
    """Her correction in version 4, and what a file says beside it in version 3."""
    return corrected(cast).pk


def come(cast: Cast, said: str) -> UUID:
    return UUID(str(put_in(cast.alice, condition(said)).upload.pk))


def opened(cast: Cast, record_id: UUID) -> Any:
    return records.open_record(cast.alice, cast.alice_id, record_id)


def test_she_keeps_hers_and_is_not_asked_again(cast: Cast, beside: UUID) -> None:
    come(cast, "Severe asthma")
    assert opened(cast, beside).aside == 3

    settling.keep_mine(cast.alice, beside, version=4)

    assert (opened(cast, beside).aside, only(cast).version) == (0, 4)
    assert versions.compare(cast.alice, beside, 3).open is False
    come(cast, "Severe asthma")
    assert opened(cast, beside).aside == 0
    come(cast, "Mild asthma")
    assert (opened(cast, beside).aside, title(cast)) == (5, "Hay fever")
    with pytest.raises(Refused):
        settling.keep_mine(cast.alice, beside, version=4)


def test_she_takes_theirs_which_goes_again_with_the_import(cast: Cast, beside: UUID) -> None:
    upload_id = come(cast, "Severe asthma")

    settling.take_theirs(cast.alice, beside, version=4)

    page = opened(cast, beside)
    assert (title(cast), page.version, page.aside, page.by_hand) == ("Severe asthma", 5, 0, "")
    assert [source.taken for source in page.sources][-1]
    come(cast, "Severe asthma, better")
    assert title(cast) == "Severe asthma, better"

    with acting_as(cast.alice):
        undoing.hide_import(cast.alice, upload_id)
    undoing.purge_import(IMPORTER, cast.alice_id, upload_id)
    assert title(cast) == "Severe asthma, better"
    assert {past.version for past in opened(cast, beside).versions} == {1, 2, 4}


def test_undone_it_is_hers_again(cast: Cast, beside: UUID) -> None:
    upload_id = come(cast, "Severe asthma")
    settling.take_theirs(cast.alice, beside, version=4)

    with acting_as(cast.alice):
        undoing.hide_import(cast.alice, upload_id)
    undoing.purge_import(IMPORTER, cast.alice_id, upload_id)

    page = opened(cast, beside)
    assert (title(cast), page.aside, page.by_hand) == ("Hay fever", 0, "Corrected")


def test_the_page_asks_and_only_her(cast: Cast, beside: UUID) -> None:
    come(cast, "Severe asthma")
    cast.share()
    alice, address = sign_in("alice@example.org"), f"/records/{beside}/settle/"
    asked = text(alice.get(f"/records/{beside}/versions/3/"))
    assert "Keep what I wrote" in asked
    assert "Which is right?" not in text(alice.get(f"/records/{beside}/versions/1/"))

    answer = {"stand": "theirs", "version": "4"}
    assert sign_in("bob@example.org").post(address, answer).status_code == 404
    with pytest.raises(Denied):
        settling.take_theirs(cast.bob, beside, version=4)
    assert "was changed meanwhile" in text(
        alice.post(address, {"stand": "theirs", "version": "3"}, follow=True)
    )
    page = text(alice.post(address, answer, follow=True))
    assert "The item now says what the file says" in page
    assert "when you took over what a file says" in page
    said = [line.what for line in looks.log(cast.alice, others=False).lines]
    assert "took over what a file says, in place of what she wrote" in said


def paper(words: str) -> bytes:
    """A result as a message with the laboratory's report in it."""
    return message(MSH, PID, OBR, OBX, file(pdf(words)))


def papers(cast: Cast) -> Record:
    with acting_as(cast.alice):
        return Record.objects.get(resource_type="DocumentReference", hidden_at=None)


def kept(cast: Cast, record_id: UUID) -> list[bytes]:
    """What the files say that an item has."""
    return [content(cast.alice, cast, record_id, one.pk) for one in opened(cast, record_id).files]


def content(actor: Actor, cast: Cast, record_id: UUID, binary_id: UUID) -> bytes:
    got = files.open_file(actor, cast.alice_id, record_id, binary_id, copy=True)
    return b"".join(got.pieces)


def test_the_files_that_came_with_theirs_are_taken_with_it(cast: Cast) -> None:
    put_in(cast.alice, paper("Ferritin low"), "a.hl7")
    row = papers(cast)
    named = {"description": {"description": "From my clinic"}}
    entries.correct(cast.alice, row.pk, named, reason="", version=1)
    cast.share()
    (before,) = kept(cast, row.pk)

    upload_id = UUID(str(put_in(cast.alice, paper("Ferritin normal"), "b.hl7").upload.pk))

    assert kept(cast, row.pk) == [before]
    page = text(sign_in("alice@example.org").get(f"/records/{row.pk}/versions/3/"))
    assert "What came with the file" in page
    (theirs,) = versions.compare(cast.alice, row.pk, 3).files
    said = content(cast.alice, cast, row.pk, theirs.pk)
    assert said == pdf("Ferritin normal")
    with pytest.raises(Denied):
        content(cast.bob, cast, row.pk, theirs.pk)
    with acting_as(cast.bob):
        assert not RecordFile.objects.filter(binary=theirs.pk).exists()
        assert not Binary.objects.filter(pk=theirs.pk).exists()

    settling.take_theirs(cast.alice, row.pk, version=4)

    assert set(kept(cast, row.pk)) == {before, said}
    assert content(cast.bob, cast, row.pk, theirs.pk) == said
    sources = [each.upload and each.upload.pk for each in opened(cast, row.pk).sources]
    assert (sources[0] != upload_id, sources[-1]) == (True, upload_id)
    with acting_as(cast.alice):
        undoing.hide_import(cast.alice, upload_id)
    undoing.purge_import(IMPORTER, cast.alice_id, upload_id)
    assert kept(cast, row.pk) == [before]


def test_the_files_of_what_she_did_not_take_stay_hers_alone(cast: Cast) -> None:
    put_in(cast.alice, paper("Ferritin low"), "a.hl7")
    row = papers(cast)
    named = {"description": {"description": "From my clinic"}}
    entries.correct(cast.alice, row.pk, named, reason="", version=1)
    put_in(cast.alice, paper("Ferritin normal"), "b.hl7")

    settling.keep_mine(cast.alice, row.pk, version=4)

    assert len(kept(cast, row.pk)) == 1
    (theirs,) = versions.compare(cast.alice, row.pk, 3).files
    with acting_as(IMPORTER, about=cast.alice_id):
        Binary.objects.update(created_at=timezone.now() - timedelta(days=9))
    uploads.clear_leftovers(PURGER)
    assert content(cast.alice, cast, row.pk, theirs.pk) == pdf("Ferritin normal")


def test_an_archive_brings_them_back_as_they_were_and_a_part_of_it_has_none(cast: Cast) -> None:
    put_in(cast.alice, paper("Ferritin low"), "a.hl7")
    row = papers(cast)
    named = {"description": {"description": "From my clinic"}}
    entries.correct(cast.alice, row.pk, named, reason="", version=1)
    put_in(cast.alice, paper("Ferritin normal"), "b.hl7")

    put_in(cast.carol, archive_of(cast.alice_id).data, "all.zip")

    with acting_as(cast.carol):
        back = Record.objects.get(resource_type="DocumentReference", hidden_at=None)
    page = records.open_record(cast.carol, cast.carol_id, back.pk)
    assert ([each.use for each in page.files], page.aside) == (["part"], 3)
    (theirs,) = versions.compare(cast.carol, back.pk, 3).files
    settling.take_theirs(cast.carol, back.pk, version=4)
    page = records.open_record(cast.carol, cast.carol_id, back.pk)
    assert theirs.pk in [each.pk for each in page.files]
    assert len(page.files) == 2

    part = Choice(categories=tuple(Category))
    lines = Archive(taken(cast.alice, made(cast.alice, part))).lines("files.ndjson")
    assert [each["use"] for each in lines if each["record"] == str(row.pk)] == ["part"]
