"""The summary, the list of medicines, the vaccination card and the summary as a FHIR document."""

import io
import re
from datetime import date
from typing import Any

import orjson
import pypdf
import pytest
from django.test import Client

from accounts import services
from accounts.acting import acting_as
from accounts.actors import Denied
from accounts.models import AuditEvent
from phr.formats import r4
from phr.services import summary
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.scopes import Scope
from tests.cast import Cast, put_in
from tests.doors import body, sign_in, text
from tests.worlds.files import fhir

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
Json = dict[str, Any]
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
ABOUT = {"reference": "Patient/me"}


def coded(code: str, words: str, system: str = "http://loinc.org") -> Json:
    return {"coding": [{"system": system, "code": code}], "text": words}


def condition(words: str, status: str = "active", **more: Any) -> Json:
    stated = coded(status, status, CLINICAL)
    return {
        "resourceType": "Condition", "clinicalStatus": stated, "code": {"text": words},
        "subject": ABOUT, "onsetDateTime": "2019-05", **more,
    }  # fmt: skip


def statement(words: str, status: str = "active", **more: Any) -> Json:
    return {
        "resourceType": "MedicationStatement", "status": status,
        "medicationCodeableConcept": {"text": words}, "subject": ABOUT, **more,
    }  # fmt: skip


def shot() -> Json:
    return {
        "resourceType": "Immunization", "status": "completed", "vaccineCode": {"text": "Tetanus"},
        "patient": ABOUT, "occurrenceDateTime": "2021-04-05", "lotNumber": "LOT-77",
        "protocolApplied": [{"doseNumberPositiveInt": 2}],
    }  # fmt: skip


def result(day: str, value: float, code: str = "718-7", words: str = "Haemoglobin") -> Json:
    return {
        "resourceType": "Observation", "status": "final", "code": coded(code, words),
        "category": [coded("laboratory", "Laboratory", "http://terminology.hl7.org/x")],
        "subject": ABOUT, "effectiveDateTime": day, "valueQuantity": {"value": value, "unit": "g/L"},
    }  # fmt: skip


def bundle(*resources: Json) -> bytes:
    entries = [{"resource": one} for one in resources]
    return orjson.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})


def everything() -> bytes:
    prescribed = {
        "resourceType": "MedicationRequest", "status": "active", "intent": "order",
        "medicationReference": {"reference": "Medication/m"}, "subject": ABOUT,
        "requester": {"reference": "Practitioner/unknown"}, "authoredOn": "2024-01-02",
    }  # fmt: skip
    medicine = {"resourceType": "Medication", "id": "m", "code": {"text": "Metformin"}}
    allergy = {
        "resourceType": "AllergyIntolerance", "code": {"text": "Peanut"}, "patient": ABOUT,
        "criticality": "high",
    }  # fmt: skip
    mistaken = coded(
        "entered-in-error",
        "By mistake",
        "http://terminology.hl7.org/CodeSystem/condition-ver-status",
    )
    gout = {k: v for k, v in condition("Gout").items() if k != "clinicalStatus"}
    return bundle(
        condition("Asthma"),
        condition("Chickenpox", "resolved"),
        {**gout, "verificationStatus": mistaken},
        statement("Ibuprofen", effectivePeriod={"start": "2020-01-01", "end": "2020-02-01"}),
        statement("Salbutamol", effectivePeriod={"start": "2019-06-01"}),
        prescribed, medicine, allergy, shot(),
        result("2024-03-01", 120), result("2023-03-01", 99), result("2022-01-01", 5.50, "1-1", "Iron"),
    )  # fmt: skip


@pytest.fixture
def alice(cast: Cast) -> Client:
    followed = put_in(cast.alice, everything(), "everything.json")
    assert followed.state == "finished", followed.report.problem
    return sign_in("alice@example.org")


def headings(page: str) -> list[str]:
    return re.findall(r'<h2 class="nhsuk-heading-m">([^<]+)</h2>', page)


def test_what_is_in_force_stands_in_the_order_of_a_patient_summary(alice: Client) -> None:
    page = text(alice.get("/records/summary/"))
    main = page.partition("<main")[2]

    assert headings(main) == [
        "Health problems", "Medicines", "Allergies", "Vaccinations", "Last results",
    ]  # fmt: skip
    for words in ("Asthma", "Salbutamol", "Metformin", "Peanut", "Tetanus", "May 2019", "LOT-77"):
        assert words in main
    for words in ("Chickenpox", "Gout", "Ibuprofen", "99 g/L"):
        assert words not in main
    assert "Haemoglobin: 120 g/L" in main
    assert "Iron: 5.5 g/L" in main
    assert "1 from the past is not listed here" in main
    assert 'href="/records/summary/"' in text(alice.get("/records/"))


