"""HL7 v2 laboratory messages, ORU^R01. Source: HL7 v2.5.1 §2, §7.3.1.

Read a segment at a time: memory follows the largest segment, not the file. Several messages may
follow one another, in MLLP frames or in a batch (FHS, BHS).
"""

import codecs
import re
from collections.abc import Iterator

from phr.formats.hl7v2 import files
from phr.formats.hl7v2.messages import Message
from phr.formats.hl7v2.people import urn
from phr.formats.hl7v2.segments import CHARSETS, Segment, cut, header, lines
from phr.formats.json_stream import Read
from phr.formats.parsed import Limits, Output, Refused, Skipped
from sharing.categories import category_of
from sharing.labels import suggest

NAME = "an HL7 version 2 message"
_AROUND = (b"FHS", b"FTS", b"BHS", b"BTS")
_SEGMENT = re.compile(rb"[A-Z][A-Z0-9]{2}")
_OTHERS = re.compile(
    "ACK|ADT|BAR|DFT|MDM|MFN|O[MR][LMRU]|OUL|PPR|QBP|QRY|R[AD][ES]|REF|RSP|SIU|VXU"
)


def warm() -> None:
    """Load whatever is loaded on first use."""
    suggest({"resourceType": "Observation"})
    category_of({"resourceType": "Observation"})
    for charset in {*CHARSETS.values(), "latin-1"}:
        codecs.lookup(charset)
    urn("")
    files.warm()


def read(stream: Read, limits: Limits, filename: str) -> Iterator[Output]:  # noqa: ARG001
    """Everything in the file's messages, in their order. Raises Refused."""
    message: Message | None = None
    told: set[str] = set()
    count = 0
    for line in lines(stream, limits):
        name = line[:3]
        if name == b"MSH":
            if message:
                yield from message.end()
            count += 1
            message = Message(
                _accepted(header(line, f"Message {count}"), count), count, told, limits
            )
        elif name in _AROUND:
            continue
        elif message is None:
            raise Refused("The file does not begin with the head of an HL7 message (MSH).")
        else:
            yield from _segment(message, line)
    if message is None:
        raise Refused("The file has no HL7 message in it.")
    yield from message.end()


def _segment(message: Message, line: bytes) -> Iterator[Output]:
    place = message.next()
    if not _SEGMENT.match(line):
        yield Skipped(place, "the line does not begin with the name of a segment")
        return
    try:
        segment = cut(line, message.signs)
    except ValueError:
        yield Skipped(place, "it is not in the alphabet that the message names")
        return
    yield from message.take(segment, place)


def _accepted(head: Segment, count: int) -> Segment:
    """The MSH of a message that is read. Raises Refused with the name of any other."""
    kind, event = head.text(9, 1).upper(), head.text(9, 2).upper()
    if kind == "ORU" and event in ("R01", ""):
        return head
    named = "of another kind"
    if _OTHERS.fullmatch(kind):
        shown = f"^{event}" if re.fullmatch(r"[A-Z]\d\d", event) else ""
        named = f"of type {kind}{shown}"
    raise Refused(
        f"Message {count} is {named}; of HL7 version 2 only laboratory results, ORU^R01, are read."
    )
