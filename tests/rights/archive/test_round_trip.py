"""What was taken away, put into an empty record, gives the same record."""

import json
from hashlib import sha256
from uuid import UUID

import pytest

from accounts.acting import acting_as
from accounts.actors import Actor
from phr.bodies import open_bytes
from phr.models import Record
from phr.services import records
from sharing.tokens import labels_of
from tests.cast import IMPORTER, Cast, put_in
from tests.worlds import files, synthea
from tests.worlds.archive import archive_of

pytestmark = pytest.mark.django_db(databases=["default", "vault"])
NAMED = "urn:uuid:9a1b7f3e-53c5-4c0a-8f0e-00000000000{}"
Told = tuple[str, str, str, str, tuple[str, ...], bytes]


def record(patient_id: UUID) -> dict[bytes, Told]:
    """What the portal keeps of each item, by its body; a day that no file told is left out."""
    with acting_as(IMPORTER, about=patient_id):
        rows = list(Record.objects.filter(patient_id=patient_id, hidden_at=None))
    found = {}
    for row in rows:
        body = open_bytes(patient_id, row.pk, row.version, bytes(row.body_sealed))
        found[sha256(body).digest()] = (
            row.resource_type,
            row.category,
            row.effective_at.isoformat() if row.dated else "",
            str(row.dated),
            tuple(label.value for label in labels_of(patient_id, row.labels)),
            body,
        )
    assert len(found) == len(rows)
    return found


def seen(actor: Actor, patient_id: UUID) -> set[tuple[str, str]]:
    """Kind and title of every item, as the timeline shows them."""
    found, after = set(), None
    while True:
        page = records.timeline(actor, patient_id, after=after)
        found |= {(item.category.value, item.title) for item in page.items}
        after = page.after
        if after is None:
            return found


def test_a_long_record_comes_back_whole(cast: Cast) -> None:
    whole = synthea.bundle(100, seed=7)
    assert put_in(cast.alice, json.dumps(whole, indent=4).encode()).over
    whole["entry"][20]["resource"]["language"] = "en"
    put_in(cast.alice, json.dumps(whole).encode())
    found = archive_of(cast.alice_id)
    again = put_in(cast.carol, found.zip.read("fhir/bundle.json"))

    assert (again.state, again.upload.skipped) == ("finished", 0), again.report.problem
    assert record(cast.carol_id) == record(cast.alice_id)
    assert seen(cast.carol, cast.carol_id) == seen(cast.alice, cast.alice_id)
    # And what is taken away then is the same again.
    second = archive_of(cast.carol_id)
    bodies = [
        sorted(json.dumps(one["resource"]) for one in each.json("fhir/bundle.json")["entry"])
        for each in (found, second)
    ]
    assert bodies[0] == bodies[1]


def test_every_kind_of_file_comes_back_byte_for_byte(cast: Cast) -> None:
    sent = {
        "letter.pdf": files.pdf(),
        "photo.jpg": files.picture("JPEG"),
        "photo.png": files.picture("PNG"),
        "slice.dcm": files.dicom(files.ct_slice()),
        "other.dcm": files.dicom(files.ct_slice(SOPInstanceUID=f"{files.STUDY_UID}.2.2")),
    }
    sent |= {
        f"{name}.json": files.fhir(name) for name in ("ips", "history", "searchset", "observation")
    }
    for name, data in sent.items():
        assert put_in(cast.alice, data, name).state == "finished", name
    found = archive_of(cast.alice_id)
    uploads = found.lines("originals/files.ndjson")

    assert {line["file_name"]: found.zip.read(line["path"]) for line in uploads} == sent
    again = put_in(cast.carol, found.zip.read("fhir/bundle.json"))
    assert (again.state, again.upload.skipped) == ("finished", 0), again.report.problem
    before, after = record(cast.alice_id), record(cast.carol_id)
    assert {key: row[:4] for key, row in after.items()} == {
        key: row[:4] for key, row in before.items()
    }
    # What a whole document is about makes its parts sensitive; a Bundle of parts does not tell.
    for key, row in after.items():
        assert set(row[4]) <= set(before[key][4])
    assert seen(cast.carol, cast.carol_id) == seen(cast.alice, cast.alice_id)


def test_the_originals_alone_give_the_same_items(cast: Cast) -> None:
    sent = {"slice.dcm": files.dicom(files.ct_slice()), "letter.pdf": files.pdf()}
    for name, data in sent.items():
        put_in(cast.alice, data, name)
    found = archive_of(cast.alice_id)
    for line in found.lines("originals/files.ndjson"):
        put_in(cast.carol, found.zip.read(line["path"]), line["file_name"])

    assert record(cast.carol_id) == record(cast.alice_id)
    uses = [line["use"] for line in found.lines("files.ndjson")]
    assert sorted(uses) == ["original", "original", "picture"]


def test_every_reference_that_leads_somewhere_is_told(cast: Cast) -> None:
    """Also one by a name that stood only around the resource it means, or only in one file."""
    for number, drug in enumerate(("Ginger", "Nutmeg"), 1):
        put_in(cast.alice, orders(drug, number))
    found = archive_of(cast.alice_id)
    entries = found.json("fhir/bundle.json")["entry"]
    titles = {
        entry["link"][0]["url"].removeprefix("urn:uuid:"): entry["resource"]["code"]["text"]
        for entry in entries
        if entry["resource"]["resourceType"] == "Medication"
    }
    told = [(line["name"], bool(line["upload"]), titles[line["record"]])
            for line in found.lines("links.ndjson")]  # fmt: skip

    assert sorted(told) == [
        ("Medication/1", True, "Ginger again"), ("Medication/1", True, "Nutmeg again"),
        (NAMED.format(1), False, "Ginger"), (NAMED.format(2), False, "Nutmeg"),
    ]  # fmt: skip


def orders(drug: str, number: int) -> bytes:
    """A bundle with two orders: one by a name of the entry alone, one by a name within the file."""
    subject = {"display": "Alice"}
    order = {"resourceType": "MedicationStatement", "status": "active", "subject": subject}
    again = {"resourceType": "Medication", "id": "1", "code": {"text": f"{drug} again"}}
    once = {"resourceType": "Medication", "code": {"text": drug}}
    entries = [
        {"fullUrl": NAMED.format(number), "resource": once},
        {"resource": again},
        {"resource": order | {"medicationReference": {"reference": NAMED.format(number)}}},
        {"resource": order | {"medicationReference": {"reference": "Medication/1"}}
         | {"dateAsserted": f"2024-01-0{number}"}},
    ]  # fmt: skip
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()
