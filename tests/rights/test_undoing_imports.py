"""Undoing a whole import: what came with one file alone goes, everything else stays as it was."""

import json
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.acting import acting_as
from accounts.actors import Actor, Denied, System
from phr import storage
from phr.models import Binary, Provenance, Record, RecordFile, RecordVersion, Tag, Upload
from phr.services import entries, files, imports, looks, marks, records, undoing, uploads
from phr.sources import sources_of
from rights import replay, saga
from rights.models import Erasure, Hold
from rights.services import erasures, holds, restriction
from rights.steps import steps_of
from sharing.labels import Sensitivity
from sharing.policy import Restricted
from tests.cast import IMPORTER, PURGER, Cast, hand_in, put_in, receive
from tests.worlds.files import ct_slice, dicom, packed, pdf
from tests.worlds.held import HOLDER, hold, una

pytestmark = [
    pytest.mark.usefixtures("static_files"),
    pytest.mark.django_db(databases=["default", "vault"]),
]
Json = dict[str, Any]


@pytest.fixture(autouse=True)
def keys_between_tables_are_looked_at_once() -> None:
    """As at each commit: this test's transaction never comes to one."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def condition(name: str, text: str, *, at: str = "2026-01-01") -> Json:
    return {
        "resourceType": "Condition",
        "id": name,
        "meta": {"lastUpdated": f"{at}T00:00:00Z"},
        "identifier": [{"system": "urn:a", "value": name}],
        "subject": {"display": "Alice"},
        "code": {"text": text},
    }


def bundle(*resources: Json) -> bytes:
    entry = [{"resource": one} for one in resources]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entry}).encode()


def shown(cast: Cast, actor: Actor | None = None) -> list[str]:
    found = records.timeline(actor or cast.alice, cast.alice_id).items
    return sorted(item.title for item in found)


def named(cast: Cast, title: str) -> UUID:
    items = records.timeline(cast.alice, cast.alice_id).items
    return next(item.id for item in items if item.title == title)


def carry_out(reference: str) -> Erasure:
    with acting_as(PURGER):
        pk = Erasure.objects.get(reference=reference).pk
    saga.carry_on(PURGER, pk)
    with acting_as(PURGER):
        return Erasure.objects.get(pk=pk)


def left(cast: Cast, upload_id: UUID) -> list[int]:
    with acting_as(PURGER, about=cast.alice_id):
        return [
            Provenance.objects.filter(upload_id=upload_id).count(),
            RecordFile.objects.filter(upload_id=upload_id).count(),
            Upload.objects.filter(pk=upload_id).count(),
        ]


@pytest.fixture
def two(cast: Cast) -> tuple[UUID, UUID]:
    """A first file; then one that adds, changes, repeats, and tells of something in an older form."""
    first = put_in(
        cast.alice,
        bundle(
            condition("a", "Asthma"),
            condition("b", "Bunion"),
            condition("c", "Cough"),
            condition("d", "Dizziness", at="2026-03-01"),
        ),
    )
    second = put_in(
        cast.alice,
        bundle(
            condition("a", "Asthma"),
            condition("b", "Bunions, both feet", at="2026-02-01"),
            condition("d", "Dizzy", at="2026-01-01"),
            condition("e", "Eczema"),
            condition("f", "Fever"),
        ),
    )
    return first.upload.pk, second.upload.pk


def test_it_says_first_what_would_happen(cast: Cast, two: tuple[UUID, UUID]) -> None:
    marks.tag(cast.alice, named(cast, "Eczema"), name="skin")

    found = undoing.foresee(cast.alice, two[1])

    assert (found.goes, found.sorted, found.back, found.corrected, found.stay) == (2, 1, 1, 0, 2)


def test_what_came_with_it_alone_is_hidden_from_everyone_at_once(
    cast: Cast, two: tuple[UUID, UUID]
) -> None:
    cast.share()
    erasures.undo_import(cast.alice, two[1])

    # The one that goes back to its earlier version comes with the worker.
    for actor in (cast.alice, cast.bob):
        assert shown(cast, actor) == ["Asthma", "Cough", "Dizziness"]
    assert [one.upload.pk for one in uploads.uploads(cast.alice)] == [two[0]]
    for look in (uploads.upload, uploads.original, undoing.foresee, erasures.undo_import):
        with pytest.raises(Denied):
            look(cast.alice, two[1])
    assert records.timeline(cast.alice, cast.alice_id, text="eczema").items == []
    with acting_as(cast.alice):
        sources = sources_of(Record.objects.get(pk=named(cast, "Asthma")))
    assert [one.upload.pk for one in sources if one.upload] == [two[0]]


def test_then_it_is_destroyed_and_everything_else_is_as_it_was(
    cast: Cast, two: tuple[UUID, UUID]
) -> None:
    marks.tag(cast.alice, named(cast, "Eczema"), name="skin")
    names = set(storage.names())
    erasure = carry_out(erasures.undo_import(cast.alice, two[1]))

    assert erasure.finished_at, erasure.steps
    assert set(erasure.steps) == {step.name for step in steps_of(erasure.scope)}
    assert shown(cast) == ["Asthma", "Bunion", "Cough", "Dizziness"]
    assert left(cast, two[1]) == [0, 0, 0]
    assert len(names - set(storage.names())) == 1
    with acting_as(PURGER, about=cast.alice_id):
        assert Record.objects.count() == 4
        assert not RecordVersion.objects.exists()
        assert not Tag.objects.exists()
        assert set(Record.objects.values_list("version", flat=True)) == {1}


def test_what_went_back_is_found_as_before_and_known_when_it_comes_again(
    cast: Cast, two: tuple[UUID, UUID]
) -> None:
    with acting_as(IMPORTER, about=cast.alice_id):
        before = Record.objects.filter(version=2).values_list("digest", "labels").get()
    carry_out(erasures.undo_import(cast.alice, two[1]))

    items = records.timeline(cast.alice, cast.alice_id, text="bunion").items
    assert [item.title for item in items] == ["Bunion"]
    assert records.timeline(cast.alice, cast.alice_id, text="feet").items == []
    again = put_in(cast.alice, bundle(condition("b", "Bunion"), condition("e", "Eczema")))
    assert (again.upload.imported, again.upload.duplicates) == (1, 1)
    with acting_as(IMPORTER, about=cast.alice_id):
        assert bytes(Record.objects.get(pk=named(cast, "Bunion")).digest) != bytes(before[0])


def test_the_first_of_two_files_leaves_what_the_second_gave(
    cast: Cast, two: tuple[UUID, UUID]
) -> None:
    found = undoing.foresee(cast.alice, two[0])
    carry_out(erasures.undo_import(cast.alice, two[0]))

    # The second file tells of dizziness in an older version, which was never kept.
    assert (found.goes, found.back, found.stay) == (2, 0, 2)
    assert shown(cast) == ["Asthma", "Bunions, both feet", "Eczema", "Fever"]
    with acting_as(PURGER, about=cast.alice_id):
        assert not RecordVersion.objects.exists()


def test_what_she_corrected_stays_as_she_corrected_it(cast: Cast, two: tuple[UUID, UUID]) -> None:
    entry = entries.entry(cast.alice, named(cast, "Eczema"))
    entries.correct(
        cast.alice, entry.id, {"code": {"code": {"text": "Dry skin"}}}, reason="", version=1
    )
    found = undoing.foresee(cast.alice, two[1])
    carry_out(erasures.undo_import(cast.alice, two[1]))

    assert (found.goes, found.corrected) == (1, 1)
    assert shown(cast) == ["Asthma", "Bunion", "Cough", "Dizziness", "Dry skin"]
    with acting_as(PURGER, about=cast.alice_id):
        assert not RecordVersion.objects.exists()


def test_a_label_she_gave_stays_one_from_the_file_goes(cast: Cast) -> None:
    put_in(cast.alice, bundle(condition("a", "Asthma"), condition("b", "Bunion")))
    labels = _labels(cast)
    later = [condition(name, f"{name} again", at="2026-02-01") for name in "ab"]
    for one in later:
        one["code"]["coding"] = [{"system": "http://snomed.info/sct", "code": "86406008"}]
    second = put_in(cast.alice, bundle(*later))
    assert _labels(cast)["B again"] != labels["Bunion"]
    records.classify(cast.alice, named(cast, "B again"), labels=[Sensitivity.PSY])
    hers = _labels(cast)
    carry_out(erasures.undo_import(cast.alice, second.upload.pk))

    now = _labels(cast)
    assert now["Asthma"] == labels["Asthma"]
    assert now["Bunion"] == hers["B again"]


def _labels(cast: Cast) -> dict[str, list[int]]:
    items = records.timeline(cast.alice, cast.alice_id).items
    with acting_as(IMPORTER, about=cast.alice_id):
        found = dict(Record.objects.values_list("pk", "labels"))
    return {item.title: found[item.id] for item in items}


def test_a_file_that_came_twice_is_kept_once(cast: Cast) -> None:
    letter = pdf("A letter")
    first = put_in(cast.alice, letter, "letter.pdf")
    second = put_in(cast.alice, letter, "letter again.pdf")
    carry_out(erasures.undo_import(cast.alice, first.upload.pk))

    with acting_as(PURGER, about=cast.alice_id):
        [row] = Record.objects.all()
        original = Upload.objects.get(pk=second.upload.pk).original_id
        assert RecordFile.objects.get(record=row, binary__use="original").binary_id == original
        assert row.hidden_at is None


def letters(cast: Cast) -> list[bytes]:
    """The file of each item."""
    found = []
    for item in records.timeline(cast.alice, cast.alice_id).items:
        for each in records.open_record(cast.alice, cast.alice_id, item.id).files:
            opened = files.open_file(cast.alice, cast.alice_id, item.id, each.pk, copy=True)
            found.append(b"".join(opened.pieces))
    return found


def test_a_letter_that_came_in_several_files_keeps_one(cast: Cast) -> None:
    letter, other = pdf("Shadow on the lung"), bundle(condition("a", "Asthma"))
    jan = put_in(cast.alice, packed(("letter.pdf", letter), ("a.json", other)), "jan.zip")
    put_in(cast.alice, packed(("letter.pdf", letter)), "feb.zip")
    alone = put_in(cast.alice, letter, "letter.pdf")
    assert (jan.upload.imported, alone.upload.duplicates) == (2, 1)

    for upload_id in (jan.upload.pk, alone.upload.pk):
        carry_out(erasures.undo_import(cast.alice, upload_id))
        assert letters(cast) == [letter]


def test_a_letter_stays_that_came_in_an_archive_as_well(cast: Cast) -> None:
    letter = pdf("Shadow on the lung")
    alone = put_in(cast.alice, letter, "letter.pdf")
    put_in(cast.alice, packed(("letter.pdf", letter)), "feb.zip")

    carry_out(erasures.undo_import(cast.alice, alone.upload.pk))

    assert letters(cast) == [letter]
    with acting_as(IMPORTER, about=cast.alice_id):
        assert not Upload.objects.filter(pk=alone.upload.pk).exists()


def test_pictures_go_with_the_slice_they_were_made_from(cast: Cast) -> None:
    put_in(cast.alice, dicom(ct_slice()), "one.dcm")
    names = set(storage.names())
    other = ct_slice(SOPInstanceUID="1.2.826.0.1.3680043.8.498.1.2.2", InstanceNumber=18)
    other.file_meta.MediaStorageSOPInstanceUID = other.SOPInstanceUID
    second = put_in(cast.alice, dicom(other), "two.dcm")
    assert second.upload.updated == 1

    carry_out(erasures.undo_import(cast.alice, second.upload.pk))

    assert set(storage.names()) == names
    with acting_as(PURGER, about=cast.alice_id):
        assert Record.objects.get().version == 1
        assert set(Binary.objects.values_list("name", flat=True)) <= names


def test_other_imports_wait_until_it_is_done(cast: Cast, two: tuple[UUID, UUID]) -> None:
    waiting = receive(cast.alice, bundle(condition("b", "Bunion"), condition("g", "Gout")))
    reference = erasures.undo_import(cast.alice, two[1])

    assert not imports.import_upload(IMPORTER, waiting)
    carry_out(reference)

    assert imports.import_upload(IMPORTER, waiting)
    assert shown(cast) == ["Asthma", "Bunion", "Cough", "Dizziness", "Gout"]


def test_a_restored_backup_does_not_bring_it_back(cast: Cast, two: tuple[UUID, UUID]) -> None:
    with acting_as(IMPORTER, about=cast.alice_id):
        before: list[dict[str, Any]] = [dict(row) for row in Record.objects.values()]
    reference = erasures.undo_import(cast.alice, two[1])
    with acting_as(PURGER, about=cast.alice_id):
        # As the backup has it.
        Erasure.objects.all().delete()
        Upload.objects.filter(pk=two[1]).update(undone_at=None)
        for row in before:
            Record.objects.filter(pk=row.pop("id")).update(**row)
    assert len(shown(cast)) == 6

    assert replay.replay(Actor.job(System.RECONCILE)) == 1

    assert shown(cast) == ["Asthma", "Cough", "Dizziness"]
    assert carry_out(reference).finished_at
    assert shown(cast) == ["Asthma", "Bunion", "Cough", "Dizziness"]


def test_a_restored_backup_from_before_it_was_added_loses_the_file(cast: Cast) -> None:
    names = set(storage.names())
    done = put_in(cast.alice, bundle(condition("a", "Asthma")))
    erasures.undo_import(cast.alice, done.upload.pk)
    with acting_as(PURGER, about=cast.alice_id):
        Erasure.objects.all().delete()
        Provenance.objects.all().delete()
        Record.objects.all().delete()
        Upload.objects.update(undone_at=None, finished_at=None, confirmed_at=None)

    replay.replay(Actor.job(System.RECONCILE))

    assert uploads.uploads(cast.alice) == []
    assert set(storage.names()) == names


def test_the_log_the_list_and_the_certificates_say_so(
    cast: Cast, two: tuple[UUID, UUID], client: Client
) -> None:
    reference = erasures.undo_import(cast.alice, two[1])
    assert [row.category for row in erasures.own(cast.alice)] == ["An import, with 2 items"]
    carry_out(reference)

    followed = erasures.follow(Actor(), reference)
    assert [one.facts["scope"] for one in followed.certificates] == ["what came with one file"] * 3
    assert followed.certificates[1].title == "Destroyed here"
    said = [line.what for line in looks.log(cast.alice).lines]
    assert "took back everything that came with a file alone" in said
    page = client.get(f"/rights/erasures/{reference}/").content.decode()
    assert "What came with the file alone is destroyed" in page


def test_only_her_own_and_only_what_was_added(cast: Cast, two: tuple[UUID, UUID]) -> None:
    waiting = hand_in(cast.alice, bundle(condition("z", "Zoster")))

    for actor, upload_id in ((cast.bob, two[1]), (cast.carol, two[1]), (cast.alice, waiting)):
        with pytest.raises(Denied):
            erasures.undo_import(actor, upload_id)
    assert len(shown(cast)) == 6


def test_a_held_item_is_set_apart_before_it_goes(cast: Cast, two: tuple[UUID, UUID]) -> None:
    colleague = una()
    with acting_as(IMPORTER, about=cast.alice_id):
        found = Record.objects.in_bulk([named(cast, "Eczema"), named(cast, "Cough")])
    going, _ = (hold(cast, colleague, found[named(cast, title)]) for title in ("Eczema", "Cough"))
    erasure = carry_out(erasures.undo_import(cast.alice, two[1]))

    assert erasure.finished_at, erasure.steps
    with acting_as(HOLDER):
        apart = Hold.objects.filter(rehomed_at__isnull=False)
        assert list(apart.values_list("pk", "erasure_id")) == [(going, erasure.pk)]
    assert len(holds.left_out(Actor(), erasure.reference)) == 1
    kept = erasures.follow(Actor(), erasure.reference).certificates[1].facts["kept"]
    assert [one["decided"] for one in kept] == ["before the request"]
    assert "Eczema" not in shown(cast)


def test_nothing_is_undone_while_the_record_rests(cast: Cast, two: tuple[UUID, UUID]) -> None:
    reference = erasures.undo_import(cast.alice, two[1])
    restriction.restrict(cast.sam, cast.alice_id)
    assert not carry_out(reference).purged_at
    with pytest.raises(Restricted):
        erasures.undo_import(cast.alice, two[0])

    restriction.lift(cast.sam, cast.alice_id)
    with acting_as(PURGER):
        Erasure.objects.filter(reference=reference).update(due_at=timezone.now())
    assert carry_out(reference).finished_at
    assert shown(cast) == ["Asthma", "Bunion", "Cough", "Dizziness"]
