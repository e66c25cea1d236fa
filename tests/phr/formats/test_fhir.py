"""What is taken out of valid FHIR files."""

import json
import re
from io import BytesIO

import pytest

from phr.box import parse
from phr.formats import fhir
from phr.formats.parsed import Limits, Parsed, Person, Skipped
from phr.formats.terms import LONGEST_TERM, MOST_TERMS, MOST_WORDS
from tests.phr.formats.reading import bundle, kept, observation, read, refusal
from tests.worlds import synthea
from tests.worlds.files import fhir as sample


def test_one_resource_with_everything_a_record_needs() -> None:
    raw = sample("observation")
    (found,) = kept(raw, "observation.json")
    assert found.resource_type == "Observation"
    assert found.category == "laboratory"
    assert found.effective_at == "2024-03-02T11:15:00Z"
    assert found.labels == ("N",)
    number = "Observation|https://lab.example.org/results|R-1"
    assert found.identity == f"{number}|http://loinc.org|718-7|2024-03-02T10:15:00Z"
    assert re.fullmatch("[0-9a-f]{64}", found.digest)
    assert {"Hemoglobin", "718-7", "mmol/L", "R-1", "Low", "laboratory"} <= set(found.terms)
    assert found.place == "the file"
    assert found.body == raw.strip()
    assert found.attachments == ()


def test_a_searchset_keeps_its_matches_and_skips_the_message() -> None:
    about, patient, result, visit, message = read(sample("searchset"))
    assert about == Person(
        ("Ada María Testperson",),
        "1961-05-17",
        ("https://clinic.example.org/mrn|0001",),
        ("https://clinic.example.org/fhir/Patient/ada", "Patient/ada"),
    )
    assert isinstance(patient, Parsed)
    assert patient.resource_type == "Patient"
    assert isinstance(result, Parsed)
    assert result.place == "entry 2"
    assert (result.subject, result.codes) == ("Patient/ada", ("http://loinc.org|718-7",))
    assert isinstance(visit, Parsed)
    assert visit.identity == "https://clinic.example.org/fhir/Encounter/v1"
    assert visit.effective_at == "2024-03-02T10:00:00Z"
    assert message == Skipped("entry 4", "it is a message between systems")


def test_a_patient_summary_document() -> None:
    found = kept(sample("ips"))
    assert [f.resource_type for f in found] == [
        "Composition",
        "Patient",
        "MedicationStatement",
        "AllergyIntolerance",
        "Condition",
    ]
    assert [f.category for f in found[2:]] == ["medications", "allergies", "conditions"]
    assert [f.effective_at for f in found[2:]] == [
        "2015-03-01T00:00:00Z",
        "2010-01-01T00:00:00Z",
        "2016-08-12T00:00:00Z",
    ]
    assert "PSY" in found[4].labels
    assert found[2].identity == "urn:uuid:00000000-0000-4000-8000-000000000003"


def test_entry_before_type_is_still_a_bundle() -> None:
    visit, deleted = read(sample("history"))
    assert isinstance(visit, Parsed)
    assert deleted == Skipped("entry 2", "it has no resource in it")


def test_a_list_has_entries_but_is_no_bundle() -> None:
    (found,) = kept(sample("list"))
    assert found.resource_type == "List"
    assert found.body == sample("list").strip()


def test_bodies_are_the_bytes_received() -> None:
    code = b'"code":{"text":"na\\u00efve"},"valueQuantity":{"value":1.00}'
    odd = b'{ "resourceType":"Observation",\n\t"status":"final" ,' + code + b" }"
    raw = b'{"resourceType":"Bundle","type":"batch","entry":[ {"resource" : ' + odd + b" } ]}"
    (found,) = kept(raw)
    assert found.body == odd


def test_a_byte_order_mark_is_let_pass() -> None:
    assert kept(b"\xef\xbb\xbf" + sample("observation")) == kept(sample("observation"))


def test_the_digest_ignores_meta_narrative_and_order_but_not_precision() -> None:
    plain = observation(valueQuantity={"value": 7.2})
    digest = kept(plain)[0].digest
    assert kept(plain | {"meta": {"versionId": "9"}})[0].digest == digest
    assert kept(dict(reversed(plain.items())))[0].digest == digest
    raw = json.dumps(plain).encode()
    assert kept(raw.replace(b"7.2", b"7.20"))[0].digest != digest
    assert kept(raw.replace(b"7.2", b"7.3"))[0].digest != digest


