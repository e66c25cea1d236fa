"""A chosen part: what was asked for and nothing else, and the file says that it is a part."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from accounts.acting import acting_as
from accounts.actors import Denied
from accounts.keys import Unopenable
from phr.models import Record
from phr.services import marks
from rights.archive.choice import Choice, seal, unseal
from rights.models import Export
from rights.services import choosing, exports
from sharing.categories import Category
from tests.cast import IMPORTER, PURGER, Cast, put_in
from tests.worlds import files, kept
from tests.worlds.archive import EXPORTER, Archive, made, taken

pytestmark = pytest.mark.django_db(databases=["default", "vault"])


def part(cast: Cast, choice: Choice) -> Archive:
    """What the worker makes of a choice of alice's."""
    return Archive(taken(cast.alice, made(cast.alice, choice)))


def titles(found: Archive) -> set[str]:
    entries = found.json("fhir/bundle.json").get("entry", [])
    return {one["resource"]["code"]["text"] for one in entries}


def at(row: Record, **values: object) -> Record:
    with acting_as(IMPORTER, about=row.patient_id):
        Record.objects.filter(pk=row.pk).update(**values)
    return row


@pytest.fixture
def rows(cast: Cast) -> dict[str, Record]:
    """Six items that differ each in one thing."""
    keep = {name: kept.keep(cast.alice_id, text=name) for name in ("Plain", "Tagged", "Undated")}
    keep["Old"] = at(kept.keep(cast.alice_id, text="Old"), effective_at="2001-05-31T23:30Z")
    keep["Mine"] = kept.keep(cast.alice_id, text="Mine", never_shared=True)
    keep["Weight"] = kept.keep(cast.alice_id, text="Weight", category=Category.VITAL_SIGNS)
    at(keep["Undated"], dated=False)
    marks.tag(cast.alice, keep["Tagged"].pk, name="Knee")
    return keep


CHOICES: dict[str, tuple[Callable[[dict[str, UUID]], Choice], set[str], str]] = {
    "kinds": (lambda _: Choice((Category.VITAL_SIGNS,)), {"Weight"}, "Kinds: Vital signs"),
    "days": (
        lambda _: Choice(since=date(2001, 5, 31), until=date(2001, 5, 31)),
        {"Old"},
        "from 31 May 2001 to 31 May 2001",
    ),
    "since": (
        lambda _: Choice(since=date(2001, 6, 1)),
        {"Plain", "Tagged", "Mine", "Weight"},
        "Dates: from 1 June 2001",
    ),
    "tags": (lambda ids: Choice(tags=(ids["tag"],)), {"Tagged"}, "Tags: Knee"),
    "items": (
        lambda ids: Choice(records=(ids["Plain"], ids["Undated"])),
        {"Plain", "Undated"},
        "Single items",
    ),
    "shareable": (
        lambda _: Choice(shareable=True),
        {"Plain", "Tagged", "Undated", "Old", "Weight"},
        "Without what you never share",
    ),
    "both": (lambda ids: Choice((Category.VITAL_SIGNS,), tags=(ids["tag"],)), set(), "Tags: Knee"),
}


@pytest.mark.parametrize("name", CHOICES)
def test_what_was_chosen_is_in_it_and_nothing_else(
    cast: Cast, rows: dict[str, Record], name: str
) -> None:
    chosen, expected, said = CHOICES[name]
    ids = {title: row.pk for title, row in rows.items()}
    ids["tag"] = UUID(choosing.offered(cast.alice).tags[0][0])
    found = part(cast, chosen(ids))

    assert titles(found) == expected
    assert found.manifest["everything"] is False
    assert found.manifest["records"] == len(expected) == len(found.lines("items.ndjson"))
    assert said in " ".join(found.manifest["part"])
    assert "not everything" in found.text("index.html")
    assert "NOT EVERYTHING" in found.text("README.txt")
    assert said in found.text("README.txt")
    everything = b"".join(found.zip.read(one) for one in found.names)
    for title in rows.keys() - expected - {"Old"}:
        assert f">{title}<".encode() not in everything
    assert not [one for one in found.names if one.startswith(("log/", "account/"))]
    assert choosing.found(cast.alice, chosen(ids)).total == len(expected)


def test_a_visit_brings_what_was_noted_on_it(cast: Cast) -> None:
    encounter = {"resourceType": "Encounter", "status": "finished",
                 "class": {"code": "AMB"}, "type": [{"text": "Check-up"}]}  # fmt: skip
    entries = [
        {"fullUrl": "urn:uuid:0aa2cc0a-2c0c-4b1a-9e0e-000000000001", "resource": encounter},
        {"resource": encounter | {"id": "2", "type": [{"text": "Another"}]}},
        {"resource": noted("Absolute", "urn:uuid:0aa2cc0a-2c0c-4b1a-9e0e-000000000001")},
        {"resource": noted("Elsewhere", "Encounter/2")},
        {"resource": kept.observation("Nowhere")},
    ]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    put_in(cast.alice, json.dumps(bundle).encode())
    visits = {name.partition(": ")[2]: UUID(pk) for pk, name in choosing.offered(cast.alice).visits}
    for name, expected in (("Check-up", "Absolute"), ("Another", "Elsewhere")):
        found = part(cast, Choice(visit=visits[name]))
        resources = [one["resource"] for one in found.json("fhir/bundle.json")["entry"]]
        assert {one["resourceType"] for one in resources} == {"Encounter", "Observation"}
        assert {one["code"]["text"] for one in resources if "code" in one} == {expected}
        assert found.manifest["part"] == ["One visit, and what was noted on it"]


