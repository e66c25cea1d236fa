"""Apple Health `export.xml`: read once from front to back, whatever its size.

Source: the document type Apple writes at the top of the file itself ("HealthKit Export"). That
part is cut away unread before the parser sees the file, and entities are refused.
"""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from lxml import etree

from phr.formats import apple_types as types
from phr.formats.apple_days import Days, Measured
from phr.formats.json_stream import Read
from phr.formats.parsed import Limits, Output, Progress, Refused, Skipped
from phr.formats.resource import made, person
from sharing.categories import category_of
from sharing.labels import suggest

Json = dict[str, Any]

NAME = "an Apple Health export"
SUBJECT = "Patient/me"

_CHUNK = 256 * 1024
_LONGEST_PROLOG = 1024 * 1024
_MOST_KINDS = 300
_LARGEST = Decimal("1e12")
_MISC = re.compile(rb"(?:\xef\xbb\xbf)?(?>\s+|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)
_DOCTYPE = re.compile(rb"<!DOCTYPE[^\[<>]*+(?:\[(?>[^\]]|\](?!\s*>))*+\]\s*)?>")
_WHEN = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) ([+-]\d\d)(\d\d)")
_VALUE = re.compile(r"-?\d{1,20}(\.\d{1,30})?([eE][+-]?\d{1,2})?")
_SEX = {"HKBiologicalSexFemale": "female", "HKBiologicalSexMale": "male"} | {
    "HKBiologicalSexOther": "other"
}
_ME = "HKCharacteristicTypeIdentifier"
# What stands beside the measurements and is not kept.
_BESIDE = {
    "Workout": "Workouts",
    "ActivitySummary": "Activity rings",
    "ClinicalRecord": "Clinical records",
    "Audiogram": "Hearing tests",
    "VisionPrescription": "Glasses and lenses",
}
_NOT_NUMBERS = "They are not measurements with a number, which is all that is kept of this file."


def warm() -> None:
    """Load whatever is loaded on first use."""
    suggest({"resourceType": "Observation"})
    category_of({"resourceType": "Observation"})
    parser = _parser(_Reader(Limits()))
    parser.feed(b"<HealthData/>")
    parser.close()


def read(stream: Read, limits: Limits, filename: str) -> Iterator[Output]:  # noqa: ARG001
    """The person, then days and measurements, then what was left out.

    A Progress after each piece read is a sign of life. Raises Refused when it is not well formed
    or has more days than allowed.
    """
    reader = _Reader(limits)
    parser = _parser(reader)
    done = 0
    try:
        data = _without_dtd(stream)
        while data:
            parser.feed(data)
            done += len(data)
            yield Progress(done, None, "bytes")
            data = stream(_CHUNK)
        parser.close()
    except etree.XMLSyntaxError as error:
        raise Refused(
            f"The file is cut off or damaged: line {error.lineno or 1} is not proper XML."
        ) from None
    yield from reader.output()


def _parser(reader: "_Reader") -> etree.XMLParser:
    return etree.XMLParser(
        # The stub asks for text and comments too; lxml does not.
        target=reader,  # type: ignore[arg-type]
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=False,
    )


def _without_dtd(stream: Read) -> bytes:
    """The first part of the file, its document type replaced by empty lines. Raises Refused."""
    text = b""
    while True:
        part = stream(_CHUNK)
        text += part
        misc = _MISC.match(text)
        start = misc.end() if misc else 0
        doctype = _DOCTYPE.match(text, start)
        if doctype:
            return text[:start] + b"\n" * _lines(doctype[0]) + text[doctype.end() :]
        if len(text) - start > 9 and not text.startswith((b"<!", b"<?"), start):
            return text
        if not part or len(text) > _LONGEST_PROLOG:
            raise Refused("The beginning of the file is not that of an Apple Health export.")


def _lines(doctype: bytes) -> int:
    if b"<!ENTITY" in doctype:
        raise Refused("The file defines entities, which an Apple Health export never does.")
    return doctype.count(b"\n")


