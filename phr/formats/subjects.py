"""Whom a FHIR resource says it is about, where that is not a Patient of its own.

Source: https://hl7.org/fhir/R4/references.html (Reference.display, Reference.identifier,
contained resources)
"""

import re
from collections.abc import Iterator
from typing import Any

from phr.formats.meaning import SUBJECTS, bounded
from phr.formats.parsed import Person
from phr.formats.resource import person
from phr.formats.terms import clean

Json = dict[str, Any]

# A Reference.reference that may lead to a person.
may_be_person = re.compile(r"(?:^|/)Patient/|^urn:").search


def named(resource: Json) -> Iterator[Person]:
    """The people a resource names within itself, which may be of any shape.

    A contained Patient, and in words, by an identifier, or as one of many, by a reference only.
    """
    for found in map(resource.get, SUBJECTS):
        if isinstance(found, dict):
            yield from _named(found, resource)
        elif found:
            for each in _objects(found):
                yield from _one_of_many(each, resource)
    if resource["resourceType"] == "Appointment":
        for each in _objects(resource.get("participant")):
            actor = each.get("actor", {})
            if _is_patient(actor) or may_be_person(_text(actor, "reference")):
                yield from _one_of_many(actor, resource)


def _objects(many: Any) -> list[Json]:
    return [each for each in many if isinstance(each, dict)] if isinstance(many, list) else []


def _text(node: Any, name: str, unsaid: str = "") -> str:
    found = node.get(name, unsaid) if isinstance(node, dict) else unsaid
    return found if isinstance(found, str) else unsaid


def _is_patient(subject: Json, unsaid: str = "") -> bool:
    """Whether its Reference.type, which may be absolute, says so; `unsaid` is that of none."""
    return _text(subject, "type", unsaid).rpartition("/")[2] == "Patient"


def _one_of_many(subject: Json, resource: Json) -> Iterator[Person]:
    """One of those among whom `Parsed.subject` does not choose."""
    reference = _text(subject, "reference")
    if _is_patient(subject, "Patient") and may_be_person(reference):
        yield Person((), links=(bounded(reference),), in_words=True)
    yield from _named(subject, resource)


def _named(subject: Json, resource: Json) -> Iterator[Person]:
    if not _is_patient(subject, "Patient"):
        return
    reference, display = _text(subject, "reference"), clean(_text(subject, "display"))
    inside = _contained(resource, reference) if reference.startswith("#") else None
    if inside and inside.get("resourceType") == "Patient":
        found = person(inside)
        nameless = not found.names and not found.birth_date and bool(found.identifiers)
        yield Person(found.names, found.birth_date, found.identifiers, in_words=nameless)
    elif inside or (reference and not may_be_person(reference)):
        return
    elif not reference and (number := _number(subject.get("identifier"))):
        yield Person((), identifiers=(number,), in_words=True)
    if display:
        links = (bounded(reference),) if reference and not inside else ()
        yield Person((display,), links=links, in_words=True)


def _number(identifier: Any) -> str:
    """A Reference.identifier as `system|value`, "" for one without a value."""
    value = _text(identifier, "value")
    return bounded(f"{_text(identifier, 'system')}|{value}") if value else ""


def _contained(resource: Json, reference: str) -> Json | None:
    many = _objects(resource.get("contained"))
    return next((each for each in many if each.get("id") == reference[1:]), None)
