"""What may change the meaning of an item is a warning; what it contains is a part of it."""

from typing import Any

from phr.display import describe
from phr.display.remarks import LONGEST, MOST

URL = "http://example.org/fhir/StructureDefinition"


def test_a_modifier_extension_is_said_wherever_it_stands() -> None:
    shown = describe(
        {
            "resourceType": "Observation",
            "code": {"text": "HIV test"},
            "valueString": "Positive",
            "modifierExtension": [{"url": f"{URL}/is-negated", "valueBoolean": True}],
            "component": [
                {
                    "code": {"text": "Titre"},
                    "modifierExtension": [
                        {
                            "url": f"{URL}/heldBy/",
                            "extension": [{"url": "who", "valueReference": {"display": "Dr Bob"}}],
                        }
                    ],
                }
            ],
        }
    )
    assert shown.remarks == ("Is negated: Yes", "Held by: Who: Dr Bob")
    assert shown.facts[0][0] == "Please note"
    assert "Is negated: Yes" in shown.facts[0][1]
    assert shown.besides == shown.facts[1:]


def test_remarks_are_few_short_and_plain() -> None:
    many = [{"url": f"{URL}/{n}", "valueString": "\u202e<b>" + "x" * 5000} for n in range(300)]
    deep: dict[str, Any] = {"modifierExtension": [{"url": f"{URL}/deep"}]}
    for _ in range(3000):
        deep = {"extension": [deep]}
    for resource in ({"modifierExtension": many}, deep, {"modifierExtension": [deep]}):
        shown = describe({"resourceType": "Basic", **resource})
        assert len(shown.remarks) <= MOST
        assert all(len(one) <= LONGEST and "\u202e" not in one for one in shown.remarks)


def test_an_item_without_remarks_has_no_warning() -> None:
    shown = describe({"resourceType": "Basic", "extension": [{"url": "x", "valueBoolean": True}]})
    assert (shown.remarks, shown.besides) == ((), shown.facts)


def test_what_is_contained_is_shown_as_a_part() -> None:
    shown = describe(
        {
            "resourceType": "MedicationRequest",
            "status": "active",
            "contained": [
                {"resourceType": "Medication", "id": "m", "code": {"text": "Aspirin 100 mg"}},
                {"resourceType": "Specimen", "id": "s", "type": {"text": "Blood"}},
            ],
            "medicationReference": {"reference": "#m"},
        }
    )
    assert "Aspirin 100 mg" in shown.title
    assert [part.title for part in shown.contained] == ["Aspirin 100 mg", "Sample: Blood"]
    assert ("Part of this item", "Sample: Blood") in shown.whole


def test_what_is_contained_and_not_shown_is_counted() -> None:
    inner = {"resourceType": "Specimen", "type": {"text": "Blood"}}
    shown = describe({"resourceType": "Basic", "contained": [inner] * 13})

    assert shown.contained[-1].title == "And 3 more in the original"
    assert len(shown.contained) == 11
