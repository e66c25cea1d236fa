"""What one request costs that changes ten thousand items: a label handed on, a file taken back."""

import json
from uuid import UUID, uuid4

from accounts.acting import acting_as
from phr.models import Record
from phr.services import imports, records
from rights.services import erasures
from sharing.labels import Sensitivity
from tests.bench.people import Person, patient
from tests.bench.report import Report, timed
from tests.cast import IMPORTER, receive

FEW, MANY = 1_000, 10_000
# Of processor time, here and in the database: a request is ended by gunicorn after 30 by the clock.
MOST_SECONDS = 6.0
# Ten times as many items may take so many times as long: the index of words is put in order in
# between once they are many.
MOST_GROWTH = 18.0


def run(report: Report) -> None:
    """One item is labelled to which 10^3 and 10^4 others refer; then their file is taken back."""
    report.say(f"One request that changes {FEW:,} and {MANY:,} items at once")
    spent = {count: _spent(report, count) for count in (FEW, MANY)}
    for act, seconds in spent[MANY].items():
        report.at_most(f"{act}, processor seconds", seconds, MOST_SECONDS)
        report.at_most(f"{act}, {MANY:,} : {FEW:,}", seconds / spent[FEW][act], MOST_GROWTH)


def _spent(report: Report, count: int) -> dict[str, float]:
    person, patient_id = patient()
    upload_id = receive(person.actor, _bundle(count))
    imports.import_upload(IMPORTER, upload_id)
    reason = _reason(person, patient_id)
    took = {
        "label handed on": timed(lambda: _label(person, reason, count)),
        "file taken back": timed(lambda: erasures.undo_import(person.actor, upload_id)),
    }
    for act, one in took.items():
        report.say(
            f"  {act:16} {count:7,} items: {one.clock:5.2f} s by the clock,"
            f" {one.processor:5.2f} here, {one.database:5.2f} in the database"
        )
    return {act: one.every for act, one in took.items()}


def _label(person: Person, reason: UUID, count: int) -> None:
    if records.classify(person.actor, reason, labels=[Sensitivity.PSY]) != count:
        raise RuntimeError("not every item that refers to it was labelled")


def _reason(person: Person, patient_id: UUID) -> UUID:
    with acting_as(person.actor):
        found = Record.objects.get(patient_id=patient_id, resource_type="Condition")
    return found.pk


def _bundle(count: int) -> bytes:
    """A condition, and so many observations about it."""
    name = f"urn:uuid:{uuid4()}"
    condition = {
        "resourceType": "Condition",
        "subject": {"reference": "Patient/1"},
        "code": {"text": "Overweight"},
    }
    entries: list[dict[str, object]] = [{"fullUrl": name, "resource": condition}]
    entries += ({"resource": _observation(number, name)} for number in range(count))
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()


def _observation(number: int, focus: str) -> dict[str, object]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}], "text": "Weight"},
        "subject": {"reference": "Patient/1"},
        "focus": [{"reference": focus}],
        "effectiveDateTime": f"{2000 + number % 24}-0{1 + number % 9}-{1 + number % 28:02}",
        "valueQuantity": {"value": number, "unit": "kg"},
    }
