"""PID as a FHIR R4 Patient. Source: HL7 v2.5.1 §3.4.2, HL7 v2-to-FHIR."""

import re
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from phr.formats.hl7v2.segments import Segment
from phr.formats.hl7v2.values import date_time

Json = dict[str, Any]

_SEX = {"M": "male", "F": "female", "O": "other", "A": "other", "N": "other", "U": "unknown"}


def urn(identity: str) -> str:
    """The name that other resources of the file call this one by; always the same for the same."""
    return f"urn:uuid:{uuid5(NAMESPACE_OID, identity)}"


def patient(segment: Segment) -> Json:
    """The Patient a PID describes."""
    found: Json = {
        "resourceType": "Patient",
        "identifier": [each for each in map(_identifier(segment), segment.repeated(3)) if each],
        "name": [each for each in map(_name(segment), segment.repeated(5)) if each],
        "gender": _SEX.get(segment.text(8).upper(), ""),
        "birthDate": (date_time(segment.text(7)[:8]) or "")[:10],
        "address": [each for each in map(_address(segment), segment.repeated(11)) if each],
    }
    return {name: value for name, value in found.items() if value}


def identity(resource: Json) -> str:
    """By what a person is known again: the first identifier with its authority, else all of it."""
    first = next(iter(resource.get("identifier", [])), None)
    if not first:
        return f"Patient|{resource.get('name')}|{resource.get('birthDate')}"
    authority = first.get("system") or first.get("assigner", {}).get("display", "")
    return f"Patient|{authority}|{first['value']}"


def system(segment: Segment, components: list[str], at: int) -> str:
    """The universal id of an HD inside a component, as a URI; "" when it has none."""
    value, kind = (segment.part(components, at, sub) for sub in (2, 3))
    if kind.upper() == "ISO" and re.fullmatch(r"[0-2](\.\d+)+", value):
        return f"urn:oid:{value}"
    return f"urn:uuid:{value.lower()}" if kind.upper() == "UUID" and value else ""


def _identifier(segment: Segment) -> Any:
    def built(components: list[str]) -> Json | None:
        value = segment.part(components, 1)
        if not value:
            return None
        found: Json = {"value": value}
        if universal := system(segment, components, 4):
            found["system"] = universal
        if authority := segment.part(components, 4):
            found["assigner"] = {"display": authority}
        return found

    return built


def _name(segment: Segment) -> Any:
    def built(components: list[str]) -> Json | None:
        family, *rest = (segment.part(components, at) for at in range(1, 6))
        given = [each for each in rest[:2] if each]
        found: Json = {"family": family, "given": given}
        found |= {"suffix": [rest[2]] if rest[2] else [], "prefix": [rest[3]] if rest[3] else []}
        return {name: value for name, value in found.items() if value} or None

    return built


def _address(segment: Segment) -> Any:
    def built(components: list[str]) -> Json | None:
        parts = [segment.part(components, at) for at in range(1, 7)]
        found: Json = {"line": [each for each in parts[:2] if each]}
        found |= dict(zip(("city", "state", "postalCode", "country"), parts[2:], strict=True))
        return {name: value for name, value in found.items() if value} or None

    return built
