"""Families, goals, devices, abilities in a C-CDA document; what it negates, leaves open, restricts."""

import pytest

from tests.phr.formats.reading import kept
from tests.phr.formats.test_ccda import of
from tests.worlds.ccda import RICH, result, section


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
