"""What came inside an archive is a file of its item: whole, encrypted, hers to take away and delete."""

from pathlib import Path

import pytest
from django.core.files.storage import storages
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.acting import acting_as
from phr import storage
from phr.models import Binary, Record, Upload
from phr.services import files, imports, records, removal, uploads
from tests.cast import IMPORTER, PURGER, Cast, hand_in, put_in
from tests.doors import sign_in, text
from tests.phr.formats.test_ccda_unstructured import wrapping
from tests.phr.formats.test_hl7v2 import MSH, OBR, OBX, PID, file, message
from tests.phr.formats.test_zip_files import cd, image
from tests.raw import as_owner, open_walls
from tests.worlds.archive import archive_of
from tests.worlds.files import packed, pdf

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]


def one(cast: Cast, kind: str) -> Record:
    with acting_as(IMPORTER, about=cast.alice_id):
        return Record.objects.get(patient_id=cast.alice_id, resource_type=kind, hidden_at=None)


def copied(cast: Cast, row: Record) -> list[bytes]:
    """The bytes of each of its files that came inside another."""
    opened = records.open_record(cast.alice, cast.alice_id, row.pk)
    return [
        b"".join(files.open_file(cast.alice, cast.alice_id, row.pk, each.pk, copy=True).pieces)
        for each in opened.parts
    ]


def stored(name: str) -> bytes:
    return Path(storages["files"].path(name)).read_bytes()


def test_the_file_in_a_clinical_document_is_a_file_of_its_item(cast: Cast) -> None:
    told = put_in(cast.alice, wrapping(pdf("Okapi"), "application/pdf"), "letter.xml")
    letter = one(cast, "DocumentReference")

    assert (told.state, told.upload.skipped) == ("finished", 0)
    assert copied(cast, letter) == [pdf("Okapi")]
    found = records.timeline(cast.alice, cast.alice_id, text="okapi")
    assert [item.id for item in found.items] == [letter.pk]


def test_a_disc_is_one_scan_and_a_letter(cast: Cast) -> None:
    before = {*storage.names()}
    upload_id = hand_in(cast.alice, cd(), "disc.zip")
    imports.import_upload(IMPORTER, upload_id)
    outlook = uploads.upload(cast.alice, upload_id).outlook
    assert outlook
    assert outlook.counts == {"DocumentReference": 1, "ImagingStudy": 1}
    # Looking through it keeps nothing.
    assert len({*storage.names()} - before) == 1

    told = put_in(cast.alice, cd(), "disc.zip")
    scan, letter = one(cast, "ImagingStudy"), one(cast, "DocumentReference")
    opened = records.open_record(cast.alice, cast.alice_id, scan.pk)

    assert (told.state, told.upload.imported, told.upload.skipped) == ("finished", 2, 4)
    assert set(copied(cast, scan)) == {image(n, series) for series in "23" for n in range(3)}
    assert [file.use for file in opened.files] == ["picture"] * 6 + ["part"] * 6
    assert scan.version == 1
    assert copied(cast, letter) == [pdf("Shadow")]
    found = records.timeline(cast.alice, cast.alice_id, text="shadow")
    assert [item.id for item in found.items] == [letter.pk]
    assert not any(b"Shadow" in stored(name) for name in {*storage.names()} - before)
    page = sign_in("alice@example.org")
    assert "Download the 6 files of this item" in text(page.get(f"/records/{scan.pk}/"))
    assert "Download the file of this item" in text(page.get(f"/records/{letter.pk}/"))
    away = archive_of(cast.alice_id)
    joined = [line["path"] for line in away.lines("files.ndjson") if line["use"] == "part"]
    assert len(joined) == 7
    assert pdf("Shadow") in {away.zip.read(path) for path in joined}


def test_a_report_in_a_laboratory_message_is_a_file_of_its_document(cast: Cast) -> None:
    told = put_in(cast.alice, message(MSH, PID, OBR, OBX, file(pdf("Ferritin"))), "a.hl7")

    letter = one(cast, "DocumentReference")
    assert (told.state, told.upload.imported, told.upload.skipped) == ("finished", 4, 0)
    assert copied(cast, letter) == [pdf("Ferritin")]
    found = records.timeline(cast.alice, cast.alice_id, text="ferritin")
    assert [item.id for item in found.items] == [letter.pk]

    gone = message(MSH, PID, OBR, OBX, file(pdf("Ferritin"), status="D"))
    assert put_in(cast.alice, gone, "b.hl7").upload.updated == 1
    assert records.timeline(cast.alice, cast.alice_id, text="ferritin").items == []


def test_more_of_a_scan_and_the_same_again(cast: Cast) -> None:
    put_in(cast.alice, image(1), "one.dcm")
    some = packed(("1", image(1)), ("2", image(2)), ("3", image(3)))
    assert put_in(cast.alice, some, "a.zip").upload.updated == 1
    again = put_in(cast.alice, packed(("2", image(2)), ("1", image(1))), "b.zip")

    assert (again.upload.imported, again.upload.updated, again.upload.duplicates) == (0, 0, 1)
    row = one(cast, "ImagingStudy")
    opened = records.open_record(cast.alice, cast.alice_id, row.pk)
    assert (row.version, opened.resource["numberOfInstances"]) == (2, 3)
    assert {image(2), image(3)} <= set(copied(cast, row))


def test_who_writes_a_file_holds_its_upload_first(cast: Cast) -> None:
    """As who takes the upload back does: held the other way round, each would wait for the other."""
    upload_id = hand_in(cast.alice, pdf(), "l.pdf")
    with acting_as(cast.alice), CaptureQueriesContext(connection) as said:
        uploads.hold_file(Upload.objects.get(pk=upload_id))

    held = [one["sql"].rpartition(" OF ")[2] for one in said if "FOR UPDATE" in one["sql"]]
    assert held == ['"phr_upload"', '"phr_binary"']


def test_what_an_import_is_still_at_work_on_is_left_alone(cast: Cast) -> None:
    for _ in range(2):
        put_in(cast.alice, packed(("l.pdf", pdf())), "a.zip")
    open_walls()
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("UPDATE phr_binary SET created_at = now() - interval '2 hours'")
        cursor.execute("UPDATE phr_upload SET lease_until = now() + interval '1 minute'")

    assert uploads.clear_leftovers(IMPORTER) == 0


def test_what_belongs_to_nothing_goes_and_an_item_takes_its_files_with_it(cast: Cast) -> None:
    """The second time the file joins no item, like those of a worker that was killed."""
    before = {*storage.names()}
    for _ in range(2):
        put_in(cast.alice, packed(("l.pdf", pdf())), "a.zip")
    row = one(cast, "DocumentReference")
    open_walls()
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("UPDATE phr_binary SET created_at = now() - interval '2 hours'")
    with acting_as(IMPORTER, about=cast.alice_id):
        assert Binary.objects.filter(use=Binary.Use.PART).count() == 2

    assert uploads.clear_leftovers(IMPORTER) == 1
    assert copied(cast, row) == [pdf()]

    removal.hide_record(cast.alice, row.pk)
    removal.purge_record(PURGER, cast.alice_id, row.pk)
    assert {*storage.names()} == before
