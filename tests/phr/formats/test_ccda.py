"""What a C-CDA document becomes, section by section."""

import json
from typing import Any

import pytest

from phr.box import parse
from phr.formats.parsed import Parsed, Person, Progress, Skipped
from tests.phr.formats.reading import kept, read
from tests.worlds.ccda import RICH, result, section

Json = dict[str, Any]


def of(kind: str, data: bytes = RICH) -> list[Json]:
    return [json.loads(each.body) for each in kept(data) if each.resource_type == kind]


def codes(concept: Json) -> set[tuple[str, str]]:
    return {(each.get("system", ""), each["code"]) for each in concept["coding"]}


def test_the_person_comes_first() -> None:
    first, second, *_ = read(RICH, "summary.xml")
    assert isinstance(first, Person)
    assert isinstance(second, Parsed)
    assert first.names == ("Alice B. Example",)
    assert first.birth_date == "1970-05-01"
    assert first.identifiers == ("urn:oid:1.2.3.999.2|MRN-7",)
    assert first.links == second.links[:1]
    patient = json.loads(second.body)
    assert patient["gender"] == "female"
    assert patient["telecom"] == [{"system": "phone", "use": "mobile", "value": "+1-555-0100"}]


def test_everything_is_about_that_person_and_has_a_place() -> None:
    person, *others = [each for each in read(RICH) if isinstance(each, Person | Parsed)]
    (url,) = person.links
    assert all(each.subject == url for each in others[1:] if isinstance(each, Parsed))
    places = [each.place for each in kept(RICH)]
    assert "medications, entry 1" in places
    assert "results, entry 1" in places


def test_reading_twice_gives_the_same() -> None:
    assert read(RICH) == read(RICH)
    identities = [each.identity for each in kept(RICH) if each.identity]
    assert any(each.startswith("Observation|urn:oid:1.2.3.999.7|o-1|") for each in identities)
    assert len(identities) == len(set(identities))


def test_conditions() -> None:
    pressure, wrist, cold = of("Condition")
    assert codes(pressure["code"]) == {
        ("http://snomed.info/sct", "59621000"),
        ("http://hl7.org/fhir/sid/icd-10-cm", "I10"),
        ("urn:oid:1.2.3.4.5", "X1"),
    }
    assert pressure["code"]["text"] == "High blood pressure <script>alert(1)</script>"
    assert pressure["onsetDateTime"] == "2015-02"
    assert pressure["recordedDate"] == "2015-02-10"
    assert pressure["note"] == [{"text": "Watch the salt"}]
    assert pressure["clinicalStatus"]["coding"][0]["code"] == "active"
    assert wrist["clinicalStatus"]["coding"][0]["code"] == "resolved"
    assert wrist["abatementDateTime"] == "2020-03-01"
    assert wrist["code"] == {"text": "Broken wrist"}
    assert cold["category"][0]["coding"][0]["code"] == "encounter-diagnosis"


def test_allergies_and_that_there_are_none() -> None:
    penicillin, food = of("AllergyIntolerance")
    assert penicillin["category"] == ["medication"]
    assert penicillin["criticality"] == "high"
    assert penicillin["onsetDateTime"] == "1998"
    assert penicillin["reaction"][0]["severity"] == "moderate"
    assert penicillin["reaction"][0]["manifestation"][0]["text"] == "Hives"
    assert food["code"]["text"] == "No known food allergy"


def test_an_allergy_that_was_ruled_out() -> None:
    said = RICH.replace(b'moodCode="EVN"><templateId root="2.16.840.1.113883.10.20.22.4.7"/>', b"")
    said = said.replace(
        b'<observation classCode="OBS" moodCode="EVN">\n        <templateId '
        b'root="2.16.840.1.113883.10.20.22.4.7"/>',
        b'<observation classCode="OBS" moodCode="EVN" negationInd="true">',
    )
    first = of("AllergyIntolerance", said)[0]
    assert first["verificationStatus"]["coding"][0]["code"] == "refuted"


def test_medicines() -> None:
    (metformin,) = of("MedicationStatement")
    assert metformin["status"] == "active"
    assert metformin["effectivePeriod"] == {"start": "2023-01-05"}
    assert metformin["medicationCodeableConcept"]["text"] == "Metformin"
    (dose,) = metformin["dosage"]
    assert dose["text"] == "Take one tablet twice a day with food"
    assert dose["timing"]["repeat"] == {"frequency": 1, "period": 12, "periodUnit": "h"}
    assert metformin["reasonCode"][0]["text"] == "Type 2 diabetes"
    (raw,) = (each.body for each in kept(RICH) if each.resource_type == "MedicationStatement")
    assert b'"value":1.50' in raw


def test_vaccinations_given_and_not_given() -> None:
    given, refused = of("Immunization")
    assert given["status"] == "completed"
    assert given["occurrenceDateTime"] == "2023-10-15"
    assert given["lotNumber"] == "LOT-1"
    assert given["manufacturer"] == {"display": "Vaccines Inc"}
    assert codes(given["vaccineCode"]) == {("http://hl7.org/fhir/sid/cvx", "140")}
    assert refused["status"] == "not-done"
    assert refused["statusReason"]["text"] == "Patient objection"
    assert refused["occurrenceString"]


