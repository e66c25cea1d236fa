"""What people write into their record by hand, and how they correct it."""

from typing import Any
from uuid import UUID

import orjson
import pytest
from django.test import Client

from phr.forms.entries import KINDS
from phr.services import entries, records, removal
from rights.services import restriction
from tests.cast import PURGER, Cast, put_in
from tests.doors import sign_in, text
from tests.worlds.archive import archive_of

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
DAY = {"day_day": "3", "day_month": "2", "day_year": "2024"}
FILLED: dict[str, dict[str, str]] = {
    "condition": {"name": "Hay fever", "status": "active", "started_year": "2019"},
    "medication": {
        "name": "Metformin 500 mg", "status": "active", "dosage": "1 tablet at breakfast",
        "started_month": "march", "started_year": "2020",
    },
    "allergy": {
        "name": "Peanuts", "status": "active", "category": "food", "criticality": "high",
        "reaction": "Swollen lips", "severity": "severe",
    },
    "immunisation": {"name": "Yellow fever", "batch": "YF-77", **DAY},
    "measurement": {"what": "weight-kg", "value": "72,50", **DAY},
    "blood-pressure": {"upper": "128", "lower": "84", **DAY},
    "procedure": {"name": "Appendix taken out", "place": "City hospital", **DAY},
    "visit": {"where": "AMB", "status": "finished", "who": "Dr Okafor", "started_year": "2023"},
    "family": {"member": "MTH", "name": "Breast cancer", "age": "52"},
    "note": {"name": "Headaches", "note": "Worse\nin the evening", **DAY},
}  # fmt: skip
SEEN = {
    "condition": ["Hay fever", "2019"],
    "medication": ["Metformin 500 mg", "1 tablet at breakfast", "March 2020"],
    "allergy": ["Peanuts", "Swollen lips (severe)", "High"],
    "immunisation": ["Yellow fever", "YF-77", "3 February 2024"],
    "measurement": ["Weight: 72.5 kg", "3 February 2024"],
    "blood-pressure": ["Blood pressure: 128/84 mmHg"],
    "procedure": ["Appendix taken out", "City hospital"],
    "visit": ["Dr Okafor", "2023"],
    "family": ["Mother: Breast cancer", "52"],
    "note": ["Headaches", "Worse", "in the evening"],
}


@pytest.fixture
def alice(cast: Cast) -> Client:  # noqa: ARG001
    return sign_in("alice@example.org")


def enter(browser: Client, kind: str, **other: str) -> UUID:
    answer = browser.post(f"/records/new/{kind}/", {**FILLED[kind], **other})
    assert answer.status_code == 302, text(answer)
    return UUID(answer.headers["Location"].split("/")[-2])


def correct(browser: Client, kind: str, pk: UUID, **other: str) -> Any:
    told = {**FILLED[kind], "version": "1", "why": "I misread the box", **other}
    return browser.post(f"/records/{pk}/correct/", told)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_kept_shown_and_can_be_corrected(cast: Cast, alice: Client, kind: str) -> None:
    assert FILLED.keys() == SEEN.keys() == KINDS.keys()
    pk = enter(alice, kind)
    page = text(alice.get(f"/records/{pk}/"))
    for words in [*SEEN[kind], "Entered by you", "you entered it by hand on"]:
        assert words in page
    assert "Entered by you" in text(alice.get("/records/"))
    [source] = records.open_record(cast.alice, cast.alice_id, pk).sources
    assert (source.upload, source.version, source.reason) == (None, 1, "")
    kept = entries.entry(cast.alice, pk)
    form = KINDS[kind]
    assert form.can_correct(kept.resource)
    assert not form.kept(kept.resource)
    assert "Nothing is different" in text(correct(alice, kind, pk))