def test_an_identifier_used_twice_in_a_bundle_names_only_the_first() -> None:
    order = [{"system": "https://lab.example.org/orders", "value": "1"}]
    first, second = observation(identifier=order), observation(identifier=order, status="amended")
    whole = bundle(first, second)
    whole["entry"][1]["fullUrl"] = "urn:uuid:00000000-0000-4000-8000-000000000009"
    assert [f.identity for f in kept(whole)] == [
        "Observation|https://lab.example.org/orders|1|http://loinc.org|718-7",
        "urn:uuid:00000000-0000-4000-8000-000000000009",
    ]


def test_a_bundle_in_a_bundle_is_opened() -> None:
    found = kept(bundle(bundle(observation(), observation()), observation()))
    assert [f.place for f in found] == ["entry 1, entry 1", "entry 1, entry 2", "entry 2"]


def test_an_entry_without_resource_type_is_skipped() -> None:
    assert read(bundle({"id": "x"})) == [
        Skipped("entry 1", "it does not say which type of resource it is")
    ]


def test_null_keeps_the_place_of_a_missing_given_name() -> None:
    extension = {"extension": [{"url": "https://example.org/why", "valueCode": "masked"}]}
    name = {"given": ["Ada", None], "_given": [None, extension]}
    assert kept({"resourceType": "Patient", "name": [name]})


def test_a_required_code_may_be_only_an_extension() -> None:
    absent = {"extension": [{"url": "https://example.org/absent", "valueCode": "unknown"}]}
    assert kept(observation(status=None) | {"_status": absent})


def test_hostile_texts_are_kept_but_their_terms_are_plain() -> None:
    text = "<script>alert(1)</script>\x00\u202e\u2066 =cmd|' /C calc'!A0"
    (found,) = kept(observation(code={"text": text}))
    assert json.loads(found.body)["code"]["text"] == text
    assert found.terms == ("<script>alert(1)</script> =cmd|' /C calc'!A0",)


def test_terms_are_bounded() -> None:
    notes = [{"text": f"{n} " + "long " * 100} for n in range(500)]
    (found,) = kept(observation(note=notes))
    assert len(found.terms) <= MOST_TERMS + MOST_WORDS
    assert max(map(len, found.terms)) <= LONGEST_TERM


def test_an_endless_identifier_becomes_its_digest() -> None:
    (found,) = kept(observation(identifier=[{"system": "https://x", "value": "9" * 100_000}]))
    assert found.identity
    assert len(found.identity) < 100


@pytest.mark.parametrize("step", [1, 7, 4096, 1_000_000])
def test_the_size_of_the_reads_does_not_matter(step: int) -> None:
    raw = sample("searchset")
    data = BytesIO(raw)
    assert list(fhir.read(lambda n: data.read(min(n, step)), Limits(), "")) == read(raw)


def test_whole_numbers_of_any_length_have_a_digest() -> None:
    assert kept(observation(valueQuantity={"value": 10**30}))


def test_a_made_up_record_is_taken_whole() -> None:
    raw = b"".join(synthea.lines(400))
    found = kept(raw)
    assert len(found) == 400
    assert json.loads(raw) == synthea.bundle(400)
    assert len({f.digest for f in found}) == 400
    assert all(f.identity for f in found)
    assert {f.category for f in found} >= {"laboratory", "vital-signs", "conditions", "medications"}


def test_more_entries_than_the_limit() -> None:
    sentence = refusal(bundle(*[observation()] * 4), limits=Limits(max_entries=3))
    assert sentence == "The file has more than 3 entries, the most that are taken."


def test_a_resource_on_each_line() -> None:
    lines = [observation(id=str(n), valueQuantity={"value": n}) for n in range(3)]
    raw = "\r\n".join(json.dumps(each) for each in lines).encode() + b"\n\n"
    found = kept(raw, "Observation.ndjson")
    assert [json.loads(each.body) for each in found] == lines
    assert [each.place for each in found] == ["resource 1", "resource 2", "resource 3"]
    assert found[2].links == ("Observation/2",)


def test_many_lines_are_read_through_the_box_and_bounded() -> None:
    raw = b"".join(json.dumps(observation(id=f"{n}")).encode() + b"\n" for n in range(3000))
    boxed = [each for each in parse([raw], filename="a.ndjson") if isinstance(each, Parsed)]
    assert boxed == kept(raw)
    assert "more than 2000 resources" in refusal(raw, limits=Limits(max_entries=2000))


