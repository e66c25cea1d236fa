"""The table of results: every number with its digits, and nothing that a spreadsheet would run."""

import csv
import json
from io import StringIO
from typing import Any

import pytest

from tests.cast import Cast, put_in
from tests.worlds.archive import Archive, archive_of

pytestmark = pytest.mark.django_db(databases=["default", "vault"])
LOINC = "http://loinc.org"


def rows(found: Archive) -> list[dict[str, str]]:
    data = found.zip.read("results.csv")
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(StringIO(data.decode("utf-8-sig"), newline="")))


def measured(text: str, number: str, day: str, **more: Any) -> str:
    resource = {"resourceType": "Observation", "status": "final", "effectiveDateTime": day,
                "code": {"text": text}, **more}  # fmt: skip
    return json.dumps(resource)[:-1] + f', "valueQuantity": {{"value": {number}, "unit": "kg"}}}}'


def part(code: str, text: str, value: int) -> dict[str, Any]:
    quantity = {"value": value, "unit": "mmHg", "code": "mm[Hg]"}
    return {
        "code": {"coding": [{"system": LOINC, "code": code, "display": text}]},
        "valueQuantity": quantity,
    }


def test_every_number_has_its_row_with_its_digits_and_its_source(cast: Cast) -> None:
    range_ = [{"low": {"value": 50, "unit": "kg"}, "high": {"value": 80, "unit": "kg"}}]
    put_in(
        cast.alice,
        measured("Weight", "72.20", "2024-03-12T10:00:00+02:00", referenceRange=range_).encode(),
        "weight.json",
    )
    pressure = {
        "resourceType": "Observation", "status": "entered-in-error", "effectiveDateTime": "2023-05",
        "code": {"text": "Blood pressure"},
        "component": [part("8480-6", "Systolic", 128), part("8462-4", "Diastolic", 81)],
    }  # fmt: skip
    put_in(cast.alice, json.dumps(pressure).encode(), "pressure.json")
    words = {"resourceType": "Observation", "status": "final", "code": {"text": "Mood"},
             "valueString": "good"}  # fmt: skip
    put_in(cast.alice, json.dumps(words).encode(), "mood.json")
    found = rows(archive_of(cast.alice_id))

    assert [list(row.values())[:9] for row in found] == [
        ["2024-03-12T10:00:00+02:00", "Weight", "", "72.20", "kg", "50 to 80 kg", "", "final",
         "File: weight.json"],
        ["2023-05", "Blood pressure: Systolic", f"{LOINC}|8480-6", "128", "mmHg", "", "",
         "entered-in-error", "File: pressure.json"],
        ["2023-05", "Blood pressure: Diastolic", f"{LOINC}|8462-4", "81", "mmHg", "", "",
         "entered-in-error", "File: pressure.json"],
    ]  # fmt: skip


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t"])
def test_no_cell_is_a_formula_and_a_number_stays_one(cast: Cast, sign: str) -> None:
    sent = measured(f"{sign}1+1", "-4.50", "2024-01-01").encode()
    put_in(cast.alice, sent, f"{sign}x.json")
    (row,) = rows(archive_of(cast.alice_id))

    assert row["Value"] == "-4.50"
    for name, cell in row.items():
        assert name == "Value" or cell[:1] not in "=+-@\t\r" or not cell


def test_a_bound_says_that_it_is_one(cast: Cast) -> None:
    sent = measured("Troponin", '5, "comparator": "<"', "2024-01-01").encode()
    put_in(cast.alice, sent, "x.json")

    assert [row["Value"] for row in rows(archive_of(cast.alice_id))] == ["< 5"]


def test_no_part_is_left_out_and_what_stands_within_a_report_is_there(cast: Cast) -> None:
    many = [part("8480-6", f"Part {number}", number) for number in range(1, 131)]
    panel = {
        "resourceType": "Observation", "status": "final", "code": {"text": "Panel"},
        "issued": "2024-09-09T10:00:00Z", "component": many,
        "effectivePeriod": {"start": "2019-03-01", "end": "2019-03-02"},
    }  # fmt: skip
    put_in(cast.alice, json.dumps(panel).encode(), "panel.json")
    within = {
        "resourceType": "Observation", "id": "k", "status": "final", "code": {"text": "Potassium"},
        "valueQuantity": {"value": 9.9, "unit": "mmol/L"},
    }  # fmt: skip
    report = {
        "resourceType": "DiagnosticReport", "status": "final", "code": {"text": "Blood"},
        "effectiveDateTime": "2024-01-01", "contained": [within], "result": [{"reference": "#k"}],
    }  # fmt: skip
    put_in(cast.alice, json.dumps(report).encode(), "report.json")
    first, *found = rows(archive_of(cast.alice_id))

    assert [first[name] for name in ("Date", "Name", "Value", "Source")] == [
        "2024-01-01", "Potassium", "9.9", "File: report.json",
    ]  # fmt: skip
    assert [row["Value"] for row in found] == [str(number) for number in range(1, 131)]
    assert {row["Date"] for row in found} == {"2019-03-01"}


@pytest.mark.parametrize(("sent", "said"), [("1.5E+3", "1500"), ("2.50e-3", "0.00250")])
def test_a_number_has_no_exponent(cast: Cast, sent: str, said: str) -> None:
    put_in(cast.alice, measured("Count", sent, "2024-01-01").encode(), "x.json")

    assert [row["Value"] for row in rows(archive_of(cast.alice_id))] == [said]
