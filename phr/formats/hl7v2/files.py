"""Files within a message: OBX-5 of type ED. Source: HL7 v2.5.1 §2.A.24 (ED), tables 0191, 0299."""

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any

import orjson

from phr.formats import image, pdf
from phr.formats.hl7v2.results import Unread
from phr.formats.hl7v2.segments import Segment
from phr.formats.parsed import Limits, Output, Parsed, Piece, Refused
from phr.formats.resource import made

Json = dict[str, Any]

_PIECE = 256 * 1024
_SPACE = re.compile(r"\s+")
# What is drawn or read is told by its bytes; of anything else the sender's word counts.
_READERS = (
    (b"%PDF-", pdf), (b"\xff\xd8\xff", image), (b"\x89PNG", image), (b"II*\x00", image),
    (b"MM\x00*", image),
)  # fmt: skip
_NAMED = {"PDF": "application/pdf", "JPEG": "image/jpeg", "PNG": "image/png", "TIFF": "image/tiff",
          "HTML": "text/html", "RTF": "application/rtf", "XML": "application/xml"}  # fmt: skip
_WORDS = ("TEXT", "TX", "FT")


def warm() -> None:
    """Load whatever is loaded on first use."""
    pdf.warm()
    image.warm()


def contained(segment: Segment) -> bytes:
    """The bytes of a file in OBX-5. Raises Unread when they are damaged or not there."""
    encoding, data = segment.text(5, 4).upper(), segment.text(5, 5)
    try:
        match encoding:
            case "BASE64":
                found = base64.b64decode(_SPACE.sub("", data), validate=True)
            case "HEX":
                found = bytes.fromhex(data)
            case _:
                found = data.encode()
    except ValueError:
        raise Unread("the file in it is damaged") from None
    if not found:
        raise Unread("there is no file in it")
    return found


def document(
    data: bytes, segment: Segment, about: Json, identity: tuple[str, str, str], limits: Limits
) -> Iterator[Output]:
    """The DocumentReference of a file, its picture, and its bytes.

    `identity` is its place, its URL and its name. Raises Refused when it is a damaged picture or a
    PDF that is cut off.
    """
    place, url, name = identity
    reader = next((module for start, module in _READERS if data.startswith(start)), None)
    read = list(reader.read(BytesIO(data).read, limits, "")) if reader else []
    first = next((each for each in read if isinstance(each, Parsed)), None)
    attachment = _attachment(data, segment, first)
    resource: Json = {"resourceType": "DocumentReference", "status": "current", **about}
    resource["content"] = [{"attachment": attachment}]
    item = made(resource, place, url=url, identity=name)
    yield replace(item, terms=(*item.terms, *first.terms)) if first else item
    yield from (each for each in read if not isinstance(each, Parsed))
    for start in range(0, len(data), _PIECE):
        last = start + _PIECE >= len(data)
        kind = attachment["contentType"]
        yield Piece(data[start : start + _PIECE], kind, attachment["title"], last)


def withdrawn(segment: Segment, about: Json, identity: tuple[str, str, str]) -> Parsed:
    """The DocumentReference of a file that its sender took back; the file itself is not kept again."""
    place, url, name = identity
    resource: Json = {"resourceType": "DocumentReference", "status": "entered-in-error", **about}
    resource["content"] = [{"attachment": {"title": _title(segment)}}]
    return made(resource, place, url=url, identity=name)


def _title(segment: Segment) -> str:
    return segment.text(3, 2) or segment.text(3) or "File"


def _attachment(data: bytes, segment: Segment, read: Parsed | None) -> Json:
    kind, subtype = segment.text(5, 2).upper(), segment.text(5, 3).upper()
    told = _NAMED.get(subtype) or ("text/plain" if kind in _WORDS else "application/octet-stream")
    if read:
        told = orjson.loads(read.body)["content"][0]["attachment"]["contentType"]
    return {
        "contentType": told,
        "size": len(data),
        # FHIR R4 Attachment.hash is SHA-1 by definition; it is a checksum here, not a protection.
        "hash": base64.b64encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode(),
        "title": _title(segment),
    }


def damaged(refused: Refused) -> str:
    """Why a file is left out, to follow its place."""
    return f"the file in it cannot be read: {refused.sentence[:1].lower()}{refused.sentence[1:-1]}"