def test_a_bad_line_is_named_and_the_others_are_kept() -> None:
    good, bad = (json.dumps(observation(**c)).encode() for c in ({}, {"status": None}))
    first, second, third = read(b"\n".join((good, bad, b"{}")))
    assert isinstance(first, Parsed)
    assert second == Skipped("resource 2", "Observation.status is missing")
    assert third == Skipped("resource 3", "it does not say which type of resource it is")
    assert refusal(bad + b"\n" + bad) == "Resource 1, Observation.status is missing."
    assert "Resource 2 (line 2) is not correct JSON" in refusal(good + b"\n{x")
    assert "more text after the end" in refusal(good + b"\nwords")


def test_an_entry_that_breaks_a_rule_is_left_out_with_its_reason() -> None:
    """The reason says where; what refers to it still does."""
    bad = {"resourceType": "Encounter", "id": "e", "status": "finished"}
    points = observation(encounter={"reference": "Encounter/e"})
    unknown = bundle(observation(), bad, points, {"id": "x"})
    unknown["entry"][0]["fullURL"] = "x"
    first, second, third, fourth = read(unknown)
    assert first == Skipped("entry 1", 'Bundle.entry has "fullURL", which FHIR R4 does not know')
    assert second == Skipped("entry 2", "Encounter.class is missing")
    assert isinstance(third, Parsed)
    assert json.loads(third.body) == points
    assert isinstance(fourth, Skipped)


def test_the_one_left_out_does_not_take_the_number_of_another() -> None:
    number = [{"system": "https://lab.example", "value": "7"}]
    bad, good = observation(identifier=number, status="x"), observation(identifier=number)
    assert [each.identity for each in kept(bundle(bad, good))] == [kept(bundle(good))[0].identity]


def test_of_a_bundle_within_only_what_is_wrong_is_left_out() -> None:
    inside = bundle(observation(status=None), observation())
    assert [type(each) for each in read(bundle(inside))] == [Skipped, Parsed]
    first, second = read(bundle(observation(), bundle(observation(), type="x")))
    assert isinstance(first, Parsed)
    assert isinstance(second, Skipped)
    assert second.reason.startswith("Bundle.type is not one of")


def test_a_message_between_systems_refuses_nothing_whatever_is_in_it() -> None:
    message = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "x"}]}
    found = read(bundle(observation(), message, type="searchset"))
    assert found[1:] == [Skipped("entry 2", "it is a message between systems")]


@pytest.mark.parametrize("name", [{"family": "Smith"}, 7, "Smith", [3], [{"given": "Otto"}]])
def test_a_patient_who_is_left_out_still_says_whom_the_file_is_about(name: object) -> None:
    """Else a stranger's file would be added without a question for want of a comma."""
    wrong = {"resourceType": "Patient", "id": "p", "birthDate": "3.2.1980", "name": name}
    found = read(bundle(wrong, observation(subject={"reference": "Patient/p"})))
    assert [type(each) for each in found] == [Person, Skipped, Parsed]
    assert isinstance(found[0], Person)
    assert (found[0].birth_date, found[0].links) == ("3.2.1980", ("Patient/p",))
    line = json.dumps(wrong).encode() + b"\n" + json.dumps(observation()).encode()
    assert [type(each) for each in read(line)] == [Person, Skipped, Parsed]


def test_a_page_of_a_search_says_that_there_is_more() -> None:
    link = [{"relation": "self", "url": "https://h/1"}, {"relation": "next", "url": "https://h/2"}]
    for page in ({"link": link}, {"total": 3}, {"link": link, "total": 3}):
        found = read(bundle(observation(), observation(), type="searchset", **page))
        (rest,) = (each for each in found if isinstance(each, Skipped))
        assert rest.place == "the rest"
        assert "only one page of several" in rest.reason
    whole = bundle(observation(), observation(), type="searchset", total=2, link=link[:1])
    assert [type(each) for each in read(whole)] == [Parsed, Parsed]
    assert "Bundle.total" in refusal(bundle(observation(), total="x"))
    assert "Bundle.link" in refusal(bundle(observation(), link=[{"relation": "next"}]))


def test_another_version_among_many_refuses_the_file() -> None:
    stu3 = observation(context={"display": "x"})
    assert "looks like FHIR STU3" in refusal(bundle(observation(), stu3))
    assert "type of FHIR R5" in refusal(bundle(observation(), {"resourceType": "Transport"}))


@pytest.mark.parametrize("kind", ["MedicinalProductDefinition", "SubstanceDefinition", "Household"])
def test_a_type_that_r4_does_not_know_is_kept_as_it_is(kind: str) -> None:
    """R4B (4.3.0) has types that R4 has not, and systems have their own."""
    raw = b'{"resourceType":"%s","id":"1","name":[{"x":1.50,"_x":{"id":"a"}},null]}' % kind.encode()
    (item,) = kept(raw)
    assert (item.resource_type, item.category, item.labels) == (kind, "other", ("unclassified",))
    assert item.body == raw


