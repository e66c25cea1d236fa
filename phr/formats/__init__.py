"""The formats a person may upload, one module each, all of one shape.

`NAME` is what the format is called in a sentence; `warm()` loads whatever is loaded on first use;
`read(stream, limits, filename)` yields what `phr.formats.parsed` names or raises Refused.
"""

import re
from importlib import import_module
from types import ModuleType

from phr.formats.parsed import Refused

ACCEPTED = "FHIR R4 (JSON), Apple Health (XML), PDF, JPEG, PNG, TIFF and DICOM"

_FHIR, _PDF, _IMAGE, _DICOM = (f"phr.formats.{n}" for n in ("fhir", "pdf", "image", "dicom"))
_APPLE = "phr.formats.apple_health"
_EXTENSIONS = {
    "json": _FHIR,
    "pdf": _PDF,
    "jpg": _IMAGE,
    "jpeg": _IMAGE,
    "png": _IMAGE,
    "tif": _IMAGE,
    "tiff": _IMAGE,
    "dcm": _DICOM,
    "dicom": _DICOM,
}
# Endings that several readers share.
_SHARED = {"xml": (_APPLE,)}
_SAID_TO_BE = {"json": "JSON", "pdf": "PDF", "dcm": "DICOM", "dicom": "DICOM", "xml": "XML"}
# The element a document of XML begins with, or its document type.
_ROOTS = ((re.compile(rb"<(?:!DOCTYPE\s+)?HealthData[\s\[/>]"), _APPLE),)
# What people try, and what it is called. HTML and SVG can carry scripts; archives, anything.
_KNOWN = (
    (b"PK\x03\x04", "a ZIP archive or an Office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"\xff\xfe", "UTF-16 text (FHIR is written in UTF-8)"),
    (b"\xfe\xff", "UTF-16 text (FHIR is written in UTF-8)"),
    (b"MZ", "a program"),
    (b"\x7fELF", "a program"),
    (b"MSH|", "an HL7 version 2 message"),
    (b"%!PS", "PostScript"),
    (b"{\\rtf", "a rich text document"),
)
_XML = (
    (b"http://hl7.org/fhir", "FHIR written in XML (FHIR written in JSON is)"),
    (b"urn:hl7-org:v3", "a C-CDA document"),
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
    name = _sniff(head)
    if name is None:
        raise Refused(f"{_what(head)} What is accepted: {ACCEPTED}.")
    extension = filename.rpartition(".")[2].lower() if "." in filename else ""
    claimed = _SHARED.get(extension) or (_EXTENSIONS.get(extension, name),)
    module = import_module(name)
    if name not in claimed:
        said = _SAID_TO_BE.get(extension, "a picture")
        raise Refused(f"The file is named as {said}, but what is inside is {module.NAME}.")
    return module


def _sniff(head: bytes) -> str | None:
    """DICOM first: its 128 free bytes may look like anything, often like TIFF."""
    if head[128:132] == b"DICM":
        return _DICOM
    if head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\x00", b"MM\x00*")):
        return _IMAGE
    if b"%PDF-" in head[:1024]:
        return _PDF
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    if text.startswith(b"<"):
        return next((name for root, name in _ROOTS if root.search(text)), None)
    return _FHIR if text[:1] in (b"{", b"[") and not text.startswith(b"{\\rtf") else None


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
