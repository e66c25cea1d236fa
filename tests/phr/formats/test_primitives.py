"""Every rule for a FHIR R4 primitive: what it takes and what it refuses.

Source: https://hl7.org/fhir/R4/datatypes.html#primitive, written by us from its regular expressions.
"""

import time
from typing import Any

import pytest

from phr.formats.parsed import Refused
from tests.phr.formats.reading import kept

MOST, UUID = 2**31 - 1, "c757873d-ec9a-4326-a141-556f43239520"
RULES: dict[str, tuple[list[Any], list[Any]]] = {
    "base64Binary": (["YQ==", "YWJj\r\nZGVm", "YW Jj"], ["YQ=", "a", "*aaa", "", 3]),
    "boolean": ([True, False], ["true", 1, 0]),
    "canonical": (["http://a.example/V|1"], ["a b", ""]),
    "code": (["a", "a b"], [" a", "a ", "a  b", ""]),
    "date": (
        ["2024", "2024-02", "2024-02-29"],
        ["24", "2023-02-29", "2024-13", "2024-1-1", "0000", "2024-02-29T10:00:00Z"],
    ),
    "dateTime": (
        [
            "2024", "2024-02", "2024-02-29", "2024-02-29T23:59:60Z",
            "2024-02-29T10:00:00.123+14:00",
        ],
        [
            "2024-02-29T10:00", "2024-02-29T10:00:00", "2024-02-29T24:00:00Z",
            "2024-02-29T10:00:00+15:00", "2024-02T10:00:00Z", "2024-02-29 10:00:00Z",
        ],
    ),
    "decimal": ([0, 1.0, -0.01, 1e3], ["1.0", True]),
    "id": (["a", "A-1.b", "x" * 64], ["", "a_b", "x" * 65, "a b"]),
    "instant": (
        ["2024-02-29T10:00:00Z", "2024-02-29T10:00:00.1-05:00"],
        ["2024-02-29", "2024-02-29T10:00:00", "2024-02-29T10:00Z"],
    ),
    "integer": ([0, -5, MOST, -MOST - 1], [MOST + 1, 1.5, "1", True]),
    "markdown": (["*a*"], ["", 1]),
    "oid": (["urn:oid:1.2.3", "urn:oid:2.0"], ["1.2.3", "urn:oid:3.1", "urn:oid:1.02", "urn:oid:1"]),
    "positiveInt": ([1, MOST], [0, -1, MOST + 1]),
    "string": (["a", "a\r\n\tb", " "], ["", 1, None]),
    "time": (["10:00:00", "23:59:60", "10:00:00.5"], ["10:00", "24:00:00", "10:00:00Z"]),
    "unsignedInt": ([0, MOST], [-1, MOST + 1]),
    "uri": (["urn:x", "http://a/b#c", "Patient/1"], ["a b", ""]),
    "url": (["http://a/b"], ["a b", ""]),
    "uuid": ([f"urn:uuid:{UUID}"], [UUID, f"urn:uuid:{UUID.upper()}", "urn:uuid:1"]),
}  # fmt: skip
CASES = [
    (kind, value, taken)
    for kind, both in RULES.items()
    for taken, values in zip((True, False), both, strict=True)
    for value in values
]


def parameter(kind: str, value: Any) -> dict[str, Any]:
    name = f"value{kind[0].upper()}{kind[1:]}"
    return {"resourceType": "Parameters", "parameter": [{"name": "x", name: value}]}


@pytest.mark.parametrize(("kind", "value", "taken"), CASES)
def test_a_primitive(kind: str, value: Any, taken: bool) -> None:
    if taken:
        assert len(kept(parameter(kind, value))) == 1
    else:
        with pytest.raises(Refused):
            kept(parameter(kind, value))


def test_a_primitive_may_be_an_extension_alone_and_null_keeps_a_place() -> None:
    why = {"extension": [{"url": "http://a.example/absent", "valueCode": "unknown"}]}
    patient = {
        "resourceType": "Patient",
        "_birthDate": why,
        "name": [{"given": ["A", None, "C"], "_given": [None, why, {"id": "c"}]}],
    }
    assert len(kept(patient)) == 1


def test_long_base64_is_read_in_step_with_its_length() -> None:
    began = time.perf_counter()
    assert len(kept(parameter("base64Binary", "QUJD" * 2_000_000))) == 1
    assert time.perf_counter() - began < 5