NUMBER = {"system": "urn:mrn", "value": "O-2"}


@pytest.mark.parametrize(
    ("subject", "person"),
    [
        ({"reference": "Patient/9", "display": "Otto Schmidt"},
         Person(("Otto Schmidt",), links=("Patient/9",), in_words=True)),
        ({"display": "Otto Schmidt"}, Person(("Otto Schmidt",), in_words=True)),
        ({"reference": "#p"}, Person(("Otto Schmidt",), "1950-01-01")),
        ({"reference": "#g", "display": "A group"}, None),
        ({"reference": "Group/1", "display": "A group"}, None),
        ({"display": "Pump", "type": "Device"}, None),
        ({"identifier": NUMBER},
         Person((), identifiers=("urn:mrn|O-2",), in_words=True)),
        ({"identifier": {"value": "O-2"}}, Person((), identifiers=("|O-2",), in_words=True)),
        ({"reference": "#n"}, Person((), identifiers=("urn:mrn|O-2",), in_words=True)),
        ({"reference": "Patient/9", "identifier": {"value": "O-2"}}, None),
        ({"type": "Device", "identifier": {"value": "O-2"}}, None),
        ({"type": "http://hl7.org/fhir/StructureDefinition/Patient", "display": "Otto Schmidt"},
         Person(("Otto Schmidt",), in_words=True)),
    ],
)  # fmt: skip
def test_whom_a_resource_names_within_itself(
    subject: dict[str, object], person: Person | None
) -> None:
    otto = {"given": ["Otto"], "family": "Schmidt"}
    within = [
        {"resourceType": "Patient", "id": "p", "name": [otto], "birthDate": "1950-01-01"},
        {"resourceType": "Group", "id": "g", "type": "person", "actual": True},
        {"resourceType": "Patient", "id": "n", "identifier": [NUMBER]},
    ]
    one = observation(subject=subject, contained=within)

    found = read(bundle(one, one))

    assert [each for each in found if isinstance(each, Person)] == ([person] if person else [])


ZOE = Person(("Zoe Other",), links=("Patient/2",), in_words=True)
CALLED_TWO = Person((), links=("Patient/2",), in_words=True)


@pytest.mark.parametrize(
    ("actor", "people"),
    [
        ({"reference": "Patient/2", "display": "Zoe Other"}, [CALLED_TWO, ZOE]),
        ({"type": "Patient", "identifier": NUMBER},
         [Person((), identifiers=("urn:mrn|O-2",), in_words=True)]),
        ({"reference": "urn:uuid:2"}, [Person((), links=("urn:uuid:2",), in_words=True)]),
        ({"reference": "Practitioner/2", "display": "Zoe Other"}, []),
        ({"reference": "urn:uuid:2", "type": "Practitioner", "display": "Zoe Other"}, []),
        ({"display": "Zoe Other"}, []),
        ({"identifier": NUMBER}, []),
    ],
)  # fmt: skip
def test_whom_an_appointment_is_with(actor: dict[str, object], people: list[Person]) -> None:
    part = {"actor": actor, "status": "accepted"}
    visit = {"resourceType": "Appointment", "status": "booked", "participant": [part]}

    assert [each for each in read(bundle(visit)) if isinstance(each, Person)] == people


def test_each_whose_account_it_is() -> None:
    many = [{"reference": "Patient/2"}, {"reference": "Organization/1"}, {"identifier": NUMBER}]
    account = {"resourceType": "Account", "status": "active", "subject": many}

    assert [each for each in read(bundle(account)) if isinstance(each, Person)] == [
        CALLED_TWO,
        Person((), identifiers=("urn:mrn|O-2",), in_words=True),
    ]


@pytest.mark.parametrize(
    "odd",
    [
        {"subject": {"reference": 5, "display": ["x"], "type": 7, "identifier": ["x"]}},
        {"subject": [5, {"reference": 5}]},
        {"subject": {"reference": "#p"}, "contained": [5, {"id": "p"}]},
        {"subject": {"identifier": {"value": 5}}},
    ],
)
def test_a_type_that_r4_has_not_may_have_a_subject_of_any_shape(odd: dict[str, object]) -> None:
    found = read(bundle({"resourceType": "Ingredient", **odd}))

    assert [type(each) for each in found] == [Parsed]
