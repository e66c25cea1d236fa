"""What the people of the browser tests keep: few things, each with a name one can look for."""

import json
from typing import Any

from accounts import services
from accounts.actors import Actor
from tests.cast import join, put_in
from tests.worlds import files, synthea

Json = dict[str, Any]
ABOUT = {"reference": "Patient/alice"}


def _concept(system: str, code: str, text: str) -> Json:
    return {"coding": [{"system": system, "code": code, "display": text}], "text": text}


def haemoglobin(value: float = 7.2) -> Json:
    """A test result of its own laboratory; another value makes a newer version of it."""
    category = "http://terminology.hl7.org/CodeSystem/observation-category"
    return {
        "resourceType": "Observation",
        "identifier": [{"system": "https://lab.example.org/results", "value": "R-1"}],
        "status": "final",
        "category": [_concept(category, "laboratory", "Laboratory")],
        "code": _concept("http://loinc.org", "718-7", "Haemoglobin"),
        "subject": ABOUT,
        "effectiveDateTime": "2024-03-02T11:15:00Z",
        "valueQuantity": {"value": value, "unit": "mmol/L"},
    }


def penicillin() -> Json:
    return {
        "resourceType": "AllergyIntolerance",
        "code": _concept("http://snomed.info/sct", "91936005", "Allergy to penicillin"),
        "patient": ABOUT,
        "recordedDate": "2019-05-06",
    }


def depression() -> Json:
    """A sensitive item: `PSY`."""
    return {
        "resourceType": "Condition",
        "code": _concept("http://snomed.info/sct", "35489007", "Depressive disorder"),
        "subject": ABOUT,
        "recordedDate": "2021-09-10",
    }


def bundle(*resources: Json) -> bytes:
    entries = [{"resource": one} for one in resources]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()


def three_things() -> bytes:
    return bundle(haemoglobin(), penicillin(), depression())


def many_things(count: int = 45) -> bytes:
    return json.dumps(synthea.bundle(count, seed=3)).encode()


def scan() -> bytes:
    """A DICOM file of one slice, which names nobody."""
    return files.dicom(files.ct_slice(PatientName=""))


def patient(email: str, name: str, *uploads: bytes) -> Actor:
    """A patient with an account and a record that holds these files."""
    actor = Actor.session(join(email).pk)
    services.begin_record(actor, name=name)
    for data in uploads:
        followed = put_in(actor, data, "file")
        assert followed.state == "finished", followed.report.problem
    return actor
