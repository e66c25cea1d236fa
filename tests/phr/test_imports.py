"""What becomes of a file: new, known, changed, refused; and what an import never does."""

import json
from typing import Any

import pytest

from accounts.acting import acting_as
from phr import integrity, storage
from phr.models import Binary, Record, RecordFile, Upload
from phr.services import imports, looks, records, removal, uploads, versions
from rights import saga
from rights.services import erasures as rights
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.scopes import Scope
from tests.cast import IMPORTER, PURGER, Cast, put_in, receive
from tests.worlds.files import ct_slice, dicom, pdf, picture

pytestmark = pytest.mark.django_db(databases=["default", "vault"])


def condition(text: str, *, updated: str = "", **more: Any) -> bytes:
    """One Condition that a source names `A1`."""
    resource = {
        "resourceType": "Condition",
        "identifier": [{"system": "http://example.org/conditions", "value": "A1"}],
        "subject": {"display": "Alice"},
        "code": {"coding": [{"system": "http://example.org", "code": "x"}], "text": text},
        **more,
    }
    if updated:
        resource["meta"] = {"lastUpdated": updated}
    return json.dumps(resource).encode()


def only(cast: Cast) -> Record:
    with acting_as(cast.alice):
        return Record.objects.get(hidden_at=None)


def titles(cast: Cast) -> list[str]:
    return [item.title for item in records.timeline(cast.alice, cast.alice_id).items]


def test_other_content_of_the_same_item_becomes_a_version(cast: Cast) -> None:
    put_in(cast.alice, condition("Mild asthma"))

    again = put_in(cast.alice, condition("Severe asthma"))

    assert (again.upload.imported, again.upload.updated) == (0, 1)
    assert titles(cast) == ["Severe asthma"]
    opened = records.open_record(cast.alice, cast.alice_id, only(cast).pk)
    assert [past.version for past in opened.versions] == [1]
    assert len(opened.sources) == 2
    compared = versions.compare(cast.alice, only(cast).pk, 1)
    assert compared.title == "Mild asthma"


def test_an_older_state_of_an_item_does_not_replace_a_newer_one(cast: Cast) -> None:
    put_in(cast.alice, condition("Severe asthma", updated="2026-02-01T00:00:00Z"))

    again = put_in(cast.alice, condition("Mild asthma", updated="2026-01-01T00:00:00Z"))

    assert (again.upload.updated, again.upload.duplicates) == (0, 1)
    assert titles(cast) == ["Severe asthma"]


def test_a_label_the_patient_gave_stays_with_a_new_version(cast: Cast) -> None:
    put_in(cast.alice, condition("Mild asthma"))
    records.classify(cast.alice, only(cast).pk, labels=[Sensitivity.PSY])

    put_in(cast.alice, condition("Severe asthma"))

    opened = records.open_record(cast.alice, cast.alice_id, only(cast).pk)
    assert Sensitivity.PSY in opened.labels


def test_the_same_item_twice_in_one_file_is_kept_once(cast: Cast) -> None:
    entries = [
        {"fullUrl": "http://example.org/Condition/1", "resource": json.loads(condition("Asthma"))},
        {"fullUrl": "http://example.org/Condition/1", "resource": json.loads(condition("Asthma"))},
    ]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}

    followed = put_in(cast.alice, json.dumps(bundle).encode())

    assert (followed.upload.imported, followed.upload.duplicates) == (1, 1)


def test_another_image_of_a_study_joins_it(cast: Cast) -> None:
    put_in(cast.alice, dicom(ct_slice()), "one.dcm")
    other = ct_slice(SOPInstanceUID="1.2.826.0.1.3680043.8.498.1.2.2")
    other.file_meta.MediaStorageSOPInstanceUID = other.SOPInstanceUID

    again = put_in(cast.alice, dicom(other), "two.dcm")

    assert (again.upload.imported, again.upload.updated) == (0, 1)
    opened = records.open_record(cast.alice, cast.alice_id, only(cast).pk)
    assert len([one for one in opened.files if one.use == Binary.Use.ORIGINAL]) == 2
    assert len([one for one in opened.files if one.use == Binary.Use.PICTURE]) == 2


def test_the_same_picture_again_is_recognised(cast: Cast) -> None:
    put_in(cast.alice, picture("PNG"), "card.png")

    again = put_in(cast.alice, picture("PNG"), "card copy.png")

    assert (again.upload.imported, again.upload.duplicates) == (0, 1)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b'{"resourceType": "Observation", "code": {"text": "x"}}', "no-status.json"),
        (b"MZ not a health file", "program.exe"),
        (picture("PNG")[:60], "cut.png"),
    ],
)
def test_a_refused_file_leaves_nothing_but_its_sentence(cast: Cast, data: bytes, name: str) -> None:
    followed = put_in(cast.alice, data, name)

    assert followed.state == "failed"
    assert followed.report.problem.endswith(".")
    with acting_as(cast.alice):
        assert not Record.objects.exists()
        assert storage.exists(Upload.objects.get().original.name)  # type: ignore[union-attr]

    uploads.dismiss(cast.alice, followed.upload.pk)

    with acting_as(cast.alice):
        assert not Upload.objects.exists()
        assert not Binary.objects.exists()


def test_a_file_is_read_by_one_worker_at_a_time(cast: Cast) -> None:
    upload_id = receive(cast.alice, pdf(), "letter.pdf")
    assert imports._claim(IMPORTER, upload_id)

    assert imports.import_upload(IMPORTER, upload_id) is False


