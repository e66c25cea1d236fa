"""One number for several things, in one file and across files: nothing takes another's place."""

import json
from typing import Any

import pytest

from accounts.acting import acting_as
from accounts.models import Patient
from phr.bodies import open_body
from phr.models import Record
from phr.services import records
from phr.services.uploads import Followed
from phr.updates import next_body
from sharing.labels import Sensitivity
from sharing.tokens import labels_of
from tests.cast import IMPORTER, Cast, put_in
from tests.worlds.files import ct_slice, dicom, packed

pytestmark = pytest.mark.django_db(databases=["default", "vault"])


def result(code: str, value: float, **more: Any) -> bytes:
    resource = {
        "resourceType": "Observation",
        "status": "final",
        "identifier": [{"system": "urn:lab:accession", "value": "ACC-1"}],
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "subject": {"display": "Alice"},
        "effectiveDateTime": "2024-03-02",
        "valueQuantity": {"value": value, "unit": "mmol/L"},
    }
    return json.dumps(resource | more).encode()


def kept(cast: Cast) -> list[tuple[float, int]]:
    """The values and the versions of what is in force."""
    with acting_as(IMPORTER, about=cast.alice_id):
        rows = Record.objects.filter(patient_id=cast.alice_id, resource_type="Observation")
        bodies = [open_body(r.patient_id, r.pk, r.version, bytes(r.body_sealed)) for r in rows]
        versions = [row.version for row in rows]
    values = (body["valueQuantity"]["value"] for body in bodies)
    return sorted(zip(values, versions, strict=True))


def counts(followed: Followed) -> tuple[int, int, int]:
    one = followed.upload
    return one.imported, one.updated, one.duplicates


GLUCOSE, SODIUM = result("2345-7", 5.1), result("2951-2", 140)
LATER = result("2345-7", 9.0, effectiveDateTime="2024-03-02T10:00:00Z")
CORRECTED = result("2345-7", 5.3, status="corrected")


@pytest.mark.parametrize("other", [SODIUM, LATER])
def test_another_result_of_the_same_order_is_another(cast: Cast, other: bytes) -> None:
    put_in(cast.alice, GLUCOSE)
    assert counts(put_in(cast.alice, other)) == (1, 0, 0)
    assert [version for _, version in kept(cast)] == [1, 1]


def test_the_same_result_corrected_is_a_new_version(cast: Cast) -> None:
    put_in(cast.alice, GLUCOSE)
    assert counts(put_in(cast.alice, CORRECTED)) == (0, 1, 0)
    assert kept(cast) == [(5.3, 2)]


def test_in_one_archive_the_versions_follow_one_another_and_nothing_is_lost(cast: Cast) -> None:
    files = [("a.json", GLUCOSE), ("b.json", SODIUM), ("c.json", CORRECTED)]
    first = put_in(cast.alice, packed(*files), "a.zip")
    assert counts(first) == (2, 1, 0), first.report
    assert kept(cast) == [(5.3, 2), (140, 1)]

    assert counts(put_in(cast.alice, packed(*files), "again.zip")) == (0, 0, 3)
    assert kept(cast) == [(5.3, 2), (140, 1)]


def test_a_scan_and_what_a_server_says_of_it_are_one(cast: Cast) -> None:
    scan = ct_slice()
    number = {"system": "urn:dicom:uid", "value": f"urn:oid:{scan.StudyInstanceUID}"}
    study = {
        "resourceType": "ImagingStudy",
        "status": "available",
        "identifier": [{"system": "http://example.org/orders", "value": "1"}, number],
        "subject": {"display": "Alice"},
        "started": "2024-03-02",
    }
    archive = packed(("IM1", dicom(scan)), ("study.json", json.dumps(study).encode()))

    for expected in (1, 0):
        assert put_in(cast.alice, archive, "scan.zip").upload.imported == expected
        with acting_as(IMPORTER, about=cast.alice_id):
            row = Record.objects.get(patient_id=cast.alice_id, resource_type="ImagingStudy")
            body = open_body(row.patient_id, row.pk, row.version, bytes(row.body_sealed))
            assert row.files.count() == 2
        assert len(body["series"]) == 1


