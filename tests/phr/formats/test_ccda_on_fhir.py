"""What the guide C-CDA on FHIR 2.0 (hl7.org/fhir/us/ccda, CDA → FHIR) says of single elements."""

from typing import Any

import pytest

from tests.phr.formats.test_ccda import of
from tests.phr.formats.test_ccda_entries import entry, observed, template, value

Json = dict[str, Any]
LOINC = 'codeSystem="2.16.840.1.113883.6.1"'
SNOMED = 'codeSystem="2.16.840.1.113883.6.96"'
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"


def within(inner: str, kind: str = "") -> str:
    return f"<entryRelationship {kind}>{inner}</entryRelationship>"


def problem(inner: str) -> Json:
    concern = (
        f'<act classCode="ACT" moodCode="EVN">{template("22.4.3")}<statusCode code="active"/>'
        "<author><time value='20140104'/></author>"
        f"{within(observed('22.4.4', value('Asthma') + inner))}</act>"
    )
    (found,) = of("Condition", entry(concern, "11450-4"))
    return found


def status(code: str) -> str:
    return within(observed("22.4.6", f'<code code="33999-4" {LOINC}/>' + value("x", code)))


LOW = '<low value="20120806"/>'


@pytest.mark.parametrize(
    ("inner", "clinical"),
    [
        ("", "active"),
        (status("246455001"), "recurrence"),
        (status("263855007"), "relapse"),
        (status("277022003"), "remission"),
        (status("413322009"), "resolved"),
        (f'<effectiveTime>{LOW}<high value="2013"/></effectiveTime>', "resolved"),
        (f'<effectiveTime>{LOW}<high nullFlavor="UNK"/></effectiveTime>', "resolved"),
        (f'<effectiveTime>{LOW}<high nullFlavor="NI"/></effectiveTime>', "active"),
        (f'<effectiveTime><high value="2013"/></effectiveTime>{status("55561003")}', "inactive"),
        (f'<effectiveTime><high value="2013"/></effectiveTime>{status("277022003")}', "remission"),
    ],
)
def test_how_a_problem_stands(inner: str, clinical: str) -> None:
    found = problem(inner)
    assert found["clinicalStatus"]["coding"][0]["code"] == clinical
    assert found["recordedDate"] == "2014-01-04"
    unknown = found.get("_abatementDateTime") == {
        "extension": [{"url": ABSENT, "valueCode": "unknown"}]
    }
    assert unknown == ("UNK" in inner)


def test_when_a_problem_was_found_and_how_old_she_was() -> None:
    diagnosed = (
        f'<act classCode="ACT" moodCode="EVN"><code code="77975-1" {LOINC}/>'
        '<effectiveTime value="20110304"/></act>'
    )
    age = f'<code code="445518008" {SNOMED}/><value xsi:type="PQ" value="65" unit="a"/>'
    found = problem(within(diagnosed) + within(observed("22.4.31", age)))
    (asserted,) = found["extension"]
    assert asserted["url"].endswith("condition-assertedDate")
    assert asserted["valueDateTime"] == "2011-03-04"
    assert (found["onsetAge"]["value"], found["onsetAge"]["code"]) == (65, "a")
    assert "onsetAge" not in problem(f"<effectiveTime>{LOW}</effectiveTime>" + within(age))


def test_the_first_time_and_the_last_author() -> None:
    authors = "".join(
        f'<author><time value="{time}"/><assignedAuthor><assignedPerson><name>{who}</name>'
        "</assignedPerson></assignedAuthor></author>"
        for time, who in (("20150101", "Late"), ("20140101", "Early"))
    )
    found = problem(authors)
    assert (found["recordedDate"], found["recorder"]["display"]) == ("2014-01-01", "Late")


