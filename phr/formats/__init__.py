"""The formats a person may upload, one module each, all of one shape.

`NAME` is what the format is called in a sentence; `warm()` loads whatever is loaded on first use;
`read(stream, limits, filename)` yields what `phr.formats.parsed` names or raises Refused. A reader
that asks its file's owner something (`Columns`) takes her answers as `options`.
"""

import re
from importlib import import_module
from types import ModuleType

from phr.formats import delimited
from phr.formats.parsed import Refused

ACCEPTED = (
    "FHIR R4 (JSON), C-CDA, Apple Health (XML), HL7 v2 (ORU^R01), tables (CSV), PDF, JPEG, PNG,"
    " TIFF, DICOM and ZIP"
)

_FHIR, _PDF, _IMAGE, _DICOM = (f"phr.formats.{n}" for n in ("fhir", "pdf", "image", "dicom"))
_APPLE, _CCDA = "phr.formats.apple_health", "phr.formats.ccda"
_HL7 = "phr.formats.hl7v2"
_ZIP, _TABLE = "phr.formats.archive_zip", "phr.formats.table"
_EXTENSIONS = {
    "json": _FHIR,
    "ndjson": _FHIR,
    "pdf": _PDF,
    "jpg": _IMAGE,
    "jpeg": _IMAGE,
    "png": _IMAGE,
    "tif": _IMAGE,
    "tiff": _IMAGE,
    "dcm": _DICOM,
    "dicom": _DICOM,
    "zip": _ZIP,
    "hl7": _HL7,
    "oru": _HL7,
    "csv": _TABLE,
    "tsv": _TABLE,
}
# What reads one document, which its owner may have described (`DESCRIBED`).
DOCUMENTS = frozenset({_PDF, _IMAGE})
# Endings that several readers share.
_SHARED = {"xml": (_APPLE, _CCDA)}
_SAID_TO_BE = {
    "json": "JSON",
    "ndjson": "NDJSON",
    "pdf": "PDF",
    "dcm": "DICOM",
    "dicom": "DICOM",
    "zip": "ZIP",
    "xml": "XML",
    "hl7": "HL7",
    "oru": "HL7",
    "csv": "CSV",
    "tsv": "CSV",
}
# The element a document of XML begins with, or its document type.
_ROOTS = (
    (re.compile(rb"<(?:!DOCTYPE\s+)?HealthData[\s\[/>]"), _APPLE),
    (re.compile(rb"<(?:!DOCTYPE\s+)?(?:[\w.-]{1,40}:)?ClinicalDocument[\s\[/>]"), _CCDA),
)
_STARTS = (
    (b"\xff\xd8\xff", _IMAGE),
    (b"\x89PNG\r\n\x1a\n", _IMAGE),
    (b"II*\x00", _IMAGE),
    (b"MM\x00*", _IMAGE),
    (b"PK\x03\x04", _ZIP),
)
# What people try, and what it is called. HTML and SVG can carry scripts; archives, anything.
_KNOWN = (
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"\xff\xfe", "UTF-16 text (FHIR is written in UTF-8)"),
    (b"\xfe\xff", "UTF-16 text (FHIR is written in UTF-8)"),
    (b"{\x00", "UTF-16 text (FHIR is written in UTF-8)"),
    (b"\x00{", "UTF-16 text (FHIR is written in UTF-8)"),
    (b"MZ", "a program"),
    (b"\x7fELF", "a program"),
    (b"%!PS", "PostScript"),
    (b"{\\rtf", "a rich text document"),
)
_XML = (
    (b"http://hl7.org/fhir", "FHIR written in XML (FHIR written in JSON is)"),
    (b"urn:hl7-org:v3", "an HL7 version 3 message (a C-CDA document is)"),
    (b"<html", "a web page"),
    (b"<!doctype html", "a web page"),
    (b"<svg", "an SVG drawing"),
    (b"<", "XML"),
)
_BINARY = ((b"ftypheic", "a HEIC picture"), (b"ftyp", "a video"), (b"webp", "a WebP picture"))


def detect(head: bytes, filename: str = "") -> ModuleType:
    """The module that reads a file beginning with `head` (the first 4096 bytes, or all).

    Raises Refused when it is none of ours, or when the name claims another format.
    """
    if not head:
        raise Refused("The file is empty.")
    extension = filename.rpartition(".")[2].lower() if "." in filename else ""
    name = _sniff(_as_utf8(head))
    if name is None and _EXTENSIONS.get(extension) == _TABLE and delimited.is_text(head):
        name = _TABLE
    if name is None:
        raise Refused(f"{_what(head)} What is accepted: {ACCEPTED}.")
    claimed = _SHARED.get(extension) or (_EXTENSIONS.get(extension, name),)
    module = import_module(name)
    if name not in claimed:
        said = _SAID_TO_BE.get(extension, "a picture")
        raise Refused(f"The file is named as {said}, but what is inside is {module.NAME}.")
    return module


def names() -> frozenset[str]:
    """The full names of all readers."""
    return frozenset(_EXTENSIONS.values()).union(*_SHARED.values())


def _sniff(head: bytes) -> str | None:
    """DICOM first: its 128 free bytes may look like anything, often like TIFF."""
    if head[128:132] == b"DICM":
        return _DICOM
    if found := next((name for start, name in _STARTS if head.startswith(start)), None):
        return found
    if b"%PDF-" in head[:1024]:
        return _PDF
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    if text.startswith(b"<"):
        return next((name for root, name in _ROOTS if root.search(text)), None)
    if text.lstrip(b"\x0b\x1c").startswith((b"MSH|", b"BHS|", b"FHS|")):
        return _HL7
    return _other_text(text, head)


def _other_text(text: bytes, head: bytes) -> str | None:
    if text[:1] in (b"{", b"["):
        return None if text.startswith(b"{\\rtf") or b"\x00" in text[:4] else _FHIR
    return _TABLE if delimited.is_table(head) else None


def _as_utf8(head: bytes) -> bytes:
    """XML and tables may be written in UTF-16; JSON may not (RFC 8259, section 8.1)."""
    text = delimited.decoded(head).lstrip() if delimited.is_utf16(head) else ""
    return text.encode() if text and text[0] not in "{[" else head


def _what(head: bytes) -> str:
    """What the file seems to be, as a sentence."""
    for start, name in _KNOWN:
        if head.startswith(start):
            return f"This is {name}, which is not accepted."
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:512].lower()
    for inside, name in _XML if text.startswith(b"<") else _BINARY:
        if inside in text:
            return f"This is {name}, which is not accepted."
    return "This kind of file is not accepted."