def test_a_correction_is_a_version_with_its_reason_and_the_old_one_stays(
    cast: Cast, alice: Client
) -> None:
    pk = enter(alice, "medication")
    form = text(alice.get(f"/records/{pk}/correct/"))
    assert 'value="Metformin 500 mg"' in form
    assert 'value="2020"' in form
    assert correct(alice, "medication", pk, name="Metformin 850 mg").status_code == 302
    page = text(alice.get(f"/records/{pk}/"))
    for words in (
        "Metformin 850 mg", "Corrected by you", "you corrected it on", "Version 1",
        "when you corrected it: “I misread the box”", "1 tablet at breakfast",
    ):  # fmt: skip
        assert words in page
    assert "Metformin 500 mg" in text(alice.get(f"/records/{pk}/versions/1/"))
    assert found(cast, "850") == ["Metformin 850 mg"]
    assert found(cast, "500") == []
    assert "changed meanwhile" in text(correct(alice, "medication", pk, name="Metformin"))
    log = text(alice.get("/sharing/log/?mine=on"))
    assert "added an item by hand" in log
    assert "corrected an item" in log


def found(cast: Cast, words: str) -> list[str]:
    return [item.title for item in records.timeline(cast.alice, cast.alice_id, text=words).items]


def test_a_note_is_found_by_its_words(cast: Cast, alice: Client) -> None:
    enter(alice, "note")
    assert found(cast, "evening") == ["Headaches"]


def test_what_is_there_already_is_not_added_again(cast: Cast, alice: Client) -> None:
    enter(alice, "allergy")
    again = text(alice.post("/records/new/allergy/", FILLED["allergy"]))
    assert "You already have exactly this in your record" in again
    assert 'value="Peanuts"' in again
    assert len(found(cast, "peanuts")) == 1


def test_another_one_can_follow_at_once(alice: Client) -> None:
    told = {**FILLED["immunisation"], "another": "1"}
    answer = alice.post("/records/new/immunisation/", told)
    assert answer.headers["Location"] == "/records/new/immunisation/"


WRONG = [
    ("condition", {"name": ""}, "What is it called? Enter an answer."),
    ("condition", {"started_day": "3"}, "When did it start?: a day needs its month too."),
    ("condition", {"started_year": "", "started_month": "3"}, "write the year too."),
    ("condition", {"started_year": "19"}, "write the year with four digits."),
    ("condition", {"started_year": "2100"}, "choose today or a day before."),
    ("condition", {"started_day": "31", "started_month": "2"}, "write a real date"),
    ("condition", {"ended_year": "2010", "status": "resolved"}, "The end is before the start."),
    ("condition", {"ended_year": "2021"}, "Choose how it is since then."),
    ("allergy", {"reaction": ""}, "Write what happened too."),
    ("measurement", {"value": "-3"}, "Write a number from 0.2 to 650 kg."),
    ("measurement", {"value": "heavy"}, "Write the number with digits, such as 72.5."),
    ("measurement", {"value": "1,250"}, "Write the number with digits, such as 72.5."),
    ("measurement", {"value": "NaN"}, "Write the number with digits, such as 72.5."),
    ("blood-pressure", {"lower": "200"}, "must be smaller than the upper one."),
    ("blood-pressure", {"upper": "9000"}, "write one from 20 to 400."),
    ("visit", {"where": "elsewhere"}, "Select a valid choice"),
]


@pytest.mark.parametrize(("kind", "wrong", "sentence"), WRONG)
def test_what_cannot_be_is_refused_in_a_sentence_and_nothing_typed_is_lost(
    cast: Cast, alice: Client, kind: str, wrong: dict[str, str], sentence: str
) -> None:
    page = text(alice.post(f"/records/new/{kind}/", {**FILLED[kind], **wrong}))
    assert sentence in page
    typed = {**FILLED[kind], **wrong}
    shown = [f'value="{typed[name]}"' for name in ("name", "value", "upper") if typed.get(name)]
    assert all(value in page for value in shown)
    assert not records.timeline(cast.alice, cast.alice_id).items


def test_a_wild_number_is_asked_about_and_kept_if_she_is_sure(alice: Client) -> None:
    wild = {**FILLED["measurement"], "value": "320"}
    page = text(alice.post("/records/new/measurement/", wild))
    assert "This number is very unusual. If it is right, tick the box." in page
    assert 'type="checkbox" name="sure"' in page
    assert alice.post("/records/new/measurement/", {**wild, "sure": "on"}).status_code == 302


