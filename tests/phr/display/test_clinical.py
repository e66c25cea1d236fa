"""Conditions, allergies, procedures, vaccinations, family history, risks and devices in words."""

from typing import Any

import pytest

from phr.display import describe

CLINICAL = {"coding": [{"code": "active"}]}


def test_a_condition() -> None:
    shown = describe(
        {
            "resourceType": "Condition",
            "clinicalStatus": CLINICAL,
            "verificationStatus": {"coding": [{"code": "confirmed"}]},
            "category": [{"coding": [{"display": "Problem List Item"}]}],
            "severity": {"text": "mild"},
            "code": {"coding": [{"display": "Asthma (disorder)"}]},
            "bodySite": [{"text": "Lung"}],
            "onsetAge": {"value": 8, "code": "a"},
            "recordedDate": "2012",
            "recorder": {"display": "Dr Lee"},
        }
    )
    assert shown.title == "Asthma"
    assert shown.facts == [
        ("Status", "Active"),
        ("How sure", "Confirmed"),
        ("Severity", "Mild"),
        ("Part of the body", "Lung"),
        ("Started", "Age 8"),
        ("Recorded", "2012"),
        ("Kind", "Problem List Item"),
        ("Recorded by", "Dr Lee"),
    ]


def test_an_allergy_puts_the_reaction_first() -> None:
    shown = describe(
        {
            "resourceType": "AllergyIntolerance",
            "clinicalStatus": CLINICAL,
            "type": "allergy",
            "category": ["food"],
            "criticality": "high",
            "code": {"text": "Cashew nuts"},
            "reaction": [
                {
                    "manifestation": [{"text": "Anaphylaxis"}],
                    "severity": "severe",
                    "onset": "2012-06-12",
                },
                {"description": "Itching"},
            ],
        }
    )
    assert shown.title == "Cashew nuts"
    assert shown.facts == [
        ("Reaction", "Anaphylaxis (severe, 12 June 2012); Itching"),
        ("Risk of serious harm", "High"),
        ("Status", "Active"),
        ("Kind", "Allergy, food"),
    ]


def test_a_procedure() -> None:
    shown = describe(
        {
            "resourceType": "Procedure",
            "status": "completed",
            "code": {"text": "Appendectomy"},
            "performedPeriod": {
                "start": "2013-04-05T09:00:00+02:00",
                "end": "2013-04-05T10:30:00+02:00",
            },
            "reasonCode": [{"text": "Abdominal pain"}],
            "performer": [{"actor": {"display": "Dr Surgeon"}}],
            "followUp": [{"text": "Review in clinic"}],
        }
    )
    assert shown.title == "Appendectomy"
    assert shown.facts == [
        ("Date", "5 April 2013, 09:00 to 10:30"),
        ("Reason", "Abdominal pain"),
        ("Status", "Completed"),
        ("Follow-up", "Review in clinic"),
        ("By", "Dr Surgeon"),
    ]


def test_a_vaccination() -> None:
    shown = describe(
        {
            "resourceType": "Immunization",
            "status": "completed",
            "vaccineCode": {"text": "Influenza vaccine"},
            "occurrenceDateTime": "2023-10-10",
            "primarySource": False,
            "lotNumber": "AAJN11K",
            "expirationDate": "2025-02",
            "site": {"text": "left arm"},
            "protocolApplied": [
                {
                    "targetDisease": [{"text": "Influenza"}],
                    "doseNumberPositiveInt": 1,
                    "seriesDosesPositiveInt": 2,
                }
            ],
        }
    )
    assert shown.title == "Influenza vaccine"
    assert shown.facts == [
        ("Given", "10 October 2023"),
        ("Protects against", "Influenza"),
        ("Dose", "1 of 2"),
        ("Status", "Completed"),
        ("Where on the body", "Left arm"),
        ("Batch number", "AAJN11K"),
        ("Expiry date of the vaccine", "February 2025"),
        ("Source", "Told by someone, not the first record"),
    ]


