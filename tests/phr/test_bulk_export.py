"""A FHIR Bulk Data export in a ZIP: its files are one record, about one person."""

from datetime import date

import pytest

from accounts import services as accounts
from accounts.acting import acting_as
from phr.models import Record
from phr.services import imports, records, uploads
from tests.cast import IMPORTER, Cast, hand_in, put_in
from tests.worlds.bulk_export import PATIENT, bulk_export, resources

pytestmark = pytest.mark.django_db(databases=["default", "vault"])


def test_its_files_are_one_record(cast: Cast) -> None:
    told = put_in(cast.alice, bulk_export(), "export.zip")
    with acting_as(IMPORTER, about=cast.alice_id):
        rows = {row.resource_type: row for row in Record.objects.filter(patient_id=cast.alice_id)}
    order = records.open_record(cast.alice, cast.alice_id, rows["MedicationRequest"].pk)

    assert (told.state, told.upload.imported) == ("finished", len(resources()))
    assert told.report.counts
    assert (told.report.counts["Observation"], told.report.counts["Patient"]) == (5, 1)
    # What it refers to stands in another file of the archive.
    assert order.shown.title == "Ginger root"
    assert told.report.skipped
    assert {name: why.partition(":")[0] for name, why in told.report.skipped} == {
        "export/manifest.json": "It only lists the files of the export, which are read themselves.",
        "export/deleted.ndjson": "The file is empty.",
        "export/errors.ndjson": "The file holds nothing to keep",
    }


def test_its_birth_date_is_offered_to_who_has_told_none(cast: Cast) -> None:
    upload_id = hand_in(cast.alice, bulk_export(), "export.zip")
    imports.import_upload(IMPORTER, upload_id)
    assert uploads.upload(cast.alice, upload_id).born == date(1980, 2, 3)

    accounts.set_born(cast.alice, born=date(1980, 2, 3))
    assert uploads.upload(cast.alice, upload_id).born is None


def test_one_about_two_people_is_refused(cast: Cast) -> None:
    other = PATIENT | {
        "id": "p2", "name": [{"family": "Brown", "given": ["Bert"]}], "birthDate": "1991-01-01",
        "identifier": [{"system": "https://example.org/mrn", "value": "M-2"}],
    }  # fmt: skip
    his = resources()[4] | {"id": "c2", "subject": {"reference": "Patient/p2"}}
    upload_id = hand_in(cast.alice, bulk_export(other, his), "export.zip")
    imports.import_upload(IMPORTER, upload_id)

    told = uploads.upload(cast.alice, upload_id)
    assert told.state == "failed"
    assert "two different people" in told.report.problem
    with acting_as(IMPORTER, about=cast.alice_id):
        assert not Record.objects.filter(patient_id=cast.alice_id).exists()
