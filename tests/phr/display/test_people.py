"""People and places in words."""

from typing import Any

import pytest

from phr.display import describe


def test_a_patient() -> None:
    shown = describe(
        {
            "resourceType": "Patient",
            "name": [{"given": ["Ann"], "family": "Lee"}],
            "birthDate": "1973-05-31",
            "gender": "female",
            "telecom": [{"system": "phone", "value": "555-2003"}],
            "address": [{"line": ["1 High Street"], "city": "Leeds"}],
            "contact": [
                {
                    "name": {"given": ["Eve"]},
                    "relationship": [{"coding": [{"code": "MTH"}]}],
                    "telecom": [{"system": "phone", "value": "555-1"}],
                }
            ],
            "deceasedBoolean": False,
            "identifier": [{"type": {"coding": [{"code": "MR"}]}, "value": "M1"}],
            "extension": [
                {
                    "url": "http://hl7.org/x/patient-genderIdentity",
                    "valueCodeableConcept": {"text": "female"},
                }
            ],
        }
    )
    assert shown.title == "Ann Lee"
    assert shown.facts == [
        ("Born", "31 May 1973"),
        ("Sex", "Female"),
        ("Gender identity", "Female"),
        ("Died", "No"),
        ("Address", "1 High Street, Leeds"),
        ("Phone", "555-2003"),
        ("Contact people", "Eve, Mother, 555-1"),
        ("Medical record number", "M1"),
    ]


@pytest.mark.parametrize(
    ("resource", "title", "fact"),
    [
        (
            {
                "resourceType": "RelatedPerson",
                "name": [{"text": "Eve Lee"}],
                "relationship": [{"coding": [{"code": "SIGOTHR"}]}],
            },
            "Eve Lee",
            ("Relationship", "Partner"),
        ),
        (
            {
                "resourceType": "Practitioner",
                "name": [{"prefix": ["Dr"], "family": "Lee"}],
                "qualification": [{"code": {"text": "cardiologist"}}],
            },
            "Dr Lee",
            ("Qualifications", "Cardiologist"),
        ),
        (
            {
                "resourceType": "PractitionerRole",
                "practitioner": {"display": "Dr Lee"},
                "code": [{"text": "surgeon"}],
                "organization": {"display": "City Hospital"},
            },
            "Dr Lee, Surgeon",
            ("Organisation", "City Hospital"),
        ),
        (
            {
                "resourceType": "Organization",
                "name": "City Hospital",
                "telecom": [{"system": "email", "value": "info@example.org"}],
            },
            "City Hospital",
            ("Email", "info@example.org"),
        ),
        (
            {"resourceType": "Location", "name": "Ward 5", "partOf": {"display": "City Hospital"}},
            "Ward 5",
            ("Part of", "City Hospital"),
        ),
    ],
)
def test_others(resource: dict[str, Any], title: str, fact: tuple[str, str]) -> None:
    shown = describe(resource)
    assert shown.title == title
    assert fact in shown.facts