@pytest.mark.parametrize(
    ("at", "newer"),
    [
        ("2024-01-01T19:00:00-05:00", True),
        ("2024-01-01T21:00:00+00:00", True),
        ("2024-01-01T20:00:00Z", True),
        ("2024-01-01T20:30:00+01:00", False),
    ],
)
def test_which_is_newer_is_asked_of_the_instants_and_the_later_file_wins(
    cast: Cast, at: str, newer: bool
) -> None:
    before = {"meta": {"lastUpdated": "2024-01-01T20:00:00+00:00"}}
    put_in(cast.alice, json.dumps(json.loads(GLUCOSE) | before).encode())
    after = put_in(cast.alice, result("2345-7", 5.3, meta={"lastUpdated": at}))
    assert after.upload.updated == newer

    study = {"resourceType": "ImagingStudy", "status": "available"}
    said = study | {"description": "Chest", "meta": {"lastUpdated": at}}
    assert (next_body(study | before, json.dumps(said).encode()) is not None) is newer


def sorted_as(cast: Cast) -> list[list[Sensitivity]]:
    with acting_as(IMPORTER, about=cast.alice_id):
        rows = Record.objects.filter(patient_id=cast.alice_id, resource_type="Observation")
        return [labels_of(row.patient_id, row.labels) for row in rows]


def test_a_label_that_comes_later_is_taken_over_and_her_own_order_stays(cast: Cast) -> None:
    mark = {"security": [{"system": "http://example.org", "code": "PSY"}]}
    put_in(cast.alice, GLUCOSE)
    assert sorted_as(cast) == [[Sensitivity.N]]
    put_in(cast.alice, result("2345-7", 5.1, meta=mark))
    assert sorted_as(cast) == [[Sensitivity.PSY]]

    depressed = result("44261-6", 12, identifier=[{"system": "urn:lab", "value": "Q"}])
    put_in(cast.alice, depressed)
    with acting_as(cast.alice):
        row = Record.objects.latest("created_at")
    records.classify(cast.alice, row.pk, labels=[Sensitivity.N])
    put_in(cast.alice, depressed)
    assert [Sensitivity.N] in sorted_as(cast)


def epoch(cast: Cast) -> int:
    with acting_as(cast.alice):
        return Patient.objects.get(pk=cast.alice_id).access_epoch


def test_what_a_file_makes_more_sensitive_calls_off_what_others_are_taking(cast: Cast) -> None:
    mark = {"security": [{"system": "http://example.org", "code": "PSY"}]}
    steps = [
        (GLUCOSE, False),
        (result("2345-7", 5.1, meta=mark), True),
        (result("2345-7", 5.1, meta=mark), False),
        (CORRECTED, False),
        (result("2345-7", 5.4, effectiveDateTime="2024-03-02", meta=mark), False),
        (SODIUM, False),
        (result("2951-2", 141, meta=mark), True),
    ]
    for file, moves in steps:
        before = epoch(cast)
        put_in(cast.alice, file)
        assert (epoch(cast) > before) is moves, file


def test_of_two_in_one_file_the_label_of_either_counts(cast: Cast) -> None:
    mark = {"security": [{"system": "http://example.org", "code": "PSY"}]}
    marked = result("2345-7", 5.1, meta=mark)
    put_in(cast.alice, packed(("a.json", GLUCOSE), ("b.json", marked)), "a.zip")
    assert sorted_as(cast) == [[Sensitivity.PSY]]


def test_a_scan_that_was_taken_back_says_so_and_no_image_brings_it_back() -> None:
    image = {"uid": "1.2.3.4", "sopClass": {"code": "urn:oid:1.2"}}
    series = [{"uid": "1.2.3", "modality": {"code": "CT"}, "instance": [image]}]
    study = {"resourceType": "ImagingStudy", "status": "available", "series": series}
    gone = {"resourceType": "ImagingStudy", "status": "entered-in-error", "description": "Wrong"}

    taken = next_body(dict(study), json.dumps(gone).encode())
    assert taken is not None
    assert json.loads(taken) == study | gone
    assert next_body(study | gone, json.dumps(study).encode()) is None
    assert next_body(study | gone, json.dumps(gone).encode()) is None
    assert next_body(dict(study), json.dumps(gone).encode(), images_only=True) is None
