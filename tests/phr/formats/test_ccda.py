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
    assert "Observation|urn:oid:1.2.3.999.7|o-1" in identities
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
    high, low = (each for each in kept(RICH) if each.category == "vital-signs")
    assert high.effective_at == low.effective_at == "2024-03-02T00:00:00Z"
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
    assert planned["dosageInstruction"][0]["timing"]["repeat"]["boundsPeriod"]["start"]


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


def entry(statement: str, code: str, before: str = "") -> bytes:
    """A document of one section of this code with one entry; `before` stands before the entry."""
    return section(f"<text>Words</text>{before}<entry>{statement}</entry>", code)


def template(number: str) -> str:
    return f'<templateId root="2.16.840.1.113883.10.20.{number}"/>'


def observed(number: str, inner: str, attributes: str = "") -> str:
    return (
        f'<observation classCode="OBS" moodCode="EVN" {attributes}>{template(number)}'
        f'<statusCode code="completed"/>{inner}</observation>'
    )


def value(words: str, code: str = "1") -> str:
    said = f'code="{code}" codeSystem="2.16.840.1.113883.6.96" displayName="{words}"'
    return f'<value xsi:type="CD" {said}/>'


DIED = (
    f'<entryRelationship typeCode="CAUS">{observed("22.4.47", value("Dead"))}</entryRelationship>'
)
AGE = (
    '<entryRelationship typeCode="SUBJ" inversionInd="true">'
    + observed("22.4.31", '<value xsi:type="PQ" value="57" unit="a"/>')
    + "</entryRelationship>"
)
MOTHER = f"""<organizer classCode="CLUSTER" moodCode="EVN">{template("22.4.45")}
<id root="1.2.3.999.8" extension="f-1"/><statusCode code="completed"/><subject><relatedSubject
classCode="PRS"><code code="MTH" codeSystem="2.16.840.1.113883.5.111" displayName="Mother"/><subject>
<administrativeGenderCode code="F"/><birthTime value="1931"/></subject></relatedSubject></subject>
<component>{observed("22.4.46", value("Heart attack") + AGE + DIED)}</component>
<component>{observed("22.4.46", value("Diabetes"), 'negationInd="true"')}</component>
</organizer>"""


def test_what_ran_in_the_family_and_what_did_not() -> None:
    (mother,) = of("FamilyMemberHistory", entry(MOTHER, "10157-6"))
    assert mother["relationship"]["coding"][0]["code"] == "MTH"
    assert (mother["sex"]["coding"][0]["code"], mother["bornDate"]) == ("female", "1931")
    (attack,) = mother["condition"]
    assert attack["code"]["text"] == "Heart attack"
    assert attack["contributedToDeath"] is True
    assert attack["onsetAge"]["value"] == 57
    assert mother["deceasedBoolean"] is True
    assert mother["note"] == [{"text": "Did not have: Diabetes"}]


GOAL = f"""<observation classCode="OBS" moodCode="GOL" %s>{template("22.4.121")}
<id root="1.2.3.999.8" extension="g-1"/><code code="29463-7" codeSystem="2.16.840.1.113883.6.1"
displayName="Body weight"/><statusCode code="active"/><effectiveTime><low value="20240101"/>
<high value="20240601"/></effectiveTime><value xsi:type="PQ" value="70.0" unit="kg"/></observation>"""


def test_goals() -> None:
    (goal,) = of("Goal", entry(GOAL % "", "61146-7"))
    assert (goal["lifecycleStatus"], goal["startDate"]) == ("active", "2024-01-01")
    assert goal["description"]["text"] == "Body weight"
    (target,) = goal["target"]
    assert target["dueDate"] == "2024-06-01"
    assert target["detailQuantity"]["code"] == "kg"
    assert not of("Goal", entry(GOAL % 'negationInd="1"', "61146-7"))


def test_a_plan_holds_its_words_and_what_is_planned() -> None:
    (plan,) = of("CarePlan")
    (asked,) = of("ServiceRequest")
    urls = {each.links[0] for each in kept(RICH) if each.resource_type == "ServiceRequest"}
    assert asked["intent"] == "order"
    assert urls < {each["reference"]["reference"] for each in plan["activity"]}
    assert plan["text"]["status"] == "additional"


SUPPLY = f"""<supply classCode="SPLY" moodCode="EVN" %s>{template("22.4.50")}
<id root="1.2.3.999.8" extension="s-1"/><statusCode code="completed"/><effectiveTime
xsi:type="IVL_TS"><low value="20200301"/></effectiveTime><participant typeCode="PRD"><participantRole
classCode="MANU">{template("22.4.37")}<id root="2.16.840.1.113883.3.3719" extension="(01)0123"/>
<playingDevice><code code="14106009" codeSystem="2.16.840.1.113883.6.96" displayName="Pacemaker"/>
<manufacturerModelName>Beat 3</manufacturerModelName></playingDevice><scopingEntity><desc>Beats Ltd
</desc></scopingEntity></participantRole></participant></supply>"""


def test_devices_and_their_use() -> None:
    data = entry(SUPPLY % "", "46264-8")
    (device,), (use,) = of("Device", data), of("DeviceUseStatement", data)
    assert device["type"]["text"] == "Pacemaker"
    assert device["udiCarrier"] == [{"carrierHRF": "(01)0123"}]
    assert (device["manufacturer"], device["deviceName"][0]["name"]) == ("Beats Ltd", "Beat 3")
    (found,) = (each for each in kept(data) if each.resource_type == "Device")
    assert use["device"]["reference"] == found.links[0]
    assert use["timingPeriod"] == {"start": "2020-03-01"}
    assert not of("Device", entry(SUPPLY % 'negationInd="true"', "46264-8"))


