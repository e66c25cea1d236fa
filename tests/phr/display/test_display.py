"""What holds for every record: warnings first, bounds kept, nothing raised or internal shown."""

import ast
import time
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

import phr.display
from phr.display import _BY_TYPE, describe, headline
from phr.display.shown import LONGEST_FACT, LONGEST_NOTE, LONGEST_TITLE, MOST_FACTS

TYPES: Final = (*sorted(_BY_TYPE), "VisionPrescription", "Basic", "NotAType")
ODD: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, 3, 1.5, 1e308, float("nan"), float("inf"), 10**400),
    *(
        "",
        " ",
        "x" * 50_000,
        "2024-99-99T99:99:99Z",
        "\ud800",
        "\u202e\x00",
        "#a",
        "entered-in-error",
    ),
    *([], [[]], [None, 1, "x"], {}, {"coding": 5}, {"coding": [{"code": []}]}, {"text": {}}),
    *({"reference": {}}, {"reference": "#a"}, {"start": [], "end": {}}, {"value": "5", "unit": 3}),
    *({"repeat": {"frequency": 10**400, "when": [[]], "dayOfWeek": 3}}, {"div": 5}, [{}] * 300),
    *(
        {"value": 10**400, "currency": []},
        {"low": 1, "high": {}},
        {"numerator": [], "denominator": 2},
    ),
)


def strings_in_source() -> list[str]:
    """Every string in the package that could be the name of a field."""
    found = {"resourceType", "contained", "id", "linkId", "modifierExtension"}
    for path in Path(phr.display.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= {node.value} if node.value.isidentifier() else set()
    fields = {name for name in found if name[:1].islower()}
    suffixes = ("DateTime", "Period", "Age", "Range", "String", "Quantity", "Boolean", "Timing")
    stems = ("value", "onset", "effective", "occurrence", "performed", "deceased", "content", "due")
    return sorted(fields | {stem + suffix for stem in stems for suffix in suffixes})


FIELDS: Final = strings_in_source()


def holds(resource: dict[str, Any]) -> None:
    """The promises of `Shown`."""
    shown = describe(resource)
    assert 0 < len(shown.title) <= LONGEST_TITLE
    assert shown.title == headline(resource)
    assert len(shown.facts) <= MOST_FACTS
    assert all(name and 0 < len(text) <= LONGEST_FACT for name, text in shown.facts)
    assert len(shown.note) <= LONGEST_NOTE
    everything = "".join((shown.title, shown.note, *(name + text for name, text in shown.facts)))
    everything.encode("utf-8")
    assert not set(everything) & set("\x00\x1b\u202e\u200b")


@pytest.mark.parametrize("resource_type", TYPES)
def test_an_empty_record_has_a_title(resource_type: str) -> None:
    holds({"resourceType": resource_type})


@pytest.mark.parametrize("resource_type", TYPES)
def test_any_field_may_hold_anything(resource_type: str) -> None:
    for odd in ODD:
        holds({**dict.fromkeys(FIELDS, odd), "resourceType": resource_type})
        holds({**{name: [odd] for name in FIELDS}, "resourceType": resource_type})
        inner = dict.fromkeys(FIELDS, odd)
        holds({**dict.fromkeys(FIELDS, inner), "resourceType": resource_type})


def test_a_flood_of_nested_fields_is_cut_short() -> None:
    flood: Any = "text"
    for _ in range(5):
        flood = [{f"field{number}": flood for number in range(20)}] * 30
    started = time.perf_counter()
    for resource_type in TYPES:
        holds({"resourceType": resource_type, "code": flood, "item": flood, "reaction": flood})
    assert time.perf_counter() - started < 10


def test_depth_does_no_harm() -> None:
    deep: Any = "text"
    for _ in range(3000):
        deep = [{"item": deep}]
    for resource_type in TYPES:
        holds({"resourceType": resource_type, "item": deep, "component": deep, "other": deep})


names = st.sampled_from(FIELDS)
values = st.recursive(
    st.sampled_from(ODD[:19]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=5),
    max_leaves=12,
)


@pytest.mark.property
@given(st.sampled_from(TYPES), st.dictionaries(names, values, max_size=12))
def test_any_json_is_shown(resource_type: str, fields: dict[str, Any]) -> None:
    holds({**fields, "resourceType": resource_type})


@pytest.mark.parametrize("odd", ODD)
def test_the_type_itself_may_be_odd(odd: object) -> None:
    holds({"resourceType": odd})


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ({"status": "entered-in-error"}, "Recorded by mistake: Flu"),
        (
            {"verificationStatus": {"coding": [{"code": "entered-in-error"}]}},
            "Recorded by mistake: Flu",
        ),
        ({"verificationStatus": {"coding": [{"code": "refuted"}]}}, "Ruled out: Flu"),
        (
            {"verificationStatus": {"coding": [{"code": "x"}, {"code": "refuted"}]}},
            "Ruled out: Flu",
        ),
        (
            {"verificationStatus": {"coding": [{"code": "differential"}]}},
            "One of several possibilities: Flu",
        ),
        ({"status": "preliminary"}, "May still change: Flu"),
        ({"status": "active", "intent": "proposal"}, "Proposed: Flu"),
        ({"modifierExtension": [{"url": "a/negated"}]}, "Please note: Flu"),
        ({"status": "not-done"}, "Not done: Flu"),
        ({"status": "cancelled"}, "Cancelled: Flu"),
        ({"status": "noshow"}, "Missed: Flu"),
        ({"doNotPerform": True}, "Not to be done: Flu"),
        ({"status": "active"}, "Flu"),
    ],
)
def test_what_did_not_happen_says_so_first(fields: dict[str, Any], title: str) -> None:
    for resource_type in ("Condition", "Observation", "Procedure", "ServiceRequest"):
        code = {"text": "flu"}
        assert headline({"resourceType": resource_type, "code": code, **fields}) == title


def test_a_remark_that_changes_the_meaning_is_pointed_out() -> None:
    shown = describe(
        {"resourceType": "Observation", "modifierExtension": [{"url": "http://x/not"}]}
    )
    assert shown.facts[0][0] == "Please note"


def test_addresses_inside_the_system_never_show() -> None:
    inside = {"reference": "Patient/8f1c", "type": "Patient"}
    for resource_type in TYPES:
        fields = dict.fromkeys(FIELDS, inside)
        shown = describe({**fields, "resourceType": resource_type})
        assert "8f1c" not in str(shown)


def test_a_fact_that_only_repeats_the_title_is_left_out() -> None:
    shown = describe({"resourceType": "CarePlan", "category": [{"text": "Diet plan"}]})
    assert shown.title == "Diet plan"
    assert shown.facts == []