def test_when_an_allergy_began_and_ended() -> None:
    nuts = (
        '<participant><participantRole><playingEntity><code code="1" codeSystem="1.2.3"'
        ' displayName="Nuts"/></playingEntity></participantRole></participant>'
    )
    both = '<effectiveTime><low value="2001"/><high value="201002"/></effectiveTime>'
    (found,) = of("AllergyIntolerance", entry(observed("22.4.7", both + nuts), "48765-2"))
    assert found["onsetDateTime"] == "2001"
    assert found["extension"][0]["url"].endswith("allergyintolerance-abatement")
    assert found["extension"][0]["valueDateTime"] == "2010-02"
    ended = '<effectiveTime><high value="201002"/></effectiveTime>'
    (found,) = of("AllergyIntolerance", entry(observed("22.4.7", ended + nuts), "48765-2"))
    assert "onsetDateTime" not in found


def given(number: str, inner: str, code: str, mood: str = "EVN") -> bytes:
    product = (
        '<consumable><manufacturedProduct><manufacturedMaterial><code code="1" codeSystem="1.2.3"'
        ' displayName="Stuff"/></manufacturedMaterial></manufacturedProduct></consumable>'
    )
    return entry(
        f'<substanceAdministration classCode="SBADM" moodCode="{mood}">{template(number)}{inner}'
        f"{product}</substanceAdministration>",
        code,
    )


def test_how_a_medicine_is_taken() -> None:
    inner = (
        '<statusCode code="active"/><effectiveTime value="20240301"/>'
        '<effectiveTime xsi:type="EIVL_TS" operator="A"><event code="ACM"/>'
        '<offset value="1" unit="h"/></effectiveTime><doseQuantity value="2"/>'
        '<administrationUnitCode code="C48542" codeSystem="2.16.840.1.113883.3.26.1.1"'
        ' displayName="Tablet"/>'
        + within(f"<act>{template('22.4.20')}<text>With water</text></act>")
        + "<precondition><criterion/></precondition>"
    )
    (found,) = of("MedicationStatement", given("22.4.16", inner, "10160-0"))
    (dose,) = found["dosage"]
    assert dose["timing"]["repeat"] == {"when": ["ACM"], "offset": 60}
    assert dose["doseAndRate"][0]["doseQuantity"]["unit"] == "Tablet"
    assert dose["doseAndRate"][0]["doseQuantity"]["code"] == "C48542"
    assert dose["asNeededBoolean"] is True
    assert dose["patientInstruction"] == "With water"
    (planned,) = of("MedicationRequest", given("22.4.42", inner, "18776-5", "INT"))
    assert planned["dosageInstruction"][0]["timing"]["event"] == ["2024-03-01"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("completed", "completed"), ("aborted", "not-done"), ("cancelled", "not-done"),
        ("held", "not-done"), ("nullified", "entered-in-error"),
    ],
)  # fmt: skip
def test_a_vaccination_that_did_not_take_place_is_not_done(code: str, expected: str) -> None:
    inner = f'<statusCode code="{code}"/><repeatNumber value="2"/>'
    (found,) = of("Immunization", given("22.4.52", inner, "11369-6"))
    assert found["status"] == expected
    assert found["protocolApplied"] == [{"doseNumberPositiveInt": 2}]


def vital(code: str, amount: str, unit: str) -> str:
    inner = f'<code code="{code}" {LOINC}/><value xsi:type="PQ" value="{amount}" unit="{unit}"/>'
    return f"<component>{observed('22.4.27', inner)}</component>"


def vitals(*each: str) -> list[Json]:
    organizer = (
        f'<organizer classCode="CLUSTER" moodCode="EVN">{template("22.4.26")}'
        f'<statusCode code="completed"/><effectiveTime value="20240302"/>{"".join(each)}</organizer>'
    )
    return of("Observation", entry(organizer, "8716-3"))


