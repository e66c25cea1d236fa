"""A FHIR Bulk Data export as a server hands it out, in a ZIP: an NDJSON file for each type.

Source: https://hl7.org/fhir/uv/bulkdata/export.html
"""

import json
from typing import Any

from tests.worlds.files import packed

Json = dict[str, Any]

SERVER = "https://fhir.example.org/r4"
PATIENT: Json = {
    "resourceType": "Patient",
    "id": "p1",
    "identifier": [{"system": "https://example.org/mrn", "value": "M-1"}],
    "name": [{"family": "Archer", "given": ["Alice"]}],
    "gender": "female",
    "birthDate": "1980-02-03",
}
_SUBJECT = {"subject": {"reference": "Patient/p1"}}


def resources() -> list[Json]:
    """Everything about one patient, with references from file to file."""
    concept = {"coding": [{"system": "http://loinc.org", "code": "718-7", "display": "Hb"}]}
    return [
        PATIENT,
        {"resourceType": "Encounter", "id": "e1", "status": "finished", "class": {"code": "AMB"},
         **_SUBJECT, "period": {"start": "2023-05-01T09:00:00Z"}},
        {"resourceType": "Medication", "id": "m1", "code": {"text": "Ginger root"}},
        {"resourceType": "MedicationRequest", "id": "r1", "status": "active", "intent": "order",
         "medicationReference": {"reference": "Medication/m1"}, **_SUBJECT,
         "encounter": {"reference": "Encounter/e1"}, "authoredOn": "2023-05-01"},
        {"resourceType": "Condition", "id": "c1", "code": {"text": "Travel sickness"}, **_SUBJECT,
         "encounter": {"reference": "Encounter/e1"}, "recordedDate": "2023-05-01"},
        *(
            {"resourceType": "Observation", "id": f"o{n}", "status": "final", "code": concept,
             **_SUBJECT, "effectiveDateTime": f"2023-05-{n:02}",
             "valueQuantity": {"value": 7.5 + n, "unit": "mmol/L"}}
            for n in range(1, 6)
        ),
    ]  # fmt: skip


def bulk_export(*more: Json) -> bytes:
    """The archive: `more` resources join those of the one patient. Observations fill two files."""
    files: dict[str, list[Json]] = {}
    for resource in [*resources(), *more]:
        kind = resource["resourceType"]
        half = (
            f".{len(files.get(f'{kind}.000.ndjson', [])) // 3:03}" if kind[:3] == "Obs" else ".000"
        )
        files.setdefault(f"{kind}{half}.ndjson", []).append(resource)
    issue = {"severity": "warning", "code": "not-found"}
    outcome = {"resourceType": "OperationOutcome", "issue": [issue]}
    manifest = {
        "transactionTime": "2024-03-01T10:00:00Z",
        "request": f"{SERVER}/Patient/p1/$export",
        "requiresAccessToken": True,
        "output": [
            {"type": name.split(".")[0], "url": f"{SERVER}/files/{name}", "count": len(lines)}
            for name, lines in files.items()
        ],
        "error": [{"type": "OperationOutcome", "url": f"{SERVER}/files/errors.ndjson"}],
    }
    return packed(
        ("export/manifest.json", json.dumps(manifest, indent=1).encode()),
        *((f"export/{name}", _lines(some)) for name, some in sorted(files.items())),
        ("export/errors.ndjson", _lines([outcome])),
        ("export/deleted.ndjson", b""),
    )


def _lines(some: list[Json]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in some)
