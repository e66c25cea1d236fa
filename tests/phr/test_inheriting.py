"""What refers to something sensitive in the same file is as sensitive as that."""

import json
from typing import Any

import pytest

from accounts.acting import acting_as
from phr.models import Record
from phr.services import records
from sharing.labels import Sensitivity
from sharing.tokens import labels_of
from tests.cast import Cast, put_in
from tests.worlds.archive import archive_of

pytestmark = pytest.mark.django_db(databases=["default", "vault"])
LOINC, ATC = "http://loinc.org", "http://www.whocc.no/atc"


def coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def to(*names: str) -> list[dict[str, str]]:
    return [{"reference": f"urn:uuid:{name}"} for name in names]


def labels(cast: Cast, *resources: dict[str, Any]) -> dict[str, list[str]]:
    """The labels of each resource once it is in the record, by its type."""
    entries = [{"fullUrl": f"urn:uuid:{one['resourceType']}", "resource": one} for one in resources]
    put_in(cast.alice, json.dumps({"resourceType": "Bundle", "type": "collection",
                                   "entry": entries}).encode())  # fmt: skip
    with acting_as(cast.alice):
        rows = list(Record.objects.all())
        return {
            row.resource_type: [*map(str, labels_of(cast.alice_id, row.labels))] for row in rows
        }


PATIENT = {"resourceType": "Patient", "name": [{"given": ["Alice"], "family": "Archer"}]}
ABOUT = {"subject": to("Patient")[0]}
LOAD = {"resourceType": "Observation", "status": "final", "code": coded(LOINC, "20447-9"), **ABOUT}
REPORT = {
    "resourceType": "DiagnosticReport", "status": "final", "code": coded(LOINC, "11502-2"),
    "result": to("Observation"), **ABOUT,
}  # fmt: skip


def test_a_report_is_as_sensitive_as_its_results(cast: Cast) -> None:
    found = labels(cast, PATIENT, REPORT, LOAD)
    assert found["Observation"] == found["DiagnosticReport"] == ["HIV"]
    assert found["Patient"] == ["N"]


def test_along_several_steps_and_into_the_document(cast: Cast) -> None:
    found = labels(
        cast,
        PATIENT,
        {"resourceType": "Condition", "code": coded("http://snomed.info/sct", "35489007"), **ABOUT},
        {
            "resourceType": "MedicationRequest", "status": "active", "intent": "order",
            "medicationCodeableConcept": coded(ATC, "N02BE01"),
            "reasonReference": to("Condition"), **ABOUT,
        },
        {
            "resourceType": "MedicationDispense", "status": "completed",
            "medicationCodeableConcept": coded(ATC, "N02BE01"),
            "authorizingPrescription": to("MedicationRequest"), **ABOUT,
        },
        {
            "resourceType": "Composition", "status": "final", "type": coded(LOINC, "34133-9"),
            "date": "2024-01-01", "author": [{"display": "x"}], "title": "Letter",
            "section": [{"entry": to("MedicationDispense")}], **ABOUT,
        },
    )  # fmt: skip
    assert found["MedicationRequest"] == found["MedicationDispense"] == ["PSY"]
    assert found["Composition"] == ["PSY", "unclassified"]


def test_not_what_only_happened_at_the_same_visit(cast: Cast) -> None:
    clinic = {
        "resourceType": "Encounter", "status": "finished", "class": {"code": "AMB"},
        "serviceType": coded("http://snomed.info/sct", "394587001"), **ABOUT,
    }  # fmt: skip
    weight = {
        "resourceType": "Observation", "status": "final", "code": coded(LOINC, "29463-7"),
        "encounter": to("Encounter")[0], **ABOUT,
    }  # fmt: skip
    found = labels(cast, PATIENT, clinic, weight)
    assert found == {"Patient": ["N"], "Encounter": ["PSY"], "Observation": ["N"]}


def test_what_she_sorted_herself_comes_back_as_she_sorted_it(cast: Cast) -> None:
    labels(cast, PATIENT, REPORT, LOAD)
    with acting_as(cast.alice):
        report = Record.objects.get(resource_type="DiagnosticReport")
    records.classify(cast.alice, report.pk, labels=[Sensitivity.N])
    away = archive_of(cast.alice_id).zip.fp
    assert away
    away.seek(0)

    put_in(cast.carol, away.read(), "archive.zip")

    with acting_as(cast.carol):
        row = Record.objects.get(resource_type="DiagnosticReport")
    assert labels_of(cast.carol_id, row.labels) == [Sensitivity.N]
