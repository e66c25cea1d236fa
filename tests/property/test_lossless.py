"""What comes in as FHIR goes out equal: extension for extension, digit for digit."""

import json
from typing import Any, Self

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cast import Cast, put_in
from tests.worlds.archive import archive_of

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.property,
]
Json = dict[str, Any]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
# As they are written: a number in Python would forget "1.00" and "1E3".
NUMBERS = st.from_regex(
    r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?", fullmatch=True
)
DATES = st.sampled_from(["2024", "2024-02", "2024-02-29", "2024-02-29T10:00:00.120+05:45"])


class Spelt(float):
    """A number that is written as it was spelt."""

    def __new__(cls, text: str) -> Self:
        found = super().__new__(cls, text)
        found.text = text
        return found

    text: str

    def __repr__(self) -> str:
        return self.text


@st.composite
def extensions(draw: st.DrawFn, depth: int = 2) -> list[Json]:
    found = []
    for number in range(draw(st.integers(1, 2))):
        one: Json = {"url": f"http://a.example/{number}"}
        if depth and draw(st.booleans()):
            one["extension"] = draw(extensions(depth - 1))
        else:
            one |= draw(
                st.one_of(
                    st.builds(lambda v: {"valueDecimal": Spelt(v)}, NUMBERS),
                    st.builds(lambda v: {"valueString": v}, TEXTS),
                    st.builds(lambda v: {"valueDateTime": v}, DATES),
                )
            )
        found.append(one)
    return found


@st.composite
def observations(draw: st.DrawFn, number: int) -> Json:
    """Valid R4 with what real files have besides: extensions of primitives, contained, modifiers."""
    found: Json = {
        "resourceType": "Observation",
        "id": f"o{number}",
        "status": "final",
        "_status": {"extension": draw(extensions())},
        "code": {"text": draw(TEXTS), "_text": {"id": "t"}},
        "effectiveDateTime": draw(DATES),
        "valueQuantity": {"value": Spelt(draw(NUMBERS)), "unit": draw(TEXTS)},
    }
    if draw(st.booleans()):
        found["modifierExtension"] = draw(extensions())
    if draw(st.booleans()):
        found["contained"] = [
            {"resourceType": "Specimen", "id": "s", "note": [{"text": draw(TEXTS)}]}
        ]
        found["specimen"] = {"reference": "#s"}
    if draw(st.booleans()):
        found["_effectiveDateTime"] = {"extension": draw(extensions(0))}
    return found


@st.composite
def others(draw: st.DrawFn, number: int) -> Json:
    """A type that R4 does not know."""
    return {
        "resourceType": draw(st.sampled_from(["MedicinalProductDefinition", "Household"])),
        "id": f"x{number}",
        "members": [{"name": draw(TEXTS), "share": Spelt(draw(NUMBERS))}, draw(TEXTS)],
        "extension": draw(extensions()),
    }


@st.composite
def bundles(draw: st.DrawFn) -> str:
    many = [draw(observations(number)) for number in range(draw(st.integers(1, 6)))]
    many += [draw(others(number)) for number in range(draw(st.integers(0, 2)))]
    entries = [{"resource": one} for one in many]
    return written({"resourceType": "Bundle", "type": "collection", "entry": entries})


def written(node: Any) -> str:
    """JSON in which each number is spelt as it was drawn."""
    if isinstance(node, Spelt):
        return node.text
    if isinstance(node, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{written(v)}" for k, v in node.items()) + "}"
    if isinstance(node, list):
        return "[" + ",".join(map(written, node)) + "]"
    return json.dumps(node)


def spelt(text: str) -> list[Any]:
    """The resources of a Bundle in an order of their own, numbers as they are written."""
    whole = json.loads(text, parse_float=str, parse_int=str)
    return sorted((entry["resource"] for entry in whole["entry"]), key=json.dumps)


@settings(
    max_examples=2, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(sent=bundles())
def test_what_comes_in_goes_out_to_the_last_digit(cast: Cast, sent: str) -> None:
    followed = put_in(cast.alice, sent.encode())
    assert followed.state == "finished", followed.report.problem

    given_out = spelt(archive_of(cast.alice_id).text("fhir/bundle.json"))

    assert [one for one in spelt(sent) if one not in given_out] == []
