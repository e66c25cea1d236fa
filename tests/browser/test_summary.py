"""A patient looks at what matters first, and at how a value went over time."""

import json
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser import kept
from tests.browser.conftest import Arrive

pytestmark = pytest.mark.browser
Json = dict[str, Any]


def measured(month: int, value: float, unit: str = "mmol/L") -> Json:
    usual = {"low": {"value": 7.4, "unit": unit}, "high": {"value": 10.1, "unit": unit}}
    return {
        **kept.haemoglobin(value),
        "identifier": [{"system": "https://lab.example.org/results", "value": f"M-{month}{unit}"}],
        "effectiveDateTime": f"2024-{month:02}-02T11:15:00Z",
        "valueQuantity": {"value": value, "unit": unit},
        "referenceRange": [usual],
    }


def tetanus() -> Json:
    return {
        "resourceType": "Immunization", "status": "completed", "patient": kept.ABOUT,
        "vaccineCode": {"text": "Tetanus"}, "occurrenceDateTime": "2021-04-05", "lotNumber": "L-7",
    }  # fmt: skip


def salbutamol() -> Json:
    return {
        "resourceType": "MedicationStatement", "status": "active", "subject": kept.ABOUT,
        "medicationCodeableConcept": {"text": "Salbutamol"},
        "effectivePeriod": {"start": "2019-06-01"},
    }  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def people() -> None:
    first = kept.bundle(*(measured(month, 7 + month / 4) for month in range(1, 7)))
    second = kept.bundle(measured(8, 8.4), measured(9, 13.1, "g/dL"), tetanus(), salbutamol())
    kept.patient("alice@example.org", "Alice Archer", kept.three_things(), first, second)


def test_she_reads_her_summary_and_sees_a_value_over_time(arrive: Arrive) -> None:
    alice = arrive()
    alice.sign_in("alice@example.org")
    alice.follow("Summary")
    alice.is_at("Summary")
    alice.reads("Depressive disorder", "Salbutamol", "Allergy to penicillin", "Tetanus")
    alice.follow("All medicines")
    alice.reads("Since 1 June 2019")
    alice.follow("Summary")
    alice.follow("Vaccination card")
    alice.reads("5 April 2021", "L-7")
    alice.follow("Summary")
    with alice.page.expect_download() as download:
        alice.page.get_by_role("link", name="International Patient Summary").click()
    assert json.loads(download.value.path().read_bytes())["type"] == "document"
    alice.follow("Haemoglobin: 13.1")
    alice.follow("Values over time")
    expect(alice.page.get_by_role("img", name="Haemoglobin in")).to_have_count(2)
    alice.reads("different units", "normal range", "8.4 mmol/L", "13.1 g/dL")