def test_the_two_numbers_of_a_blood_pressure_are_one() -> None:
    upper, lower = vital("8480-6", "120", "mm[Hg]"), vital("8462-4", "80", "mm[Hg]")
    pressure, pulse = vitals(upper, lower, vital("8867-4", "60", "/min"))
    assert pressure["code"]["coding"][0]["code"] == "85354-9"
    assert [one["valueQuantity"]["value"] for one in pressure["component"]] == [120, 80]
    assert "valueQuantity" not in pressure
    assert pulse["valueQuantity"]["value"] == 60
    # Of two pressures nobody could tell which numbers belong together.
    assert len(vitals(upper, lower, upper, lower)) == 4
    assert len(vitals(upper)) == 1


def test_oxygen_has_both_codes() -> None:
    (found,) = vitals(vital("59408-5", "98", "%"))
    assert [one["code"] for one in found["code"]["coding"]] == ["59408-5", "2708-6"]


def test_a_report_lasts_from_its_first_result_to_its_last_and_names_what_was_examined() -> None:
    def one(day: str, state: str = "completed") -> str:
        inner = (
            f'<code code="1" {LOINC}/><effectiveTime value="{day}"/><value xsi:type="PQ" value="1"/>'
            '<referenceRange><observationRange><text>high</text><interpretationCode code="H"/>'
            "</observationRange></referenceRange><referenceRange><observationRange><text>usual</text>"
            '<interpretationCode code="N"/></observationRange></referenceRange>'
        )
        found = observed("22.4.2", inner)
        return f"<component>{found.replace('completed', state)}</component>"

    specimen = (
        '<specimen><specimenRole><specimenPlayingEntity><code code="1" codeSystem="1.2.3"'
        ' displayName="Serum"/></specimenPlayingEntity></specimenRole></specimen>'
    )
    organizer = (
        f'<organizer classCode="BATTERY" moodCode="EVN">{template("22.4.1")}<statusCode'
        f' code="active"/>{specimen}{one("20240302", "active")}{one("20240301")}</organizer>'
    )
    data = entry(organizer, "30954-2")
    (report,) = of("DiagnosticReport", data)
    assert report["effectivePeriod"] == {"start": "2024-03-01", "end": "2024-03-02"}
    assert report["specimen"] == [{"display": "Serum"}]
    assert report["status"] == "partial"
    assert {each["status"] for each in of("Observation", data)} == {"preliminary", "final"}
    for each in of("Observation", data):
        assert [one["text"] for one in each["referenceRange"]] == ["usual"]


def test_a_procedure_that_found_something_is_an_observation() -> None:
    inner = f'<code code="1" {LOINC}/>' + value("Polyp")
    data = entry(observed("22.4.13", inner), "47519-4")
    (found,) = of("Observation", data)
    assert found["category"][0]["coding"][0]["code"] == "procedure"
    assert not of("Procedure", data)
    data = entry(observed("22.4.13", f'<code code="1" {LOINC}/>'), "47519-4")
    assert len(of("Procedure", data)) == 1


@pytest.mark.parametrize(
    ("inner", "state"),
    [
        ('<statusCode code="held"/>', "planned"),
        ('<statusCode code="suspended"/>', "onleave"),
        ('<statusCode code="aborted"/>', "unknown"),
        ('<effectiveTime><low value="2012"/></effectiveTime>', "unknown"),
        ('<effectiveTime value="2012"/>', "finished"),
        ("", "finished"),
    ],
)
def test_how_a_visit_stands(inner: str, state: str) -> None:
    act_code = '<translation code="AMB" codeSystem="2.16.840.1.113883.5.4"/>'
    visit = (
        f'<encounter classCode="ENC" moodCode="EVN">{template("22.4.49")}<id root="1.2.3.4.5"/>'
        f'<code code="99213" codeSystem="2.16.840.1.113883.6.12">{act_code}</code>{inner}'
        "</encounter>"
    )
    (found,) = of("Encounter", entry(visit, "46240-8"))
    assert found["status"] == state
    assert found["class"]["code"] == "AMB"
    assert [one["code"] for one in found["type"][0]["coding"]] == ["99213"]
    assert found["identifier"] == [{"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.3.4.5"}]