def test_a_file_that_always_breaks_is_given_up(cast: Cast) -> None:
    upload_id = receive(cast.alice, pdf(), "letter.pdf")
    with acting_as(IMPORTER):
        Upload.objects.filter(pk=upload_id).update(attempts=imports.MOST_ATTEMPTS)

    imports.import_upload(IMPORTER, upload_id)

    assert uploads.upload(cast.alice, upload_id).report.problem == imports.GAVE_UP


def test_a_deleted_record_is_gone_with_its_files(cast: Cast) -> None:
    put_in(cast.alice, picture("PNG"), "a telling name.png")
    row = only(cast)
    with acting_as(cast.alice):
        names = [one.binary.name for one in RecordFile.objects.select_related("binary")]
    assert len(names) == 2

    rights.erase_record(cast.alice, row.pk)
    assert titles(cast) == []
    assert saga.carry_on_due(PURGER) == 1

    assert not any(storage.exists(name) for name in names)
    with acting_as(IMPORTER, about=cast.alice_id):
        assert not Record.objects.exists()
        assert not Binary.objects.exists()
        assert not Upload.objects.exists()
    assert not set(names) & set(integrity.check(PURGER).files_without_row)
    removal.purge_record(PURGER, cast.alice_id, row.pk)


def test_the_rest_of_a_file_stays_when_one_of_its_records_goes(cast: Cast) -> None:
    entries = [{"resource": json.loads(condition("Asthma"))}, {"resource": json.loads(
        condition("Gout", identifier=[{"system": "http://example.org/conditions", "value": "A2"}])
    )}]  # fmt: skip
    put_in(
        cast.alice,
        json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode(),
    )
    page = records.timeline(cast.alice, cast.alice_id)
    asthma = next(item.id for item in page.items if item.title == "Asthma")
    assert removal.companions(cast.alice, asthma) == 1

    rights.erase_record(cast.alice, asthma)
    saga.carry_on_due(PURGER)

    assert titles(cast) == ["Gout"]
    with acting_as(cast.alice):
        assert Upload.objects.get().original is None


def test_search_finds_words_without_accents_by_their_beginning(cast: Cast) -> None:
    put_in(cast.alice, condition("Ménière disease of the left ear"))

    for text, count in {"meni": 1, "MENIERE": 1, "left ear": 1, "right": 0, "éar": 1}.items():
        found = records.timeline(cast.alice, cast.alice_id, text=text).items
        assert len(found) == count, text


def test_words_of_an_earlier_version_find_nothing(cast: Cast) -> None:
    put_in(cast.alice, condition("Zebrafish allergy"))
    put_in(cast.alice, condition("Peanut allergy"))

    assert records.timeline(cast.alice, cast.alice_id, text="zebrafish").items == []
    assert len(records.timeline(cast.alice, cast.alice_id, text="peanut").items) == 1


def test_a_search_without_a_word_finds_nothing(cast: Cast) -> None:
    put_in(cast.alice, condition("Asthma"))

    assert records.timeline(cast.alice, cast.alice_id, text="!!!").items == []


def test_a_purge_leaves_what_other_patients_have(cast: Cast) -> None:
    entries = [{"resource": json.loads(condition("Asthma"))}, {"resource": json.loads(
        condition("Gout", identifier=[{"system": "http://example.org/conditions", "value": "A2"}])
    )}]  # fmt: skip
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    put_in(cast.alice, json.dumps(bundle).encode())
    put_in(cast.carol, condition("Hay fever"))
    asthma = next(
        item.id
        for item in records.timeline(cast.alice, cast.alice_id).items
        if item.title == "Asthma"
    )
    hay_fever = records.timeline(cast.carol, cast.carol_id).items[0].id

    rights.erase_record(cast.alice, asthma)
    rights.erase_record(cast.carol, hay_fever)
    assert saga.carry_on_due(PURGER) == 2

    opened = records.timeline(cast.alice, cast.alice_id).items[0]
    assert records.open_record(cast.alice, cast.alice_id, opened.id).sources


def test_a_damaged_file_is_told_and_does_not_hold_up_the_next(cast: Cast) -> None:
    lost = receive(cast.alice, pdf(), "letter.pdf")
    receive(cast.alice, picture("PNG"), "card.png")
    with acting_as(cast.alice):
        storage.destroy(Upload.objects.select_related("original").get(pk=lost).original.name)  # type: ignore[union-attr]

    assert imports.import_due(IMPORTER) == 2

    assert uploads.upload(cast.alice, lost).report.problem == imports.GONE
    assert len(records.timeline(cast.alice, cast.alice_id).items) == 1


def test_each_permission_s_receipt_lists_what_it_let_through(cast: Cast) -> None:
    put_in(cast.alice, condition("Asthma"))
    conditions = Scope((Category.CONDITIONS,), tuple(Sensitivity), may_copy=False, ends_at=None)
    others = Scope((Category.OTHER,), tuple(Sensitivity), may_copy=False, ends_at=None)
    beside, through = cast.share(others), cast.share(conditions)

    records.open_record(cast.bob, cast.alice_id, only(cast).pk)

    assert looks.receipt(cast.alice, beside).seen == []
    assert [one for one, _, _ in looks.receipt(cast.alice, through).seen] == [only(cast).pk]


def test_a_page_without_an_item_is_still_a_look(cast: Cast) -> None:
    cast.share()

    records.timeline(cast.bob, cast.alice_id)

    assert any(line.who == "Dr Bob Brown" for line in looks.log(cast.alice).lines)