class _Reader:
    """What the parser tells as it goes; no tree is built."""

    def __init__(self, limits: Limits) -> None:
        self._days = Days(limits)
        self._depth = 0
        self._number = 0
        self._inside = ""
        self._me: dict[str, str] | None = None
        self._left_out = Counter[str]()

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """One opening tag."""
        self._depth += 1
        if self._depth == 1:
            if tag != "HealthData":
                raise Refused("The file is XML but not an Apple Health export.")
        elif tag == "Record":
            self._record(attributes)
        elif self._depth == 2:
            self._inside = attributes.get("type", "") if tag == "Correlation" else ""
            if tag == "Me":
                self._meet(attributes)
            elif tag not in ("ExportDate", "Correlation"):
                self._leave_out(_BESIDE.get(tag, "Other entries"))

    def end(self, tag: str) -> None:  # noqa: ARG002 - lxml's shape
        """One closing tag."""
        self._depth -= 1
        if self._depth == 1:
            self._inside = ""

    def close(self) -> None:
        """The end of the file."""

    def _meet(self, attributes: dict[str, str]) -> None:
        if self._me is not None and self._me != attributes:
            raise Refused("The file describes two people, and an Apple Health export only one.")
        self._me = dict(attributes)

    def _record(self, attributes: dict[str, str]) -> None:
        # Apple writes each part of a correlation a second time, outside of it.
        if self._depth > 2 and not self._inside.endswith("BloodPressure"):
            return None
        self._number += 1
        kind = attributes.get("type", "")
        if not types.known(kind):
            return self._leave_out("Other entries")
        found = _measured(kind, attributes, self._number)
        if found is None:
            return self._leave_out(types.words(kind))
        return self._days.add(found)

    def _leave_out(self, what: str) -> None:
        more = what in self._left_out or len(self._left_out) < _MOST_KINDS
        self._left_out[what if more else "Other entries"] += 1

    def output(self) -> Iterator[Output]:
        """Everything, once the file is read."""
        if self._me is not None:
            patient = _patient(self._me)
            yield person(patient)
            yield made(patient, "the person", identity="Patient|apple-health|me")
        yield from self._days.resources(SUBJECT if self._me is not None else "")
        for what, count in sorted(self._left_out.items()):
            entries = f"{count:,} entries are" if count > 1 else "1 entry is"
            yield Skipped(what, f"{entries} not kept. {_NOT_NUMBERS}")


def _measured(kind: str, attributes: dict[str, str], number: int) -> Measured | None:
    at = _instant(attributes.get("startDate", ""))
    unit = types.plain(attributes.get("unit", ""))
    value = _number(attributes.get("value", ""), unit)
    if at is None or value is None or not kind.startswith("HKQuantity"):
        return None
    return Measured(kind, unit[:40], attributes.get("sourceName", "")[:100], at, value, number)


def _instant(text: str) -> str | None:
    """Apple's "2024-03-01 08:15:00 +0100" as a FHIR dateTime."""
    found = _WHEN.fullmatch(text)
    if found is None:
        return None
    day, time, hours, minutes = found.groups()
    at = f"{day}T{time}{hours}:{minutes}"
    try:
        datetime.fromisoformat(at)
    except ValueError:
        return None
    return at


def _number(text: str, unit: str) -> str | None:
    """A decimal's text. HealthKit writes 97 % as 0.97 %; what is above 1 is taken as it stands."""
    if not _VALUE.fullmatch(text):
        return None
    value = Decimal(text)
    if abs(value) > _LARGEST:
        return None
    if unit == "%" and 0 <= value <= 1:
        return format((value * 100).normalize() + 0, "f")
    return format(value, "f")


def _patient(me: dict[str, str]) -> Json:
    found: Json = {"resourceType": "Patient", "id": "me"}
    born = me.get(f"{_ME}DateOfBirth", "")
    with suppress(ValueError):
        found["birthDate"] = date.fromisoformat(born).isoformat()
    if sex := _SEX.get(me.get(f"{_ME}BiologicalSex", "")):
        found["gender"] = sex
    return found
