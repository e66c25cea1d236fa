"""A document whose body is another file.

Sources: HL7 CDA R2, NonXMLBody; C-CDA R2.1, Unstructured Document;
https://hl7.org/fhir/R4/documentreference.html
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import escape
from io import BytesIO
from typing import Any

from phr.formats import image, pdf
from phr.formats.ccda.composition import authors
from phr.formats.ccda.context import Context, Draft, full, identifiers
from phr.formats.ccda.times import moment
from phr.formats.ccda.tree import get, one, words
from phr.formats.ccda.values import concept, said
from phr.formats.hardened_xml import Element
from phr.formats.parsed import Limits, Output, Parsed, Piece, Refused
from phr.formats.terms import clean

Json = dict[str, Any]

_PIECE = 256 * 1024
_SPACE = re.compile(r"\s+")
_TEXT = "text/plain"
# What is drawn or read is told by its bytes; of anything else the document's word counts.
_READERS = (
    (b"%PDF-", pdf, "application/pdf"), (b"\xff\xd8\xff", image, "image/jpeg"),
    (b"\x89PNG", image, "image/png"), (b"II*\x00", image, "image/tiff"),
    (b"MM\x00*", image, "image/tiff"),
)  # fmt: skip
_NAMED = frozenset(("text/html", "text/rtf", "application/rtf", "application/msword"))
_ELSEWHERE = (
    "The document has no text of its own and names a file that is not in it; please add that file."
)
_DAMAGED = "The document holds another file, and that is damaged or empty."


@dataclass(frozen=True, slots=True)
class Body:
    """The file in a document, and its media type: `text/plain` when that is not said."""

    data: bytes
    kind: str

    @property
    def text(self) -> str:
        """The narrative of a section, where the file is plain text; "" where it is anything else."""
        if self.kind != _TEXT or self._reader:
            return ""
        try:
            plain = self.data.decode()
        except UnicodeDecodeError:
            plain = self.data.decode("latin-1")
        lines = (f"<p>{escape(line.strip(), quote=False)}</p>" for line in plain.splitlines())
        shown = "".join(line for line in lines if line != "<p></p>")
        return f'<div xmlns="http://www.w3.org/1999/xhtml">{shown}</div>' if shown else ""

    @property
    def _reader(self) -> Any:
        return next((found for start, *found in _READERS if self.data.startswith(start)), None)

    def items(self, document: Parsed, title: str, limits: Limits) -> Iterator[Output]:
        """The document with the words of the file, its picture, and its bytes. Raises Refused."""
        reader = self._reader
        read = list(reader[0].read(BytesIO(self.data).read, limits, "")) if reader else []
        first = next((each for each in read if isinstance(each, Parsed)), None)
        yield replace(document, terms=(*document.terms, *first.terms)) if first else document
        yield from (each for each in read if not isinstance(each, Parsed))
        for start in range(0, len(self.data), _PIECE):
            last = start + _PIECE >= len(self.data)
            yield Piece(self.data[start : start + _PIECE], self.media, title, last)

    @property
    def media(self) -> str:
        """By its bytes where they tell, else by its word where that is a kind that is known."""
        reader = self._reader
        if reader:
            return str(reader[1])
        return self.kind if self.kind in _NAMED else "application/octet-stream"


def body(text: Element) -> Body:
    """The file in nonXMLBody.text. Raises Refused when it is elsewhere, damaged or empty."""
    inside = "".join(str(part) for part in text.itertext())
    if one(text, "reference") is not None and not inside.strip():
        raise Refused(_ELSEWHERE)
    data = inside.strip().encode()
    if get(text, "representation").upper() == "B64":
        try:
            data = base64.b64decode(_SPACE.sub("", inside), validate=True)
        except (binascii.Error, ValueError):
            raise Refused(_DAMAGED) from None
    if not data:
        raise Refused(_DAMAGED)
    return Body(data, get(text, "mediaType").lower() or _TEXT)


def called(root: Element | None) -> str:
    """The document's title, on one line."""
    title = words(one(root, "title")) or get(one(root, "code"), "displayName")
    return clean(title) or "Clinical document"


def document(root: Element, found: Body, context: Context) -> Draft:
    """The header as a DocumentReference of the file."""
    keeper = one(root, "custodian/assignedCustodian/representedCustodianOrganization/name")
    made = moment(get(one(root, "effectiveTime"), "value"))
    attachment = {
        "contentType": found.media,
        "size": len(found.data),
        # FHIR R4 Attachment.hash is SHA-1 by definition; it is a checksum here, not a protection.
        "hash": base64.b64encode(hashlib.sha1(found.data, usedforsecurity=False).digest()).decode(),
        "title": called(root),
    }
    draft = context.draft(
        "DocumentReference",
        None,
        identifier=identifiers(root),
        status="current",
        type=concept(one(root, "code"), context) or said("Clinical document"),
        date=made if made and "T" in made else None,
        author=authors(root),
        custodian=full(display=words(keeper)),
        description=called(root),
        content=[{"attachment": attachment | ({"creation": made} if made else {})}],
    )
    return Draft(draft.resource, context.name("DocumentReference", context.document), None)
