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
from tests.doors import sign_in, text
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


WEIGHT = {**LOAD, "code": coded(LOINC, "29463-7"), "effectiveDateTime": "2024-01-01"}
VISIT = {"resourceType": "Encounter", "status": "finished", "class": {"code": "AMB"}, **ABOUT}
LETTER = {
    "resourceType": "ClinicalImpression", "status": "completed", "code": coded(LOINC, "11502-2"),
    "investigation": [{"code": {"text": "Look"}, "item": to("DiagnosticReport")}], **ABOUT,
}  # fmt: skip


def of_type(cast: Cast, kind: str) -> Record:
    with acting_as(cast.alice):
        return Record.objects.get(resource_type=kind)


def labels_now(cast: Cast) -> dict[str, list[str]]:
    with acting_as(cast.alice):
        rows = {row.resource_type: row.labels for row in Record.objects.all()}
    return {kind: [*map(str, labels_of(cast.alice_id, some))] for kind, some in rows.items()}


@pytest.mark.usefixtures("static_files")
def test_what_refers_to_what_she_sorts_is_sorted_with_it(cast: Cast) -> None:
    seen = {**WEIGHT, "encounter": to("Encounter")[0]}
    before = labels(cast, PATIENT, VISIT, LETTER, REPORT, seen)
    weight = of_type(cast, "Observation")

    page = sign_in("alice@example.org").post(
        f"/records/{weight.pk}/labels/", {"labels": ["PSY"]}, follow=True
    )

    assert "2 other items mention it and are now marked as the same kind, too." in text(page)
    same = {kind: ["PSY"] for kind in ("Observation", "DiagnosticReport", "ClinicalImpression")}
    assert labels_now(cast) == before | same
    records.classify(cast.alice, weight.pk, labels=[Sensitivity.N])
    assert labels_now(cast) == before | same | {"Observation": ["N"]}


def test_not_all_that_is_about_whom_she_sorts(cast: Cast) -> None:
    before = labels(cast, PATIENT, VISIT, {**WEIGHT, "encounter": to("Encounter")[0]})
    for kind in ("Patient", "Encounter"):
        row = of_type(cast, kind)
        assert records.classify(cast.alice, row.pk, labels=[Sensitivity.VIO]) == 0
    assert labels_now(cast)["Observation"] == before["Observation"] == ["N"]


def test_a_later_file_tells_of_what_she_sorted(cast: Cast) -> None:
    labels(cast, PATIENT, WEIGHT)
    records.classify(cast.alice, of_type(cast, "Observation").pk, labels=[Sensitivity.PSY])
    assert labels(cast, PATIENT, WEIGHT, REPORT)["DiagnosticReport"] == ["PSY"]


def test_also_after_its_archive_was_brought_back(cast: Cast) -> None:
    labels(cast, PATIENT, REPORT, WEIGHT)
    away = archive_of(cast.alice_id).zip.fp
    assert away
    away.seek(0)
    put_in(cast.carol, away.read(), "archive.zip")
    with acting_as(cast.carol):
        weight = Record.objects.get(resource_type="Observation")
    assert records.classify(cast.carol, weight.pk, labels=[Sensitivity.PSY]) == 1
