"""Codes read as words; a bare code says so."""

from typing import Any

import pytest

from phr.display.concepts import concept, concepts, interpretation, plain, worded

SNOMED = "http://snomed.info/sct"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"text": "sore throat"}, "Sore throat"),
        ({"coding": [{"display": "Viral sinusitis (disorder)"}]}, "Viral sinusitis"),
        ({"coding": [{"display": "Glucose [Mass/volume] in Blood"}]}, "Glucose in Blood"),
        ({"coding": [{"code": "a"}, {"display": "With words"}]}, "With words"),
        ({"coding": [{"display": "One"}, {"display": "Chosen", "userSelected": True}]}, "Chosen"),
        ({"coding": [{"system": SNOMED, "code": "404684003"}]}, "SNOMED CT code 404684003"),
        ({"coding": [{"code": "in-progress"}]}, "In progress"),
        ({"coding": [{"code": "1200"}]}, "Code 1200"),
        ({"coding": [{"code": "RAD", "system": "http://x/v2-0074"}]}, "Radiology"),
        ({"coding": []}, ""),
        ({"coding": "x", "text": 3}, ""),
        (None, ""),
    ],
)
def test_a_concept(given: Any, shown: str) -> None:
    assert concept(given) == shown


def test_several_concepts_are_named_once() -> None:
    assert concepts([{"text": "a cold"}, {"text": "a cold"}, {"text": "flu"}]) == "A cold; Flu"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("entered-in-error", "Recorded by mistake"),
        ("in-progress", "In progress"),
        ({"coding": [{"code": "refuted", "display": "Refuted"}]}, "Ruled out"),
        ({"coding": [{"code": "active"}]}, "Active"),
        (["active"], ""),
        (None, ""),
    ],
)
def test_a_status(given: Any, shown: str) -> None:
    assert plain(given) == shown


@pytest.mark.parametrize(
    ("code", "shown"),
    [("H", "high"), ("LL", "very low, urgent"), ("N", "normal"), ("POS", "positive")],
)
def test_an_interpretation_is_a_word(code: str, shown: str) -> None:
    assert interpretation([{"coding": [{"code": code, "display": "Anything"}]}]) == shown


def test_an_unknown_interpretation_keeps_its_own_words() -> None:
    assert interpretation([{"text": "Borderline"}]) == "borderline"


def test_a_bare_code_is_not_words() -> None:
    assert worded({"coding": [{"code": "1200"}]}) == ""
    assert worded({"coding": [{"code": "1200", "display": "Exam"}]}) == "Exam"
