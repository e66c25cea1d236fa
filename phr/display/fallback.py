"""Any FHIR R4 resource in words, when no page was written for its type."""

import re
from typing import Any, Final

from phr.display.concepts import concept, plain
from phr.display.dates import moment
from phr.display.kinds import kind
from phr.display.names import annotations, human_name
from phr.display.quantities import number
from phr.display.shapes import data_type
from phr.display.shown import Shown, facts
from phr.display.words import clean, clean_lines, joined, spaced

_NOT_SHOWN: Final = frozenset(
    (
        *("resourceType", "id", "meta", "implicitRules", "language", "text", "contained"),
        *("extension", "modifierExtension", "identifier", "subject", "patient", "beneficiary"),
        *("note", "data", "url", "instantiatesCanonical", "instantiatesUri", "signature"),
    )
)
_TYPE: Final = re.compile(
    r"(?<=[a-z])(CodeableConcept|DateTime|PositiveInt|UnsignedInt|SimpleQuantity|Quantity|Reference|"
    r"String|Boolean|Attachment|Uri|Integer|Decimal|Timing|Coding|Markdown|Canonical)$"
)
_NAMES: Final = ("title", "name", "description")
_CODES: Final = ("code", "type", "category", "serviceType", "issueType", "vaccineCode")
_LOOKS_LIKE_A_DATE: Final = re.compile(r"\d{4}-\d\d(-\d\d(T\d\d:\d\d.*)?)?", re.ASCII)
_LOOKS_LIKE_A_CODE: Final = re.compile(r"[a-z]+(-[a-z]+)*", re.ASCII)
_LOOKS_LIKE_AN_ADDRESS: Final = re.compile(
    r"(https?|urn|oid|mailto|ftp|data|javascript):\S+", re.IGNORECASE
)
_DEEPEST: Final = 4
_MOST_PIECES: Final = 200


def anything(resource: dict[str, Any]) -> Shown:
    """Title from its name or code, then a fact for each field, never JSON."""
    what = kind(resource.get("resourceType"))
    pairs = [
        (_field(key), said(resource, value))
        for key, value in list(resource.items())[:60]
        if key not in _NOT_SHOWN and not key.startswith("_")
    ]
    return Shown(
        joined((what, _name(resource)), ": "),
        facts(*pairs),
        annotations(resource, resource.get("note")),
    )


def said(root: dict[str, Any], value: object) -> str:
    """Any value in words, without JSON; "" where there are none. `root` is the resource it is in."""
    return _Reader(root).said(value, 0)


def _name(resource: dict[str, Any]) -> str:
    for key in _NAMES:
        found = clean(resource.get(key), 150) or human_name(resource.get(key))
        if found:
            return found
    coded = (resource.get(key) for key in _CODES)
    return next((found for value in coded if (found := concept(value))), "")


def _field(key: str) -> str:
    return spaced(_TYPE.sub("", key))


class _Reader:
    """Puts one field into words, and stops after so many pieces, however much the field holds."""

    def __init__(self, root: dict[str, Any]) -> None:
        self._root = root
        self._left = _MOST_PIECES

    def said(self, value: object, depth: int) -> str:
        self._left -= 1
        if self._left < 0 or depth > _DEEPEST:
            return ""
        if isinstance(value, bool):
            return "Yes" if value else "No"
        if isinstance(value, str):
            return _string(value)
        if isinstance(value, list):
            return joined(self.said(item, depth + 1) for item in value[:30])
        return self._object(value, depth) if isinstance(value, dict) else number(value)

    def _object(self, value: dict[str, Any], depth: int) -> str:
        known = data_type(self._root, value)
        if known is not None:
            return known
        parts = (
            (_field(key), self.said(inner, depth + 1))
            for key, inner in list(value.items())[:20]
            if key not in _NOT_SHOWN
        )
        return joined((f"{name}: {text}" for name, text in parts if text), ", ")


def _string(value: str) -> str:
    text = clean_lines(value)
    if _LOOKS_LIKE_A_DATE.fullmatch(text):
        return moment(text)
    if _LOOKS_LIKE_A_CODE.fullmatch(text):
        return plain(text)
    if _LOOKS_LIKE_AN_ADDRESS.fullmatch(text):
        return ""
    return text if " " in text[:120] else clean(text, 120)