def test_what_is_not_there_is_said_and_what_is_left_out_too(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sign_in("alice@example.org")
    assert text(client.get("/records/summary/")).count("<p>Nothing recorded.</p>") == 5
    put_in(cast.alice, bundle(*(condition(f"Problem {n}") for n in range(4))), "four.json")
    monkeypatch.setattr(summary, "SHOWN", 1)
    monkeypatch.setattr(summary, "READ", 3)
    page = text(client.get("/records/summary/"))

    assert page.count("Problem ") == 1
    assert "2 more are not listed here" in page
    assert "Only the newest items of this kind were looked through" in page


def test_what_is_not_sure_is_not_told_as_a_fact(cast: Cast) -> None:
    sure = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
    local = {"system": "urn:local", "code": "RO", "display": "Local"}
    proposed = {
        "resourceType": "MedicationRequest", "status": "active", "intent": "proposal",
        "medicationCodeableConcept": {"text": "Aspirin"}, "subject": ABOUT,
    }  # fmt: skip
    ruled_out = {"coding": [local, {"system": sure, "code": "refuted"}]}
    resources = (
        condition("Cancer", verificationStatus=coded("differential", "Local", sure)),
        condition("Stroke", verificationStatus=ruled_out),
        proposed,
        {**proposed, "intent": "plan", "medicationCodeableConcept": {"text": "Iron"}},
        statement("Warfarin", modifierExtension=[{"url": "a/not-taken", "valueBoolean": True}]),
        {**result("2024-03-01", 120), "status": "preliminary"},
    )
    put_in(cast.alice, bundle(*resources), "unsure.json")
    shown = summary.summary(cast.alice, cast.alice_id)
    told = {line.title: dict(line.facts) for one in shown.sections for line in one.lines}

    cancer = told.pop("One of several possibilities: Cancer")
    assert cancer["How sure"] == "One of several possibilities, not confirmed"
    assert told.pop("Iron")["Kind"] == "Plan"
    assert "Not taken: Yes" in told.pop("Please note: Warfarin")["Please note"]
    blood = told.pop("May still change: Haemoglobin: 120 g/L")
    assert blood["Status"] == "Early, may still change"
    assert not told
    assert shown.sections[1].past == 0


def test_a_result_without_a_date_is_not_taken_for_the_last(cast: Cast) -> None:
    undated = [result("", 150), result("", 5, "1-1", "Iron")]
    for one in undated:
        del one["effectiveDateTime"]
    put_in(cast.alice, bundle(result("2024-03-01", 80), *undated), "undated.json")
    lines = summary.summary(cast.alice, cast.alice_id).sections[4].lines

    assert [(line.title, line.facts) for line in lines] == [
        ("Haemoglobin: 80 g/L", [("Date", "1 March 2024")]),
        ("Iron: 5 g/L", [("Date", "No date")]),
    ]


def test_medicines_now_and_in_the_past_with_their_periods(alice: Client) -> None:
    page = text(alice.get("/records/medicines/"))
    now, _, past = page.partition("In the past")

    assert "Salbutamol" in now
    assert "Since 1 June 2019" in now
    assert "Ibuprofen" not in now
    assert "1 January 2020 to 1 February 2020" in past
    assert headings(page.partition("<main")[2]) == ["Now", "In the past"]


def test_the_vaccination_card_has_date_vaccine_dose_and_batch(alice: Client) -> None:
    row = (
        text(alice.get("/records/immunizations/"))
        .partition('table__body">')[2]
        .partition("</tbody")[0]
    )

    cells = [" ".join(re.sub(r"<[^>]+>", "", one).split()) for one in row.split("</td>")][:-1]
    assert cells == ["Date 5 April 2021", "Vaccine Tetanus", "Dose 2", "Batch number LOT-77"]


ORDINARY = (Sensitivity.N, Sensitivity.UNCLASSIFIED)
PAGES = ("summary", "medicines", "immunizations")


def test_a_doctor_sees_the_kinds_she_was_given_and_no_trace_of_others(
    cast: Cast, alice: Client
) -> None:
    del alice
    cast.share(Scope((Category.ALLERGIES,), tuple(Sensitivity), may_copy=False, ends_at=None))
    bob = sign_in("bob@example.org")
    pages = {name: text(bob.get(f"/shared/{cast.alice_id}/{name}/")) for name in PAGES}

    assert headings(pages["summary"].partition("<main")[2]) == ["Allergies"]
    assert "Peanut" in pages["summary"]
    for page in pages.values():
        for words in ("Asthma", "Salbutamol", "Tetanus", "Haemoglobin", "from the past", "more "):
            assert words not in page.partition("<main")[2].partition("</main")[0].replace(
                "more about", ""
            )
    assert bob.get("/records/summary.json").status_code == 404
    for name in PAGES:
        carol = sign_in("carol@example.org")
        assert carol.get(f"/shared/{cast.alice_id}/{name}/").status_code == 404


def test_what_is_too_sensitive_is_neither_shown_nor_counted(cast: Cast) -> None:
    put_in(
        cast.alice,
        bundle(
            condition("Asthma"),
            {**condition("HIV"), "code": coded("86406008", "HIV infection", "http://snomed.info/sct")},
            {
                **condition("HIV old", "resolved"),
                "code": coded("86406008", "HIV infection", "http://snomed.info/sct"),
            },
        ),
        "two.json",
    )  # fmt: skip
    cast.share(Scope(tuple(Category), ORDINARY, may_copy=False, ends_at=None))
    shown = summary.summary(cast.bob, cast.alice_id)
    own = summary.summary(cast.alice, cast.alice_id)

    assert [line.title for line in shown.sections[0].lines] == ["Asthma"]
    assert (shown.sections[0].more, shown.sections[0].past) == (0, 0)
    assert (len(own.sections[0].lines), own.sections[0].past) == (2, 1)


def test_each_look_is_written_down_with_what_it_showed(cast: Cast, alice: Client) -> None:
    del alice
    cast.share()
    shown = summary.summary(cast.bob, cast.alice_id)
    with acting_as(cast.alice):
        event = AuditEvent.objects.filter(actor_id=cast.bob.user_id, action="read").latest("at")

    assert {line.id for one in shown.sections for line in one.lines} <= set(event.records)
    # and the Medication whose name it shows
    assert len(event.records) == sum(len(one.lines) for one in shown.sections) + 1


def document(client: Client) -> Json:
    answer = client.get("/records/summary.json")
    assert answer.headers["Content-Type"] == "application/fhir+json"
    made: Json = orjson.loads(body(answer))
    return made


def references(node: object) -> list[str]:
    if isinstance(node, dict):
        own = [node["reference"]] if isinstance(node.get("reference"), str) else []
        return own + [each for value in node.values() for each in references(value)]
    return [each for value in node for each in references(value)] if isinstance(node, list) else []


def test_the_document_is_valid_fhir_and_holds_all_it_refers_to(alice: Client) -> None:
    made = document(alice)
    entries = made["entry"]
    urls = [entry["fullUrl"] for entry in entries]
    kinds = [entry["resource"]["resourceType"] for entry in entries]
    sections = {one["code"]["coding"][0]["code"]: one for one in entries[0]["resource"]["section"]}

    assert r4.problem(made) is None
    assert kinds[:2] == ["Composition", "Patient"]
    assert len(set(urls)) == len(urls)
    assert set(references(made)) <= set(urls)
    assert list(sections) == ["11450-4", "10160-0", "48765-2", "11369-6", "30954-2"]
    assert [len(one["entry"]) for one in sections.values()] == [1, 2, 1, 1, 2]
    assert "Medication" in kinds
    assert "<li>Metformin</li>" in sections["10160-0"]["text"]["div"]
    assert entries[0]["resource"]["type"]["coding"][0]["code"] == "60591-5"
    assert b'"value": 5.5' in body(alice.get("/records/summary.json"))


def test_an_empty_summary_says_for_each_required_section_that_nothing_is_known(cast: Cast) -> None:
    del cast
    made = document(sign_in("alice@example.org"))
    sections = made["entry"][0]["resource"]["section"]

    assert r4.problem(made) is None
    assert "_birthDate" in made["entry"][1]["resource"]
    assert [one["emptyReason"]["coding"][0]["code"] for one in sections] == ["unavailable"] * 3
    assert all("entry" not in one and "Nothing recorded" in one["text"]["div"] for one in sections)


def test_the_document_can_be_read_back_and_keeps_its_numbers(cast: Cast) -> None:
    raw = bundle(result("2024-03-01", 1)).replace(b'"value":1', b'"value":7.20')
    put_in(cast.alice, raw, "seven.json")
    said = body(sign_in("alice@example.org").get("/records/summary.json"))

    assert b'"value": 7.20' in said or b'"value":7.20' in said
    assert put_in(cast.carol, said, "again.json").state == "finished"
    again = summary.summary(cast.carol, cast.carol_id)
    assert [line.title for line in again.sections[4].lines] == ["Haemoglobin: 7.2 g/L"]


def test_her_birth_date_stands_where_she_told_it_and_for_whom_it_is_shared_with(
    cast: Cast, alice: Client
) -> None:
    services.set_born(cast.alice, born=date(1980, 3, 2))
    shots = Scope((Category.IMMUNIZATIONS,), (Sensitivity.N,), may_copy=False, ends_at=None)
    cast.share(shots)

    assert document(alice)["entry"][1]["resource"]["birthDate"] == "1980-03-02"
    assert "Born 2 March 1980" in text(alice.get("/records/immunizations/"))
    bob = sign_in("bob@example.org")
    assert "March 1980" not in text(bob.get(f"/shared/{cast.alice_id}/immunizations/"))
    cast.share()
    assert "Born 2 March 1980" in text(bob.get(f"/shared/{cast.alice_id}/immunizations/"))


def test_a_copy_is_written_down(cast: Cast, alice: Client) -> None:
    made = document(alice)
    with acting_as(cast.alice):
        event = AuditEvent.objects.filter(action="copy").latest("at")

    assert {str(one) for one in event.records} == {
        entry["resource"]["id"] for entry in made["entry"][2:]
    }


def test_words_somebody_wrote_are_no_markup_in_the_document(cast: Cast) -> None:
    put_in(cast.alice, bundle(condition("<script>alert(1)</script> & more")), "x.json")
    made = document(sign_in("alice@example.org"))
    div = made["entry"][0]["resource"]["section"][0]["text"]["div"]

    assert "<script" not in div
    assert "&amp; more" in div


def test_who_keeps_no_record_has_no_summary(cast: Cast) -> None:
    with pytest.raises(Denied):
        summary.summary(cast.bob, cast.alice_id)
    bob = sign_in("bob@example.org")
    assert [bob.get(f"/records/{name}/").status_code for name in PAGES] == [404, 404, 404]


def test_the_projects_own_patient_summary_comes_through(cast: Cast) -> None:
    put_in(cast.alice, fhir("ips"), "ips.json")
    made = document(sign_in("alice@example.org"))

    assert r4.problem(made) is None
    assert set(references(made)) <= {entry["fullUrl"] for entry in made["entry"]}
    kinds = [entry["resource"]["resourceType"] for entry in made["entry"]]
    assert kinds.count("Patient") == 1
    subjects = [one["resource"].get("subject") for one in made["entry"]]
    assert {one["reference"] for one in subjects if one} == {made["entry"][1]["fullUrl"]}


def test_the_summary_on_paper_says_whose_it_is_what_is_missing_and_where_it_is_from(
    cast: Cast, alice: Client
) -> None:
    services.set_born(cast.alice, born=date(1980, 3, 2))
    answer = alice.get("/records/summary.pdf")
    reader = pypdf.PdfReader(io.BytesIO(body(answer)))
    said = " ".join(" ".join(page.extract_text() for page in reader.pages).split())
    shown = summary.summary(cast.alice, cast.alice_id)

    assert answer.headers["Content-Type"] == "application/pdf"
    for line in (line for one in shown.sections for line in one.lines):
        assert " ".join(line.title.split()) in said
    for words in (
        "International Patient Summary of Alice Archer", "Born 2 March 1980", "Printed on",
        "Page 1 of", "From file 1", "from the past not listed here", "may know more",
        "Procedures Nothing recorded.",
    ):  # fmt: skip
        assert words in said, words
    with acting_as(cast.alice):
        assert AuditEvent.objects.filter(actor_id=cast.alice.user_id, action="print").count() == 1
    assert sign_in("bob@example.org").get("/records/summary.pdf").status_code == 404
