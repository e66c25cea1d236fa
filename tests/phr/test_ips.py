"""The patient summary document against the profiles of the International Patient Summary."""

from typing import Any

import orjson
import pytest

from phr.formats import r4
from tests.cast import Cast, put_in
from tests.doors import body, sign_in
from tests.phr.test_summary import bundle, everything, result, statement
from tests.worlds.files import fhir
from tests.worlds.ips import problems

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
Json = dict[str, Any]
# What FHIR R4 lets out, and IPS does not.
BARE: list[Json] = [
    {"resourceType": "Condition", "subject": {"display": "Me"}},
    {"resourceType": "AllergyIntolerance", "patient": {"display": "Me"}},
    {"resourceType": "Procedure", "status": "completed", "subject": {"display": "Me"}},
    {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "Weight"},
        "category": [{"coding": [{"code": "vital-signs"}]}],
        "valueQuantity": {"value": 70, "unit": "kg"},
    },
    {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "Cortisol"},
        "category": [{"coding": [{"code": "laboratory"}]}],
        "effectiveDateTime": "2024-01-01",
    },
]


def document(cast: Cast) -> Json:
    del cast
    made: Json = orjson.loads(body(sign_in("alice@example.org").get("/records/summary.json")))
    return made


@pytest.mark.parametrize(
    "data",
    [
        b"",
        everything(),
        bundle(*BARE, statement("Salbutamol"), result("2024-03-01", 120)),
        fhir("ips"),
    ],
    ids=["nothing", "usual", "bare", "another-summary"],
)
def test_every_document_keeps_to_the_profiles(cast: Cast, data: bytes) -> None:
    if data:
        assert put_in(cast.alice, data).state == "finished"

    made = document(cast)

    assert problems(made) == []
    assert r4.problem(made) is None


def test_measurements_have_a_section_of_their_own(cast: Cast) -> None:
    put_in(cast.alice, bundle(*BARE, result("2024-03-01", 120)))
    sections = document(cast)["entry"][0]["resource"]["section"]

    lists = {one["code"]["coding"][0]["code"]: one["text"]["div"] for one in sections}
    assert "Weight" in lists["8716-3"]
    assert "Weight" not in lists["30954-2"]
    assert "Haemoglobin" in lists["30954-2"]


def test_a_document_that_breaks_a_rule_is_found_out() -> None:
    """So that the rules above are no rubber stamp."""
    me = {"reference": "urn:uuid:1"}
    entries: list[Json] = [
        {
            "resourceType": "Composition", "status": "final", "date": "2024", "title": "x",
            "author": [me], "subject": me,
            "type": {"coding": [{"system": "http://loinc.org", "code": "34133-9"}]},
            "section": [{"code": {"coding": [{"system": "x", "code": "11450-4"}]}, "text": {}}],
        },
        {"resourceType": "Patient", "name": [{}]},
        {"resourceType": "Composition"},
        *BARE,
    ]  # fmt: skip
    found = problems(
        {
            "type": "document",
            "entry": [
                {"fullUrl": f"urn:uuid:{at}", "resource": each} for at, each in enumerate(entries)
            ],
        }
    )

    assert {
        "bdl-ips-1", "Composition.type", "Composition.text", "section 11450-4: ips-comp-1",
        "ips-pat-1", "Patient.birthDate", "Bundle.identifier", "Condition.code", "Procedure.performed",
        "Condition.subject.reference", "Observation.performer", "Observation: ips-2",
    } <= set(found)  # fmt: skip