def test_what_came_from_a_file_keeps_what_the_form_does_not_know(cast: Cast, alice: Client) -> None:
    raw = (
        b'{"resourceType":"MedicationStatement","status":"active","subject":{"reference":"#p"},'
        b'"contained":[{"resourceType":"Patient","id":"p"}],"medicationCodeableConcept":{"coding":'
        b'[{"system":"http://www.nlm.nih.gov/research/umls/rxnorm","code":"860975"}],'
        b'"text":"Metformin"},"extension":[{"url":"urn:x","valueDecimal":7.20}],'
        b'"dosage":[{"text":"one"}]}'
    )
    put_in(cast.alice, raw, "medication.json")
    [item] = records.timeline(cast.alice, cast.alice_id).items
    form = text(alice.get(f"/records/{item.id}/correct/"))
    assert "They stay as they are." in form
    assert 'name="name"' not in form
    told = {"status": "stopped", "dosage": "one", "version": "1", "why": "", "name": "Rum"}
    assert alice.post(f"/records/{item.id}/correct/", told).status_code == 302
    kept = records.open_record(cast.alice, cast.alice_id, item.id)
    before = orjson.loads(raw)
    after = {key: value for key, value in kept.resource.items() if key != "meta"}
    assert after == {**before, "status": "stopped"}
    assert [(each.version, bool(each.upload)) for each in kept.sources] == [(1, True), (2, False)]
    assert kept.by_hand == "Corrected"


def test_only_the_owner_enters_and_corrects(cast: Cast, alice: Client) -> None:
    pk = enter(alice, "medication")
    cast.share()
    bob, carol = sign_in("bob@example.org"), sign_in("carol@example.org")
    for other in (bob, carol):
        assert other.get(f"/records/{pk}/correct/").status_code == 404
        assert correct(other, "medication", pk, name="Rum").status_code == 404
    assert bob.get("/records/new/").status_code == 404
    assert bob.post("/records/new/medication/", FILLED["medication"]).status_code == 404
    assert "Entered by the patient" in text(bob.get(f"/shared/{cast.alice_id}/"))
    page = text(bob.get(f"/shared/{cast.alice_id}/{pk}/"))
    assert "Entered by the patient" in page
    assert "Correct this item" not in page
    assert alice.get("/records/new/spaceship/").status_code == 404


def test_a_restricted_record_does_not_grow_by_hand(cast: Cast, alice: Client) -> None:
    pk = enter(alice, "medication")
    restriction.restrict(cast.sam, cast.alice_id)
    for answer in (
        alice.get("/records/new/"),
        alice.post("/records/new/medication/", FILLED["medication"]),
        correct(alice, "medication", pk, name="Rum"),
    ):
        assert answer.status_code == 409
        assert "Your record is restricted" in text(answer)


def test_prints_and_the_archive_say_who_wrote_it(cast: Cast, alice: Client) -> None:
    pk = enter(alice, "medication")
    correct(alice, "medication", pk, name="Metformin 850 mg")
    assert "Corrected by the patient" in text(alice.get("/records/print/"))
    written = archive_of(cast.alice_id).lines("provenance.ndjson")
    assert [line["activity"]["text"] for line in written] == [
        "Entry by hand",
        "Correction by hand",
    ]
    assert {line["agent"][0]["who"]["display"] for line in written} == {"Patient"}
    assert written[1]["reason"] == [{"text": "I misread the box"}]


def test_what_she_wrote_is_deleted_like_anything_else(cast: Cast, alice: Client) -> None:
    pk = enter(alice, "medication")
    correct(alice, "medication", pk, name="Metformin 850 mg")
    assert removal.companions(cast.alice, pk) == 0
    removal.hide_record(cast.alice, pk)
    removal.purge_record(PURGER, cast.alice_id, pk)
    assert not records.timeline(cast.alice, cast.alice_id).items
    assert alice.get(f"/records/{pk}/").status_code == 404