def test_another_visit_of_the_same_number_in_another_file_brings_nothing(cast: Cast) -> None:
    result = kept.observation("Ginger") | {
        "encounter": {"reference": "Encounter/1"},
        "identifier": [{"system": "urn:x", "value": "77"}],
    }
    for name in ("Check-up", "Psychiatry"):
        encounter = {"resourceType": "Encounter", "id": "1", "status": "finished",
                     "class": {"code": "AMB"}, "type": [{"text": name}]}  # fmt: skip
        entries = [{"resource": encounter}, {"resource": result | {"id": name}}]
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
        put_in(cast.alice, json.dumps(bundle).encode(), f"{name}.json")
    visits = {name.partition(": ")[2]: UUID(pk) for pk, name in choosing.offered(cast.alice).visits}

    found = part(cast, Choice(visit=visits["Psychiatry"]))
    assert found.manifest["records_by_type"] == {"Encounter": 1}
    # Of a visit that is gone there is nothing, and not everything.
    exports.end_export(cast.alice, exports.latest(cast.alice).export.pk)  # type: ignore[union-attr]
    gone = part(cast, Choice(visit=UUID(int=1)))
    assert gone.manifest["records"] == 0


def test_what_is_never_shared_is_not_named_by_what_refers_to_it(cast: Cast) -> None:
    put_in(cast.alice, json.dumps({"resourceType": "Bundle", "type": "collection", "entry": [
        {"resource": {"resourceType": "Medication", "id": "m", "code": {"text": "Nutmeg"}}},
        {"resource": {"resourceType": "MedicationRequest", "status": "active", "intent": "order",
                      "medicationReference": {"reference": "Medication/m"},
                      "subject": {"reference": "Patient/me"}, "authoredOn": "2024-01-02"}},
    ]}).encode())  # fmt: skip
    with acting_as(cast.alice):
        medicine = Record.objects.get(resource_type="Medication").pk
    marks.keep_back(cast.alice, medicine, never_shared=True)

    for choice, named in ((Choice((Category.MEDICATIONS,)), True), (Choice(shareable=True), False)):
        found = part(cast, choice)
        page = found.text("pages/medications.html")
        assert ("Nutmeg" in page) is named


def noted(text: str, visit: str) -> dict[str, object]:
    return kept.observation(text) | {"encounter": {"reference": visit}}


def test_a_file_comes_along_only_where_it_belongs_to_a_chosen_item_alone(cast: Cast) -> None:
    put_in(cast.alice, files.pdf("Nutmeg"), "letter.pdf")
    put_in(cast.alice, json.dumps(kept.observation("Ginger")).encode(), "bundle.json")
    everything = Archive(taken(cast.alice, made(cast.alice)))
    assert len(everything.lines("originals/files.ndjson")) == 2
    letters = part(cast, Choice((Category.DOCUMENTS,)))
    results = part(cast, Choice((Category.LABORATORY, Category.OTHER, Category.VITAL_SIGNS)))

    assert [one["file_name"] for one in letters.lines("originals/files.ndjson")] == ["letter.pdf"]
    assert letters.zip.read(letters.lines("files.ndjson")[0]["path"]) == files.pdf("Nutmeg")
    assert titles(results) == {"Ginger"}
    assert not [one for one in results.names if one.startswith("originals/0")]
    assert everything.manifest["everything"] is True
    assert everything.manifest["part"] == []


def test_what_was_chosen_is_sealed_and_goes_with_the_file(cast: Cast) -> None:
    tag = UUID(int=7)
    choice = Choice((Category.IMAGING,), date(2020, 1, 2), None, (tag,), tag, (tag,), True)
    export_id = exports.request_export(cast.alice, choice)
    with acting_as(EXPORTER, about=cast.alice_id):
        row = Export.objects.get(pk=export_id)
    sealed = bytes(row.choice_sealed or b"")

    assert b"imaging" not in sealed
    assert unseal(cast.alice_id, export_id, sealed) == choice
    with pytest.raises(Unopenable):
        unseal(cast.alice_id, UUID(int=1), sealed)
    assert exports.export(cast.alice, export_id).part[0] == "One visit, and what was noted on it"
    exports.end_export(cast.alice, export_id)
    exports.destroy_due(PURGER)
    with acting_as(EXPORTER, about=cast.alice_id):
        assert Export.objects.get(pk=export_id).choice_sealed is None
    assert seal(cast.alice_id, export_id, choice) != sealed


def test_nothing_of_anybody_else_can_be_chosen(cast: Cast) -> None:
    hers = kept.keep(cast.carol_id, text="Cardamom")
    found = part(cast, Choice(records=(hers.pk,)))

    assert titles(found) == set()
    assert choosing.found(cast.alice, Choice(records=(hers.pk,))).total == 0
    for other in (cast.bob, cast.sam):
        with pytest.raises(Denied):
            choosing.found(other, Choice(records=(hers.pk,)))
        with pytest.raises(Denied):
            choosing.offered(other)


def test_few_items_are_named_and_many_are_counted(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        row = kept.keep(cast.alice_id, text=f"Item {number}")
        at(row, effective_at=timezone.now() - timedelta(days=number))
    found = choosing.found(cast.alice, Choice((Category.LABORATORY,)))
    assert [name.partition(": ")[2] for _, name in found.items] == ["Item 0", "Item 1", "Item 2"]

    monkeypatch.setattr(choosing, "MOST_LISTED", 2)
    found = choosing.found(cast.alice, Choice((Category.LABORATORY,)))
    assert (found.items, found.kinds) == ([], [("Test results", 3)])
