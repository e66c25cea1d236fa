"""Whom a FHIR resource says it is about, where that is not a Patient of its own.

Source: https://hl7.org/fhir/R4/references.html (Reference.display, contained resources)
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
    """The people a valid resource names within itself: a contained Patient, and in words only."""
    for subject in map(resource.get, SUBJECTS):
        if isinstance(subject, dict) and subject.get("type", "Patient") == "Patient":
            yield from _named(subject, resource)


def _named(subject: Json, resource: Json) -> Iterator[Person]:
    reference, display = subject.get("reference", ""), clean(subject.get("display", ""))
    inside = _contained(resource, reference) if reference.startswith("#") else None
    if inside and inside["resourceType"] == "Patient":
        found = person(inside)
        yield Person(found.names, found.birth_date, found.identifiers)
    elif inside or (reference and not may_be_person(reference)):
        return
    if display:
        links = (bounded(reference),) if reference and not inside else ()
        yield Person((display,), links=links, in_words=True)


def _contained(resource: Json, reference: str) -> Json | None:
    many = resource.get("contained") or ()
    return next((each for each in many if each.get("id") == reference[1:]), None)