def test_a_vaccination_that_was_not_given_says_so() -> None:
    shown = describe(
        {
            "resourceType": "Immunization",
            "status": "not-done",
            "vaccineCode": {"text": "DTP"},
            "occurrenceDateTime": "2023-10-10",
            "statusReason": {"text": "Fever"},
        }
    )
    assert shown.title == "Not given: DTP"
    assert shown.facts == [
        ("Date", "10 October 2023"),
        ("Status", "Not done"),
        ("Why it was not given", "Fever"),
    ]


def test_advice_on_vaccinations() -> None:
    shown = describe(
        {
            "resourceType": "ImmunizationRecommendation",
            "date": "2024-01-01",
            "recommendation": [
                {
                    "vaccineCode": [{"text": "Tetanus"}],
                    "forecastStatus": {"text": "due"},
                    "dateCriterion": [{"code": {"text": "Earliest"}, "value": "2024-02-01"}],
                }
            ],
        }
    )
    assert shown.title == "Advice on vaccinations"
    assert shown.facts[0] == ("Tetanus", "Due; Earliest: 1 February 2024")


def test_family_history() -> None:
    shown = describe(
        {
            "resourceType": "FamilyMemberHistory",
            "relationship": {"text": "father"},
            "condition": [
                {
                    "code": {"text": "heart attack"},
                    "onsetAge": {"value": 74, "code": "a"},
                    "contributedToDeath": True,
                }
            ],
            "deceasedAge": {"value": 75, "unit": "yr", "code": "a"},
        }
    )
    assert shown.title == "Father: Heart attack (from age 74, led to death)"
    assert shown.facts == [
        ("Conditions", "Heart attack (from age 74, led to death)"),
        ("Died", "Age 75"),
    ]


@pytest.mark.parametrize(
    ("relationship", "title"),
    [
        ({"coding": [{"code": "MTH"}]}, "Mother: Gout"),
        ({"coding": [{"code": "PAUNT"}]}, "Father's sister: Gout"),
        ({"coding": [{"code": "MTH", "display": "mother"}]}, "Mother: Gout"),
        ({"coding": [{"code": "MTH"}], "text": "Mother who raised her"},
         "Mother who raised her: Gout"),
    ],
)  # fmt: skip
def test_a_relative_is_told_in_words(relationship: dict[str, Any], title: str) -> None:
    gout = [{"code": {"text": "Gout"}}]
    told = {"resourceType": "FamilyMemberHistory", "relationship": relationship, "condition": gout}
    assert describe(told).title == title


def test_a_risk_is_a_percentage() -> None:
    shown = describe(
        {
            "resourceType": "RiskAssessment",
            "prediction": [{"outcome": {"text": "Heart attack"}, "probabilityDecimal": 2.5}],
        }
    )
    assert shown.facts == [("Heart attack", "2.5%")]


def test_an_assessment() -> None:
    shown = describe(
        {
            "resourceType": "ClinicalImpression",
            "summary": "Likely a sprain.",
            "finding": [{"itemCodeableConcept": {"text": "swollen ankle"}}],
            "date": "2024-03-03",
        }
    )
    assert shown.title == "Assessment"
    assert shown.facts == [
        ("Summary", "Likely a sprain."),
        ("Findings", "Swollen ankle"),
        ("Date", "3 March 2024"),
    ]


def test_a_device_and_its_use() -> None:
    device = describe(
        {
            "resourceType": "Device",
            "type": {"text": "Pacemaker"},
            "serialNumber": "SN-1",
            "udiCarrier": [{"deviceIdentifier": "09504000059118"}],
        }
    )
    assert device.title == "Pacemaker"
    assert device.facts == [
        ("Serial number", "SN-1"),
        ("Unique device identifier", "09504000059118"),
    ]
    used = describe({"resourceType": "DeviceUseStatement", "device": {"display": "Hip prosthesis"}})
    assert used.title == "Hip prosthesis"
