"""A file in which everything refers to everything: compared in bounded time, or refused."""

import json

import pytest

from phr import publishing, staging
from phr.services import imports, uploads
from tests.cast import IMPORTER, Cast, hand_in, put_in

pytestmark = pytest.mark.django_db(databases=["default", "vault"])


def tangle(count: int) -> bytes:
    """So many things of one name, and as many that refer to that name."""
    named = [
        {"resourceType": "Medication", "id": "1", "code": {"text": f"m{number}"}}
        for number in range(count)
    ]
    asking = [
        {
            "resourceType": "MedicationStatement",
            "status": "active",
            "medicationReference": {"reference": "Medication/1"},
            "subject": {"display": "Alice"},
            "dosage": [{"text": f"d{number}"}],
        }
        for number in range(count)
    ]
    return "\n".join(map(json.dumps, [*named, *asking])).encode()


def test_many_of_one_name_do_not_multiply(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "MOST_MILLISECONDS", 2500)

    found = put_in(cast.alice, tangle(2000), "a.ndjson")

    assert (found.state, found.upload.imported) == ("finished", 4000)


def test_what_takes_too_long_to_compare_is_refused_in_a_sentence(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "MOST_MILLISECONDS", 1)
    upload_id = hand_in(cast.alice, tangle(200), "a.ndjson")

    imports.import_upload(IMPORTER, upload_id)

    assert uploads.upload(cast.alice, upload_id).report.problem == staging.TANGLED
