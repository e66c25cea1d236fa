"""Damaged and invented files of every kind: a sentence or a record, never anything else."""

import json
from contextlib import suppress
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phr.formats.parsed import Parsed, Refused
from tests.phr.formats.reading import bundle, observation, read
from tests.worlds.apple import export, record
from tests.worlds.files import ct_slice, dicom, fhir, packed, pdf, picture

pytestmark = pytest.mark.property

SAMPLES = [
    fhir("searchset"),
    fhir("ips"),
    fhir("list"),
    pdf(),
    picture("PNG"),
    picture("JPEG"),
    picture("TIFF", compression="tiff_lzw"),
    dicom(ct_slice()),
    export(record("BodyMass", "70.5", "kg"), record("StepCount", "9", "count")),
    packed(("a.json", fhir("observation")), ("b.xml", export()), ("c.txt", b"words")),
]
HEAVY = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


def taken_or_refused(raw: bytes) -> None:
    """Only `Refused` may come out, with a sentence; in the box everything else is caught too."""
    with suppress(Refused):
        for each in read(raw):
            if isinstance(each, Parsed):
                assert json.loads(each.body)["resourceType"] == each.resource_type
                assert each.labels
                assert all(term == term.strip() and term for term in each.terms)


@HEAVY
@given(st.data())
def test_a_damaged_file(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from(SAMPLES)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        length = data.draw(st.integers(0, 12))
        raw[at : at + length] = data.draw(st.binary(max_size=12))
    taken_or_refused(bytes(raw))


@HEAVY
@given(st.sampled_from(SAMPLES), st.floats(0, 1))
def test_a_file_cut_off(raw: bytes, part: float) -> None:
    taken_or_refused(raw[: int(len(raw) * part)])


values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["coding", "text", "value", "extension", "_x"]), inner)
    ),
    max_leaves=8,
)
ELEMENTS = [
    "status",
    "code",
    "effectiveDateTime",
    "identifier",
    "contained",
    "meta",
    "note",
    "text",
]


@HEAVY
@given(st.dictionaries(st.sampled_from(ELEMENTS), values))
def test_an_invented_resource(elements: dict[str, Any]) -> None:
    taken_or_refused(json.dumps(bundle(observation(**elements))).encode())


@HEAVY
@given(st.lists(st.dictionaries(st.sampled_from(["resource", "fullUrl", "request", "x"]), values)))
def test_invented_entries(entries: list[Any]) -> None:
    taken_or_refused(json.dumps(bundle(entry=entries)).encode())
    taken_or_refused(json.dumps({"entry": entries, "resourceType": "Bundle"}).encode())


KINDS = ["HeartRate", "BodyMass", "StepCount", "BloodPressureSystolic", "OxygenSaturation"]
NUMBERS = st.decimals(allow_nan=True).map(str) | st.text(max_size=8)
UNITS = st.sampled_from(["count", "%", "kg", "mmHg"]) | st.text(max_size=8)
DAYS = st.datetimes().map(lambda at: f"{at:%Y-%m-%d %H:%M:%S} +0130")


@HEAVY
@given(st.lists(st.tuples(st.sampled_from(KINDS), NUMBERS, UNITS, DAYS, st.text(max_size=9))))
def test_invented_measurements(found: list[tuple[str, str, str, str, str]]) -> None:
    lines = [record(kind, *map(quoted, others)) for kind, *others in found]
    taken_or_refused(export().replace(b"</HealthData>", b"%b</HealthData>" % encoded(lines)))


def quoted(text: str) -> str:
    return escape(text, {'"': "&quot;"})


def encoded(lines: list[str]) -> bytes:
    return "".join(lines).encode(errors="replace")


@HEAVY
@given(st.text(max_size=200))
def test_any_text_in_braces(text: str) -> None:
    taken_or_refused(("{" + text).encode("utf-8", "surrogatepass"))


@HEAVY
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_any_text_as_a_value_comes_back_unchanged(text: str) -> None:
    raw = json.dumps(observation(valueString="x" + text)).encode()
    (found,) = read(raw)
    assert isinstance(found, Parsed)
    assert found.body == raw
    assert json.loads(found.body)["valueString"] == "x" + text
