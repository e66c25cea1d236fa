"""One ORU^R01 message, segment by segment. Source: HL7 v2.5.1 §7.3.1."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import orjson

from phr.formats.hl7v2.files import contained, damaged, document, withdrawn
from phr.formats.hl7v2.people import identity, patient, urn
from phr.formats.hl7v2.results import GONE, Unread, observation, report, status_of
from phr.formats.hl7v2.segments import Segment, Signs
from phr.formats.hl7v2.values import field_concept, instant
from phr.formats.meaning import bounded
from phr.formats.parsed import Limits, Output, Parsed, Refused, Skipped
from phr.formats.resource import made, person

Json = dict[str, Any]

_MOST_NOTE = 20_000
_MOST_RESULTS = 5000


class Message:
    """Takes segments, gives resources. `told` are the people the file has named so far."""

    def __init__(self, head: Segment, number: int, told: set[str], limits: Limits) -> None:
        self.signs: Signs = head.signs
        self._number, self._told, self._limits = number, told, limits
        self._lines = 1
        self._app = f"{head.text(3)}|{head.text(4)}"
        self._control = head.text(10)
        self._sent = head.text(7)
        self._zone = head.text(7)[-5:] if head.text(7)[-5:-4] in ("+", "-") else ""
        self._subject: Json = {}
        self._order: Segment | None = None
        self._report: Json | None = None
        self._report_place = self._report_name = ""
        self._seen: Counter[str] = Counter()
        self._open: Json | None = None
        self._open_of: Segment | None = None
        self._open_place = ""

    def next(self) -> str:
        """The place of the next segment in words."""
        self._lines += 1
        return f"message {self._number}, segment {self._lines}"

    def take(self, segment: Segment, place: str) -> Iterator[Output]:
        """What is complete now that this segment has come."""
        match segment.name:
            case "PID":
                yield from self.end()
                yield from self._person(segment, place)
            case "OBR":
                yield from self.end()
                self._begin(segment, place)
            case "OBX":
                yield from self._result(segment, f"{place} (OBX)")
            case "NTE":
                yield from self._note(segment, place)
            case "SPM" if self._report is not None:
                if specimen := (field_concept(segment, 4) or {}).get("text"):
                    self._report.setdefault("specimen", []).append({"display": specimen})

    def end(self) -> Iterator[Output]:
        """What is still open: the last result, and the report it belongs to."""
        yield from self._close()
        if self._report is not None and self._order is not None:
            yield _kept(self._report | self._told_at(), self._report_place, self._report_name)
        self._report, self._order = None, None

    def _person(self, segment: Segment, place: str) -> Iterator[Output]:
        found = patient(segment)
        name = bounded(identity(found))
        shown = next((person(found).names[n] for n in range(len(person(found).names))), "")
        self._subject = {"reference": urn(name)} | ({"display": shown} if shown else {})
        raw = orjson.dumps(found).decode()
        if raw not in self._told:
            self._told.add(raw)
            yield person(found, urn(name))
            yield _kept(found | self._told_at(), place, name)

    def _begin(self, segment: Segment, place: str) -> None:
        self._order, self._report_place = segment, place
        self._report = report(segment, self._subject, self._zone)
        self._report_name = self._name("DiagnosticReport", "")

    def _result(self, segment: Segment, place: str) -> Iterator[Output]:
        if self._continues(segment):
            more = segment.whole(5)
            if self._open is not None and len(self._open["valueString"]) < _MOST_NOTE:
                self._open["valueString"] += f"\n{more}"
            return
        yield from self._close()
        if segment.text(2).upper() == "ED":
            yield from self._file(segment, place)
            return
        try:
            self._open = observation(segment, self._order, self._subject, self._zone)
        except Unread as unread:
            yield Skipped(place, str(unread))
            return
        self._open_of, self._open_place = segment, place

    def _file(self, segment: Segment, place: str) -> Iterator[Output]:
        """A file in place of a value, as a document that belongs to the report."""
        try:
            code, status = field_concept(segment, 3), status_of(segment, self._order)
            name = self._name("DocumentReference", f"{segment.text(3)}|{segment.text(4)}")
            about = {"type": code, "subject": self._subject, **self._told_at()}
            if self._report is not None:
                about["context"] = {"related": [{"reference": urn(self._report_name)}]}
            kept = {key: value for key, value in about.items() if value}
            called = (place, urn(name), name)
            if status in GONE:
                yield withdrawn(segment, kept, called)
                return
            yield from document(contained(segment), segment, kept, called, self._limits)
        except Unread as unread:
            yield Skipped(place, str(unread))
        except Refused as refused:
            yield Skipped(place, damaged(refused))

    def _continues(self, segment: Segment) -> bool:
        """Whether a text goes on: long ones come a line in each OBX, with the same OBX-3."""
        first = self._open_of
        return (
            first is not None
            and self._open is not None
            and segment.text(2) in ("TX", "FT")
            and "note" not in self._open
            and isinstance(self._open.get("valueString"), str)
            and all(segment.raw(n) == first.raw(n) for n in (2, 3, 11, 14))
        )

    def _note(self, segment: Segment, place: str) -> Iterator[Output]:
        text = segment.whole(3)
        if not text:
            return
        if self._open is not None:
            note = self._open.setdefault("note", [{"text": ""}])[0]
            note["text"] = f"{note['text']}\n{text}".strip()[:_MOST_NOTE]
        elif self._report is not None:
            said = f"{self._report.get('conclusion', '')}\n{text}"
            self._report["conclusion"] = said.strip()[:_MOST_NOTE]
        else:
            yield Skipped(place, "it is a comment that belongs to no result")

    def _close(self) -> Iterator[Output]:
        found, segment = self._open, self._open_of
        self._open = self._open_of = None
        if found is None or segment is None:
            return
        part = f"{segment.text(3)}|{segment.text(3, 2)}|{segment.text(4)}|{segment.text(14)}"
        name = self._name("Observation", part)
        item = _kept(found | self._told_at(), self._open_place, name)
        yield item
        results = self._report.setdefault("result", []) if self._report is not None else []
        if isinstance(item, Parsed) and len(results) < _MOST_RESULTS:
            results.append({"reference": item.links[0]})

    def _told_at(self) -> Json:
        """Resource.meta with when it was said: MSH-7, the one time that every message tells.

        When a result was analysed or reported (OBX-19, OBR-22) goes by another clock, and a
        correction often repeats it: of two messages that would call the later one the older.
        """
        said = instant(self._sent, self._zone)
        return {"meta": {"lastUpdated": said}} if said else {}

    def _name(self, kind: str, part: str) -> str:
        """Sender, order (OBR-3, else OBR-2), OBR-4, OBR-7 and the part of it: the same thing again.

        A message without any order number is only known again as itself (MSH-10).
        """
        name = self._called(kind, part)
        self._seen[name] += 1
        return bounded(name if self._seen[name] == 1 else f"{name}|{self._seen[name]}")

    def _called(self, kind: str, part: str) -> str:
        order = self._order
        number = (order.raw(3) or order.raw(2)) if order else ""
        about = "|".join((order.text(4), order.text(4, 2), order.text(7))) if order else ""
        whole = number or f"{self._control}|{self._number}|{self._report_place}"
        return f"{kind}|{self._app}|{whole}|{about}|{part}"


def _kept(resource: Json, place: str, name: str) -> Output:
    try:
        return made(resource, place, url=urn(name), identity=name)
    except Refused as refused:
        said = refused.sentence.removesuffix(".")
        begin = f"{place[0].upper()}{place[1:]}, "
        return Skipped(place, said.removeprefix(begin))
