"""HumanName, Address, ContactPoint, Identifier, Reference, Annotation and Attachment in words."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

from phr.display.concepts import code_of, concept
from phr.display.dates import moment
from phr.display.words import LONGEST_TEXT, clean, clean_lines, each, joined, one, spaced

_SECTIONS: Final = ("official", "usual", "", "nickname", "anonymous", "maiden", "temp", "old")
_FILE_KINDS: Final = {
    "application/pdf": "PDF",
    "image/jpeg": "JPEG picture",
    "image/png": "PNG picture",
    "image/tiff": "TIFF picture",
    "text/plain": "text",
    "text/html": "web page",
    "application/dicom": "DICOM image",
    "application/xml": "XML",
    "text/xml": "XML",
    "application/hl7-v3+xml": "clinical document",
}
# HL7 v2 table 0203, the identifiers people carry
_IDENTIFIERS: Final = {
    "MR": "Medical record number",
    "SS": "Social security number",
    "SB": "Social security number",
    "NI": "National number",
    "NH": "National health number",
    "NPI": "National provider identifier",
    "DL": "Driving licence",
    "PPN": "Passport",
    "MC": "Medicare number",
    "PRN": "Provider number",
    "MD": "Medical licence number",
    "DEA": "Drug prescriber number",
    "TAX": "Tax number",
    "BCT": "Birth certificate",
}
# Base64 of so many letters, four bytes each at most
_LONGEST_ENCODED: Final = 4 * LONGEST_TEXT // 3 * 4


def human_name(value: object) -> str:
    """A HumanName, or the one of several that is most in use."""
    names = each(value)
    if not names:
        return ""
    names.sort(key=lambda name: _rank(name.get("use")))
    found = one(names)
    parts = [*_strings(found.get("prefix")), *_strings(found.get("given"))]
    parts += [clean(found.get("family"), 100), *_strings(found.get("suffix"))]
    return clean(found.get("text")) or " ".join(part for part in parts if part)


def _rank(use: object) -> int:
    known = use if isinstance(use, str) else ""
    return _SECTIONS.index(known) if known in _SECTIONS else len(_SECTIONS)


def _strings(value: object) -> list[str]:
    return [clean(part, 100) for part in value[:10]] if isinstance(value, list) else []


def address(value: object) -> str:
    """An Address on one line, the parts separated by commas."""
    found = one(value)
    names = ("city", "district", "state", "postalCode", "country")
    parts = [*_strings(found.get("line")), *(clean(found.get(name), 100) for name in names)]
    return clean(found.get("text")) or joined(parts, ", ")


def telephone(value: object) -> str:
    """A ContactPoint value without the "tel:" or "mailto:" some systems put before it."""
    said = clean(value, 120)
    return said.partition(":")[2] if said.lower().startswith(("tel:", "mailto:")) else said


def contacts(value: object, system: str) -> str:
    """The ContactPoint values of one system: "phone", "email"."""
    return joined(
        telephone(contact.get("value"))
        for contact in each(value)
        if contact.get("system") == system
    )


def identifiers(value: object) -> list[tuple[str, str]]:
    """Identifiers that say what they are, as facts; at most six."""
    found = []
    for item in each(value):
        kind = _IDENTIFIERS.get(code_of(item.get("type"))) or concept(item.get("type"))
        found.append((kind, clean(item.get("value"), 120)))
    return [(kind, number) for kind, number in found if kind and number][:6]


class Linked(dict[str, Any]):
    """A resource together with the resources it refers to, by the reference that names them."""

    def __init__(self, resource: dict[str, Any], linked: Mapping[str, dict[str, Any]]) -> None:
        super().__init__(resource)
        self.linked = linked


def resolved(root: dict[str, Any], value: object) -> dict[str, Any]:
    """The contained or linked resource a Reference points at, or an empty one."""
    target = clean(one(value).get("reference"), 200)
    if not target.startswith("#"):
        return root.linked.get(target, {}) if isinstance(root, Linked) else {}
    return next((r for r in each(root.get("contained")) if r.get("id") == target[1:]), {})


def referred(root: dict[str, Any], value: object) -> str:
    """A Reference in words: its display, the name of what it refers to, or its number there.

    Internal addresses ("Practitioner/123") are never shown.
    """
    if not value:
        return ""
    found = one(value)
    return (
        clean(found.get("display"))
        or _named(resolved(root, found))
        or clean(one(found.get("identifier")).get("value"), 120)
    )


def _named(resource: dict[str, Any]) -> str:
    for key in ("name", "title", "description"):
        name = human_name(resource.get(key)) or clean(resource.get(key))
        if name:
            return name
    coded = ("code", "medicationCodeableConcept", "vaccineCode", "description", "type")
    return next((said for key in coded if (said := concept(resource.get(key)))), "")


def everyone(root: dict[str, Any], value: object) -> str:
    """Each Reference of a list in words."""
    if not value:
        return ""
    return joined(referred(root, item) for item in each(value))


def annotations(root: dict[str, Any], value: object) -> str:
    """Annotations one under another, each with who wrote it and when."""
    if not value:
        return ""
    lines = []
    for note in each(value):
        who = clean(note.get("authorString"), 120) or referred(root, note.get("authorReference"))
        signed = joined((who, moment(note.get("time"))), ", ")
        text = clean_lines(note.get("text"))
        lines.append(f"{text} ({signed})" if text and signed else text)
    return "\n\n".join(dict.fromkeys(line for line in lines if line))


def attachment(value: object) -> str:
    """A file by title, kind and size: "Discharge letter (PDF, 120 kB)"."""
    found = one(value)
    kind = clean(found.get("contentType"), 80).partition(";")[0]
    about = joined((_FILE_KINDS.get(kind, spaced(kind.partition("/")[2])), _size(found)), ", ")
    title = clean(found.get("title"), 160)
    return f"{title} ({about})" if title and about else title or about


def _size(found: dict[str, Any]) -> str:
    size = found.get("size")
    if isinstance(size, bool) or not isinstance(size, int) or not 0 < size < 10**12:
        return ""
    return f"{size / 1e6:.1f} MB" if size >= 10**6 else f"{max(1, round(size / 1000))} kB"


def attached_text(value: object) -> str:
    """What a plain text attachment says; "" for any other kind or broken encoding."""
    found = one(value)
    data = found.get("data")
    if not isinstance(data, str) or not clean(found.get("contentType")).startswith("text/plain"):
        return ""
    try:
        raw = base64.b64decode(data[:_LONGEST_ENCODED], validate=False)
    except (binascii.Error, ValueError):
        return ""
    return clean_lines(raw.decode("utf-8", "ignore"))
