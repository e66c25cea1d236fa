"""What a person took away comes back: the same record, out of the archive this portal wrote."""

import zipfile
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from uuid import UUID

import orjson
import pytest

from accounts.acting import acting_as
from accounts.actors import Actor
from phr.bodies import open_bytes
from phr.models import Binary, Provenance, Record, Upload
from phr.services import entries, files, marks, records, undoing, uploads
from phr.sources import sources_of
from phr.tags import marks_of
from sharing.labels import Sensitivity
from sharing.tokens import labels_of
from tests.cast import IMPORTER, Cast, put_in
from tests.phr.formats.test_zip_files import image
from tests.worlds.archive import Archive, archive_of
from tests.worlds.files import fhir, packed, pdf, picture

pytestmark = pytest.mark.django_db(databases=["default", "vault"])


def whole(actor: Actor, patient_id: UUID) -> list[dict[str, Any]]:
    """Everything a person can see of her items: what is in force, what was, and her own marks."""
    with acting_as(IMPORTER, about=patient_id):
        rows = list(Record.objects.filter(patient_id=patient_id, hidden_at=None))
        told = [_told(row) for row in rows]
    for row, each in zip(rows, told, strict=True):
        opened = records.open_record(actor, patient_id, row.pk)
        each["files"] = sorted(_files(actor, opened))
        # What it refers to is named in it.
        each["shown"] = opened.shown
    return sorted(told, key=lambda each: (each["body"], each["at"]))


def _told(row: Record) -> dict[str, Any]:
    mine = marks_of(row)
    return {
        "body": open_bytes(row.patient_id, row.pk, row.version, bytes(row.body_sealed)),
        "kind": (row.resource_type, row.category, row.version),
        "at": [_second(at) for at in (row.effective_at, row.created_at, row.updated_at)],
        "dated": row.dated,
        "labels": sorted(label.value for label in labels_of(row.patient_id, row.labels)),
        "tags": sorted(word.name for word in mine.tags),
        "marks": (mine.favourite, mine.never_shared),
        "past": [
            (past.version, _second(past.ended_at), open_bytes(
                row.patient_id, row.pk, past.version, bytes(past.body_sealed)))
            for past in row.versions.order_by("version")
        ],
        "sources": sorted(
            (each.version, each.reason, each.place, uploads.file_name(each.upload) if each.upload
             else "by hand")
            for each in sources_of(row)
            if not each.upload or not uploads.file_name(each.upload).endswith("all.zip")
        ),
    }  # fmt: skip


def _second(at: datetime) -> str:
    """An instant as exactly as an archive tells it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def _files(actor: Actor, opened: records.Opened) -> list[tuple[str, bytes]]:
    return [
        (each.use, b"".join(
            files.open_file(actor, opened.patient_id, opened.id, each.pk, copy=True).pieces))
        for each in opened.files
    ]  # fmt: skip


def originals(actor: Actor) -> list[tuple[str, bytes]]:
    found = [each for each in uploads.uploads(actor) if not each.file_name.endswith("all.zip")]
    return sorted(
        (each.file_name, b"".join(uploads.original(actor, each.upload.pk).pieces)) for each in found
    )


def live(cast: Cast) -> None:
    """A record with something of everything."""
    put_in(cast.alice, fhir("ips"), "ips.json")
    put_in(
        cast.alice, packed(("l.pdf", pdf("Shadow")), ("1", image(1)), ("2", image(2))), "disc.zip"
    )
    put_in(cast.alice, picture("PNG"), "photo.png")
    put_in(cast.alice, pdf("Thorax"), "thorax.pdf")
    put_in(cast.alice, fhir("observation"), "one.json")
    changed = orjson.loads(fhir("observation")) | {"status": "amended"}
    put_in(cast.alice, orjson.dumps(changed), "two.json")
    entry_id = entries.enter(
        cast.alice, {"resourceType": "Condition", "code": {"text": "Hay fever"}, **ABOUT}
    )
    entries.correct(
        cast.alice, entry_id, {"code": {"code": {"text": "Pollen allergy"}}},
        reason="The doctor called it so", version=1,
    )  # fmt: skip
    marks.tag(cast.alice, entry_id, name="Spring")
    marks.favour(cast.alice, entry_id, favourite=True)
    marks.keep_back(cast.alice, entry_id, never_shared=True)
    records.classify(cast.alice, entry_id, labels=[Sensitivity.PSY])


ABOUT = {"subject": {"display": "Alice"}}


def test_a_record_comes_back_as_it_was(cast: Cast) -> None:
    live(cast)
    before, sent = whole(cast.alice, cast.alice_id), originals(cast.alice)
    told = put_in(cast.carol, archive_of(cast.alice_id).data, "all.zip")

    assert (told.state, told.upload.skipped) == ("finished", 0), told.report
    after = whole(cast.carol, cast.carol_id)
    assert [each["body"] for each in after] == [each["body"] for each in before]
    for one, other in zip(after, before, strict=True):
        assert one == other
    assert originals(cast.carol) == sent
    for text, kind in (("thorax", "letter"), ("shadow", "letter"), ("pollen", "condition")):
        assert len(records.timeline(cast.carol, cast.carol_id, text=text).items) == 1, kind
    with acting_as(IMPORTER, about=cast.carol_id):
        loose = Binary.objects.filter(patient_id=cast.carol_id, upload=None, records=None)
        assert not loose.exists()

    # Once more, and nothing is there twice.
    again = put_in(cast.carol, archive_of(cast.alice_id).data, "all.zip")
    assert (again.state, again.upload.imported, again.upload.updated) == ("finished", 0, 0)
    assert [each["body"] for each in whole(cast.carol, cast.carol_id)] == [
        each["body"] for each in before
    ]


def again(found: Archive, path: str, data: bytes | None, *, more: str = "") -> bytes:
    """The archive with one file changed, taken out (None) or added."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        for name in found.names:
            if name != path or data is not None:
                target.writestr(name, data if name == path and data else found.zip.read(name))
        if more:
            target.writestr(more, b"{}")
    return out.getvalue()


def test_an_archive_that_was_changed_is_refused(cast: Cast) -> None:
    put_in(cast.alice, fhir("observation"), "one.json")
    found = archive_of(cast.alice_id)
    items = found.zip.read("items.ndjson")
    tried = {
        "items.ndjson is not what it was": again(found, "items.ndjson", items + b" "),
        "links.ndjson is missing": again(found, "links.ndjson", None),
        "more.json was added": again(found, "", b"", more="more.json"),
    }
    for said, data in tried.items():
        told = put_in(cast.carol, data, "all.zip")
        assert told.state == "failed"
        assert said in told.report.problem
    with acting_as(IMPORTER, about=cast.carol_id):
        assert not Record.objects.filter(patient_id=cast.carol_id).exists()


def test_taking_an_archive_back_takes_all_that_came_with_it(cast: Cast) -> None:
    put_in(cast.alice, fhir("observation"), "one.json")
    put_in(cast.alice, packed(("l.pdf", pdf())), "letter.zip")
    told = put_in(cast.carol, archive_of(cast.alice_id).data, "all.zip")
    assert undoing.foresee(cast.carol, told.upload.pk).goes == 2
    with acting_as(cast.carol):
        undoing.hide_import(cast.carol, told.upload.pk)
    undoing.purge_import(IMPORTER, cast.carol_id, told.upload.pk)

    with acting_as(IMPORTER, about=cast.carol_id):
        for model in (Record, Upload, Binary, Provenance):
            assert not model.objects.filter(patient_id=cast.carol_id).exists(), model
    assert len(whole(cast.alice, cast.alice_id)) == 2