def test_an_implant_of_a_procedure() -> None:
    done = SUPPLY.replace("supply", "procedure").replace("22.4.50", "22.4.14")
    data = entry(done % "", "47519-4")
    (found,) = (each for each in kept(data) if each.resource_type == "Device")
    (procedure,) = of("Procedure", data)
    assert procedure["focalDevice"][0]["manipulated"]["reference"] == found.links[0]


def test_what_somebody_can_do_and_how_she_thinks() -> None:
    walks = '<code code="54522-8" codeSystem="2.16.840.1.113883.6.1"/>' + value("Walks alone")
    scale = (
        '<code code="72106-8" codeSystem="2.16.840.1.113883.6.1"/><value xsi:type="INT" value="27"/>'
        '<entryRelationship typeCode="COMP">'
        + observed("22.4.86", '<code code="1" codeSystem="1.2.3"/>' + value("Knows the year"))
        + "</entryRelationship>"
    )
    (found,) = of("Observation", entry(observed("22.4.67", walks), "47420-5"))
    assert found["category"][0]["coding"][0]["code"] == "survey"
    assert found["valueCodeableConcept"]["text"] == "Walks alone"
    (found,) = of("Observation", entry(observed("22.4.69", scale), "10190-7"))
    assert found["valueInteger"] == 27
    assert found["component"][0]["valueCodeableConcept"]["text"] == "Knows the year"


@pytest.mark.parametrize("so", ["true", "1"])
@pytest.mark.parametrize(
    ("number", "section_code", "kind"),
    [
        ("22.4.4", "11450-4", "Condition"), ("22.4.2", "30954-2", "Observation"),
        ("22.4.38", "29762-2", "Observation"), ("22.4.67", "47420-5", "Observation"),
        ("22.4.27", "8716-3", "Observation"),
    ],
)  # fmt: skip
def test_what_is_negated_is_never_shown_as_present(
    so: str, number: str, section_code: str, kind: str
) -> None:
    code = '<code code="1" codeSystem="1.2.3"/>'
    data = entry(observed(number, code + value("Gout"), f'negationInd="{so}"'), section_code)
    (found,) = of(kind, data)
    refuted = found.get("verificationStatus", {}).get("coding", [{}])[0].get("code") == "refuted"
    assert refuted or found.get("valueString") == "Not: Gout"
    assert "valueCodeableConcept" not in found
    (nothing,) = of("Observation", entry(observed("22.4.2", code, f'negationInd="{so}"'), "x"))
    assert nothing["status"] == "cancelled"


def test_reasons_reactions_and_concerns_that_are_negated() -> None:
    reaction = observed("22.4.9", value("Hives"), 'negationInd="true"')
    allergy = observed(
        "22.4.7",
        f"{value('x', '419199007')}<entryRelationship>{reaction}</entryRelationship><participant>"
        '<participantRole><playingEntity><code code="1" codeSystem="1.2.3" displayName="Nuts"/>'
        "</playingEntity></participantRole></participant>",
    )
    (found,) = of("AllergyIntolerance", entry(allergy, "48765-2"))
    assert "reaction" not in found
    concern = (
        f'<act classCode="ACT" moodCode="EVN" negationInd="true">{template("22.4.3")}'
        f"<entryRelationship>{observed('22.4.4', value('Gout'))}</entryRelationship></act>"
    )
    (gout,) = of("Condition", entry(concern, "11450-4"))
    assert gout["verificationStatus"]["coding"][0]["code"] == "refuted"


def test_what_is_null_is_not_kept() -> None:
    empty = observed("22.4.4", '<value xsi:type="CD" nullFlavor="NI"/>')
    assert not of("Condition", entry(empty, "11450-4"))
    unknown = observed("22.4.2", '<code code="1" codeSystem="1.2.3"/>', 'nullFlavor="UNK"')
    panel = (
        f'<organizer classCode="BATTERY" moodCode="EVN">{template("22.4.1")}'
        f"<component>{unknown}</component></organizer>"
    )
    assert not of("Observation", entry(panel, "30954-2"))


def test_a_restricted_section_restricts_what_is_in_it_and_the_document() -> None:
    weight = observed("22.4.27", '<code code="29463-7" codeSystem="2.16.840.1.113883.6.1"/>')
    plain = entry(weight, "8716-3")
    assert of("Observation", plain)[0].get("meta") is None
    data = entry(weight, "8716-3", '<confidentialityCode code="R"/>')
    items = {each.resource_type: each for each in kept(data)}
    assert items["Observation"].labels == ("unclassified",)
    assert items["Patient"].labels == ("N",)
    for kind in ("Observation", "Composition"):
        assert of(kind, data)[0]["meta"]["security"][0]["code"] == "R"
    two = data.replace(
        b"</section></component>",
        b'</section></component><component><section><code code="8716-3"/><text>x</text><entry>'
        + weight.encode()
        + b"</entry></section></component>",
        1,
    )
    assert [each.get("meta") is None for each in of("Observation", two)] == [False, True]


@pytest.mark.parametrize("name", ["utf-16", "utf-16-le", "iso-8859-15", "windows-1250"])
def test_other_alphabets(name: str) -> None:
    declared = name.removesuffix("-le")
    data = result('<value xsi:type="ST">é</value>').decode()
    encoded = f'<?xml version="1.0" encoding="{declared}"?>{data}'.encode(name)
    (found,) = of("Observation", encoded)
    assert found["valueString"] == "é"