def test_a_report_names_its_results() -> None:
    (report,) = of("DiagnosticReport")
    results = [each for each in kept(RICH) if each.identity and "999.7|o-" in each.identity]
    assert [each["reference"] for each in report["result"]] == [r.links[0] for r in results]
    assert report["effectiveDateTime"] == "2024-03-02T09:30:00-05:00"
    glucose, crp, group, colour = (json.loads(each.body) for each in results)
    assert b'"value":7.20' in results[0].body
    assert glucose["referenceRange"][0]["high"]["value"] == 5.6
    assert glucose["interpretation"][0]["coding"][0]["code"] == "H"
    assert crp["valueQuantity"]["comparator"] == "<"
    assert group["valueCodeableConcept"]["text"] == "Group A"
    assert group["status"] == "preliminary"
    assert colour["valueString"] == "straw"


def test_the_other_sections() -> None:
    (pressure,) = (each for each in kept(RICH) if each.category == "vital-signs")
    assert pressure.effective_at == "2024-03-02T00:00:00Z"
    assert pressure.identity is not None
    assert "|v-1|" in pressure.identity
    (procedure,) = of("Procedure")
    assert procedure["performedDateTime"] == "1985"
    assert procedure["performer"] == [{"actor": {"display": "Sue Surgeon"}}]
    (visit,) = of("Encounter")
    assert visit["class"]["code"] == "AMB"
    (cold,) = (each for each in kept(RICH) if each.identity and each.identity.endswith("|d-1"))
    assert visit["diagnosis"] == [{"condition": {"reference": cold.links[0]}}]
    (smoking,) = (each for each in kept(RICH) if each.category == "social-history")
    assert smoking.codes == ("http://loinc.org|72166-2",)
    (asked,) = of("ServiceRequest")
    assert (asked["intent"], asked["occurrenceDateTime"]) == ("order", "2024-09-01")
    (planned,) = of("MedicationRequest")
    assert planned["intent"] == "plan"
    assert planned["dosageInstruction"][0]["timing"]["event"]


def test_every_narrative_is_kept_in_the_composition() -> None:
    (whole,) = of("Composition")
    assert whole["title"] == "Summary of care"
    assert whole["author"][0]["display"] == "Bob Doctor (Valley Clinic)"
    divs = {each["title"]: each["text"]["div"] for each in whole["section"]}
    assert len(divs) == 11
    assert "<b>hives</b>" in divs["Allergies"]
    assert '<td colspan="2">High blood <br/>pressure &lt;script&gt;' in divs["Problems"]
    assert whole["section"][-1]["section"][0]["title"] == "Mother"
    assert "<script" not in json.dumps(whole)
    skipped = [each for each in read(RICH) if isinstance(each, Skipped)]
    assert [each.place for each in skipped] == ["family history, entry 1"]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ('<value xsi:type="PQ" value="trace" unit="mg"/>', {"valueString": "trace mg"}),
        ('<value xsi:type="INT" value="3"/>', {"valueInteger": 3}),
        ('<value xsi:type="BL" value="false"/>', {"valueBoolean": False}),
        ('<value xsi:type="TS" value="2024"/>', {"valueDateTime": "2024"}),
        ('<value xsi:type="REAL" value=".5"/>', {"valueQuantity": {"value": 0.5}}),
        ('<value xsi:type="XX">odd</value>', {"valueString": "odd"}),
        ('<value xsi:type="ST">a</value><value xsi:type="ST">b</value>', {"valueString": "a; b"}),
        (
            '<value xsi:type="RTO_PQ_PQ"><numerator value="1"/><denominator value="8"/></value>',
            {"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 8}}},
        ),
    ],
)
def test_types_of_values(value: str, found: Json) -> None:
    (made,) = of("Observation", result(value))
    assert {k: v for k, v in made.items() if k.startswith("value")} == found


def test_a_value_that_is_missing_says_why() -> None:
    (made,) = of("Observation", result('<value xsi:type="PQ" nullFlavor="ASKU"/>'))
    assert made["dataAbsentReason"]["coding"][0]["code"] == "asked-unknown"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2024", "2024"),
        ("202402", "2024-02"),
        ("20240229", "2024-02-29"),
        ("20230229", None),
        ("20240302101500+0100", "2024-03-02T10:15:00+01:00"),
        ("20240302101500.123-0500", "2024-03-02T10:15:00.123-05:00"),
        ("2024030210-0500", "2024-03-02T10:00:00-05:00"),
        ("20240302101500", "2024-03-02"),
        ("20240302101500+9900", "2024-03-02"),
        ("yesterday", None),
    ],
)
def test_dates_are_no_more_exact_than_they_are(text: str, found: str | None) -> None:
    (made,) = of("Observation", result("", f'<effectiveTime value="{text}"/>'))
    assert made.get("effectiveDateTime") == found


def test_an_entry_without_what_fhir_needs_costs_only_itself() -> None:
    bad = RICH.replace(b'<code code="80146002"', b'<code code="  "').replace(
        b'<code code="140" codeSystem="2.16.840.1.113883.12.292" displayName="Influenza"/>', b""
    )
    skipped = {each.place: each.reason for each in read(bad) if isinstance(each, Skipped)}
    assert skipped["immunizations, entry 1"].startswith("it cannot be kept as Immunization")
    assert len(of("Immunization", bad)) == 1


def test_words_alone_are_kept() -> None:
    told = section("<text><paragraph>It began on a <content>Monday</content>.</paragraph></text>")
    assert [each.resource_type for each in kept(told)] == ["Patient", "Composition"]
    (whole,) = of("Composition", told)
    assert "<p>It began on a <span>Monday</span>.</p>" in whole["section"][0]["text"]["div"]


def test_the_box_reads_it_when_it_is_locked() -> None:
    found = [e for e in parse([RICH], filename="a.xml") if not isinstance(e, Progress)]
    assert found == read(RICH, "a.xml")
