"""A record names what it refers to, for whoever may see both."""

import json
from typing import Any

import pytest

from accounts.acting import acting_as
from accounts.actors import Actor
from phr.models import Record
from phr.services import entries, marks, records, undoing
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.scopes import Scope
from tests.cast import IMPORTER, Cast, put_in
from tests.worlds.archive import archive_of

pytestmark = pytest.mark.django_db(databases=["default", "vault"])


def entry(url: str, resource: dict[str, Any]) -> dict[str, Any]:
    return {"fullUrl": url, "resource": resource}


BUNDLE = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [
        entry(
            "urn:uuid:0b1d4c1e-30a8-4e5c-a2a3-6d0e1a4f7d01",
            {"resourceType": "Medication", "code": {"text": "Levothyroxine 50 µg"}},
        ),
        entry(
            "urn:uuid:0b1d4c1e-30a8-4e5c-a2a3-6d0e1a4f7d02",
            {
                "resourceType": "MedicationStatement",
                "status": "active",
                "subject": {"display": "Alice"},
                "category": {"coding": [{"system": "http://example.org", "code": "outpatient"}]},
                "medicationReference": {
                    "reference": "urn:uuid:0b1d4c1e-30a8-4e5c-a2a3-6d0e1a4f7d01"
                },
            },
        ),
    ],
}


def titles(actor: Actor, cast: Cast) -> list[str]:
    return [item.title for item in records.timeline(actor, cast.alice_id).items]


def test_a_medicine_is_named_by_what_it_refers_to(cast: Cast) -> None:
    put_in(cast.alice, json.dumps(BUNDLE).encode())

    assert sum("Levothyroxine" in title for title in titles(cast.alice, cast)) == 2


def test_a_withheld_medicine_is_not_named_through_a_shared_record(cast: Cast) -> None:
    put_in(cast.alice, json.dumps(BUNDLE).encode())
    with acting_as(cast.alice):
        statement = Record.objects.get(resource_type="MedicationStatement")
    records.classify(cast.alice, statement.pk, labels=[Sensitivity.N])
    cast.share(Scope(tuple(Category), (Sensitivity.N,), may_copy=False, ends_at=None))

    seen = titles(cast.bob, cast)

    assert len(seen) == 1
    assert not any("Levothyroxine" in title for title in seen)


def prescription(medicine: str, base: str) -> bytes:
    """A file of one hospital, which calls its medicine and its prescription number 1."""
    medication = {"resourceType": "Medication", "id": "1", "code": {"text": medicine}}
    request = {
        "resourceType": "MedicationRequest",
        "id": "1",
        "status": "active",
        "intent": "order",
        "subject": {"display": "Alice"},
        "medicationReference": {"reference": "Medication/1"},
    }
    entries = [
        entry(f"{base}/Medication/1", medication),
        entry(f"{base}/MedicationRequest/1", request),
    ]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    return json.dumps(bundle).encode()


def test_one_hospital_s_number_is_never_another_s(cast: Cast) -> None:
    put_in(cast.alice, prescription("Aspirin", "https://north.example.org/fhir"))
    put_in(cast.alice, prescription("Warfarin", "https://south.example.org/fhir"))

    seen = titles(cast.alice, cast)

    assert sum("Aspirin" in title for title in seen) == 2
    assert sum("Warfarin" in title for title in seen) == 2


def test_a_name_that_two_answer_to_stays_unsure_when_one_of_them_is_not_seen(cast: Cast) -> None:
    two = [
        {"resourceType": "Medication", "id": "m", "code": {"text": name}}
        for name in ("Warfarin", "Paracetamol")
    ]
    asking = {
        "resourceType": "MedicationRequest", "status": "active", "intent": "order",
        "subject": {"display": "Alice"}, "medicationReference": {"reference": "Medication/m"},
    }  # fmt: skip
    entries = [{"resource": one} for one in (*two, asking)]
    put_in(cast.alice, json.dumps({**BUNDLE, "entry": entries}).encode())
    lines = records.timeline(cast.alice, cast.alice_id).items
    (hidden,) = (line.id for line in lines if line.title == "Warfarin")
    marks.keep_back(cast.alice, hidden, never_shared=True)
    cast.share()

    assert sorted(titles(cast.bob, cast)) == ["Medicine", "Paracetamol"]


def numbered(number: str, **more: Any) -> bytes:
    """A file that calls its medicine and its prescription by this number within itself."""
    resources = [
        {"resourceType": "Medication", "id": number, "code": {"text": "Warfarin"}},
        {
            "resourceType": "MedicationRequest", "id": number, "status": "active",
            "intent": "order", "subject": {"display": "Alice"}, "authoredOn": "2024-01-01",
            "medicationReference": {"reference": f"Medication/{number}"}, **more,
        },
    ]  # fmt: skip
    entries = [{"resource": one} for one in resources]
    return json.dumps({**BUNDLE, "entry": entries}).encode()


@pytest.mark.parametrize("again", ["1", "7"])
@pytest.mark.parametrize("by_hand", [False, True])
def test_what_stays_when_the_first_of_two_files_is_undone_is_still_named(
    cast: Cast, again: str, by_hand: bool
) -> None:
    first = put_in(cast.alice, numbered("1"))
    assert put_in(cast.alice, numbered(again)).upload.duplicates == 2
    if by_hand:
        with acting_as(cast.alice):
            row = Record.objects.get(resource_type="MedicationRequest")
        said = {"note": {"note": [{"text": "With water"}]}}
        entries.correct(cast.alice, row.pk, said, reason="", version=1)
    assert sum("Warfarin" in title for title in titles(cast.alice, cast)) == 2
    with acting_as(cast.alice):
        undoing.hide_import(cast.alice, first.upload.pk)
    undoing.purge_import(IMPORTER, cast.alice_id, first.upload.pk)

    assert sum("Warfarin" in title for title in titles(cast.alice, cast)) == 2
    away = archive_of(cast.alice_id).zip.fp
    assert away
    away.seek(0)
    put_in(cast.carol, away.read(), "archive.zip")
    seen = records.timeline(cast.carol, cast.carol_id).items
    assert sum("Warfarin" in item.title for item in seen) == 2
