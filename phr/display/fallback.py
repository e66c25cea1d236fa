"""Any FHIR R4 resource in words, when no page was written for its type."""

import re
from collections.abc import Callable
from typing import Any, Final

from phr.display.choices import choice
from phr.display.concepts import coding, concept, plain
from phr.display.dates import moment, period, timing
from phr.display.kinds import kind
from phr.display.names import address, annotations, attachment, human_name, referred, telephone
from phr.display.narrative import narrative
from phr.display.quantities import extent, money, number, quantity, ratio
from phr.display.shown import Shown, facts
from phr.display.words import clean, clean_lines, joined, one, spaced

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
_DEEPEST: Final = 3


def anything(resource: dict[str, Any]) -> Shown:
    """Title from its name or code, then a fact for each field, never JSON."""
    name = _name(resource)
    what = kind(resource.get("resourceType"))
    pairs = [
        (_field(key), _said(resource, value, 0))
        for key, value in list(resource.items())[:60]
        if key not in _NOT_SHOWN and not key.startswith("_")
    ]
    shown = facts(*pairs)
    note = annotations(resource, resource.get("note"))
    return Shown(joined((what, name), ": "), shown, note or ("" if shown else _read(resource)))


def _read(resource: dict[str, Any]) -> str:
    return narrative(resource.get("text"))


def _name(resource: dict[str, Any]) -> str:
    for key in _NAMES:
        found = clean(resource.get(key), 150) or human_name(resource.get(key))
        if found:
            return found
    for key in _CODES:
        if not isinstance(resource.get(key), str):
            found = concept(resource.get(key))
            if found:
                return found
    return ""


def _field(key: str) -> str:
    return spaced(_TYPE.sub("", key))


def _contact(value: object) -> str:
    return telephone(one(value).get("value")) or quantity(value)


def _nothing(value: object) -> str:  # noqa: ARG001
    return ""


def _said(root: dict[str, Any], value: object, depth: int) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, list):
        return joined(_said(root, item, depth) for item in value[:30])
    if isinstance(value, dict):
        return _object(root, value, depth)
    return number(value)


def _string(value: str) -> str:
    text = clean_lines(value, 1000)
    if _LOOKS_LIKE_A_DATE.fullmatch(text):
        return moment(text)
    if _LOOKS_LIKE_A_CODE.fullmatch(text):
        return plain(text)
    if _LOOKS_LIKE_AN_ADDRESS.fullmatch(text):
        return ""
    return text if " " in text[:120] else clean(text, 120)


def _object(root: dict[str, Any], value: dict[str, Any], depth: int) -> str:
    known = _data_type(root, value)
    if known is not None or depth >= _DEEPEST:
        return known or ""
    parts = (
        (_field(key), _said(root, inner, depth + 1))
        for key, inner in list(value.items())[:20]
        if key not in _NOT_SHOWN
    )
    return joined((f"{name}: {text}" for name, text in parts if text), ", ")


def _data_type(root: dict[str, Any], value: dict[str, Any]) -> str | None:
    """The object as whichever FHIR data type its fields tell; None when it is none of them."""
    has = value.keys() - {"id", "extension"}
    if has & {"reference", "identifier"} or has <= {"display", "type"}:
        return referred(root, value)
    if has <= {"code"}:
        return choice(root, value, "code")
    for all_of, only, read in _DATA_TYPES:
        if all_of <= has and (not only or has <= only):
            return read(value)
    return None


_ADDRESS: Final = frozenset(
    ("use", "type", "text", "line", "city", "district", "state", "postalCode", "country", "period")
)
# Which fields an object must have, which it may have at most (nothing: any), and how to read it
_DATA_TYPES: Final[
    tuple[tuple[set[str], frozenset[str] | set[str], Callable[[object], str]], ...]
] = (
    ({"coding"}, {"coding", "text"}, concept),
    ({"text"}, {"text"}, concept),
    ({"contentType"}, set(), attachment),
    ({"numerator"}, {"numerator", "denominator"}, ratio),
    ({"low"}, {"low", "high"}, extent),
    ({"high"}, {"low", "high"}, extent),
    ({"value", "currency"}, {"value", "currency"}, money),
    ({"system", "value"}, {"system", "value", "use", "rank", "period"}, _contact),
    ({"value"}, {"value", "unit", "code", "system", "comparator"}, quantity),
    ({"start"}, {"start", "end"}, period),
    ({"end"}, {"start", "end"}, period),
    ({"use"}, {"use", "rank", "period"}, _nothing),
    ({"text"}, {"text", "use", "period"}, human_name),
    ({"family"}, set(), human_name),
    ({"given"}, set(), human_name),
    ({"line"}, _ADDRESS, address),
    ({"city"}, _ADDRESS, address),
    ({"repeat"}, set(), timing),
    ({"system", "code"}, {"system", "code", "display", "version", "userSelected"}, coding),
)
