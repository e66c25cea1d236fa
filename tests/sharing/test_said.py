"""Whatever a page can show of a resource was read before it was called ordinary."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from phr.display import _BY_TYPE, describe
from phr.formats import r4
from sharing.labels import Sensitivity, suggest
from sharing.rules import Rules
from sharing.said import MOST_LETTERS, MOST_TEXTS

TOLD: Final = "HIV infection"
RULES: Final = Rules({str(label): 1 for label in Sensitivity})
LOINC: Final = "http://loinc.org"
WEIGHT: Final = {
    "resourceType": "Observation",
    "code": {"coding": [{"system": LOINC, "code": "29463-7", "display": "Body weight"}]},
}
_APART: Final = frozenset(("meta", "resourceType", "contained"))
_DEEP: Final = 4


def leaves(name: str, depth: int = _DEEP) -> Iterator[Any]:
    """Each text that a value of a FHIR R4 definition may hold, alone in such a value."""
    if name == "Narrative":
        yield {"status": "generated", "div": f"<div>{TOLD}</div>"}
        return
    fields = r4._DEFINITIONS[name].get("properties")
    if fields is None:
        yield TOLD
    for field, schema in fields.items() if fields and depth else ():
        # Of the extensions of everything only those of the resource itself are gone through.
        if field not in _APART and field[0] != "_" and (depth == _DEEP or "xtension" not in field):
            for value in below(schema, depth - 1):
                yield {field: value}


def below(schema: dict[str, Any], depth: int) -> Iterator[Any]:
    if "items" in schema:
        yield from ([value] for value in below(schema["items"], depth))
    elif "$ref" in schema:
        yield from leaves(schema["$ref"].rpartition("/")[2], depth)
    else:
        yield TOLD


def shows(resource: dict[str, Any]) -> bool:
    return "hiv" in str(describe(resource)).lower()


@pytest.mark.parametrize("kind", [*sorted(_BY_TYPE), "Basic", "List", "Person", "Consent"])
def test_what_a_page_shows_was_read(kind: str) -> None:
    shown = 0
    for leaf in leaves(kind):
        resource = {**leaf, "resourceType": kind}
        if shows(resource):
            shown += 1
            labels = suggest(resource)
            unread = kind in RULES.opaque and Sensitivity.UNCLASSIFIED in labels
            assert Sensitivity.HIV in labels or unread, leaf
    assert shown


@pytest.mark.parametrize("status", ["generated", "extensions", "additional"])
@pytest.mark.parametrize("kind", ["Condition", "DiagnosticReport", "Observation", "Person"])
def test_a_narrative_was_read(kind: str, status: str) -> None:
    text = {"status": status, "div": f"<div>{TOLD}</div>"}
    assert Sensitivity.HIV in suggest({"resourceType": kind, "text": text})


@pytest.mark.parametrize(
    "inner",
    [
        {"resourceType": "Condition", "stage": [{"summary": {"text": TOLD}}]},
        {"resourceType": "Person", "text": {"div": "<div>H<b>I</b>V infection</div>"}},
        {"resourceType": "Person", "text": {"div": "<p>&#72;IV</p>"}},
    ],
)
def test_what_stands_inside_was_read(inner: dict[str, Any]) -> None:
    resource = {**WEIGHT, "contained": [inner]}
    assert shows(resource)
    assert suggest(resource) == [Sensitivity.HIV]


def test_a_document_inside_could_hold_anything() -> None:
    inner = {"resourceType": "DocumentReference", "content": [{"attachment": {"data": "SElW"}}]}
    assert suggest({**WEIGHT, "contained": [inner]}) == [Sensitivity.UNCLASSIFIED]


@pytest.mark.parametrize(
    "words", ["H\u200bI\u00adV", "hivPositive", "x " * 4000 + "HIV", "Known:HIV/AIDS"]
)
def test_as_it_looks_on_a_page(words: str) -> None:
    assert suggest({**WEIGHT, "note": [{"text": words}]}) == [Sensitivity.HIV]


def test_machinery_is_not_read_for_words() -> None:
    silent = {
        "id": "hiv",
        "focus": [{"reference": "Condition/hiv"}],
        "extension": [{"url": "https://example.org/hiv", "valueBoolean": False}],
    }
    assert suggest({**WEIGHT, **silent}) == [Sensitivity.N]


@pytest.mark.parametrize(
    "notes",
    [
        [{"text": f"word {n}"} for n in range(MOST_TEXTS)],
        [{"text": f"{n} {'word ' * 12_000}"} for n in range(MOST_LETTERS // 60_000 + 1)],
    ],
)
def test_more_than_is_read_could_hold_anything(notes: list[dict[str, str]]) -> None:
    assert suggest({**WEIGHT, "note": notes}) == [Sensitivity.UNCLASSIFIED]


def test_a_flood_of_broken_markup_takes_little_time() -> None:
    markup = {"div": "<" * 10_000_000}
    assert suggest({"resourceType": "Person", "text": markup}) == [Sensitivity.N]
