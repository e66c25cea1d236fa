"""What the readers of entries know about the document they are in."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from phr.formats.ccda.systems import system
from phr.formats.ccda.text import Texts
from phr.formats.ccda.tree import every, get, null
from phr.formats.hardened_xml import Element
from phr.formats.meaning import bounded

Json = dict[str, Any]

_NAMES = uuid.UUID("6f0e7c1e-4a0b-5f0c-9d52-3b6f7a1c2e84")
_PATIENT = ("AllergyIntolerance", "Immunization", "FamilyMemberHistory", "Device")
_V3 = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"


@dataclass(frozen=True, slots=True)
class Draft:
    """A resource not yet checked; `identity` is given where its identifier is used twice."""

    resource: Json
    url: str
    identity: str | None


@dataclass(slots=True)
class Context:
    """The document being read. `document` names it; `subject` is the URL of its Patient.

    `said` is when it was made (ClinicalDocument.effectiveTime), as a FHIR instant or "".
    """

    document: str = ""
    subject: str = ""
    said: str = ""
    security: list[Json] = field(default_factory=list)
    highest: str = ""
    texts: list[Texts] = field(default_factory=list)
    _count: int = 0
    _given: set[str] = field(default_factory=set)

    def draft(self, kind: str, statement: Element | None, **members: Any) -> Draft:
        """A resource about the document's patient, with the identifiers of the statement."""
        numbers = identifiers(statement)
        url, identity = self._name(kind, numbers)
        about: Json = {"patient" if kind in _PATIENT else "subject": {"reference": self.subject}}
        meta = {"meta": {"security": self.security}} if self.security else {}
        resource = full(resourceType=kind, **meta, identifier=numbers)
        return Draft(resource | about | full(**members), url, identity)

    def says(self, element: Element | None) -> str:
        """The text of an element: its own, or that of the part of the narrative it points to."""
        for texts in reversed(self.texts):
            if found := texts.resolved(element):
                return found
        return Texts().resolved(element)

    def restrict(self, code: str) -> None:
        """Carry R (restricted) or V (very restricted) to each resource from now on.

        Source: v3-Confidentiality. What is restricted around it is restricted too, so that nothing
        here lowers it; "" ends it.
        """
        self.security = [{"system": _V3, "code": code}] if code else []
        self.highest = max(self.highest, code)

    def name(self, *parts: str) -> str:
        """A URL made of these parts: the same in every reading of the same document."""
        return f"urn:uuid:{uuid.uuid5(_NAMES, '|'.join(parts))}"

    def _name(self, kind: str, numbers: list[Json]) -> tuple[str, str | None]:
        first = next((f"{n.get('system', '')}|{n['value']}" for n in numbers), "")
        url = self.name(kind, first)
        if first and url not in self._given:
            self._given.add(url)
            return url, None
        self._count += 1
        url = self.name(kind, self.document, str(self._count))
        return url, bounded(url) if first else None


def identifiers(statement: Element | None) -> list[Json]:
    """II as Identifier: `root` and `extension`, or `root` alone as a URI (RFC 3986)."""
    found = []
    for each in every(statement, "id"):
        root, extension = get(each, "root"), get(each, "extension")
        uri = system(root)
        if null(each) or not (uri or extension):
            continue
        if extension:
            found.append(full(system=uri, value=extension))
        else:
            found.append({"system": "urn:ietf:rfc:3986", "value": uri})
    return found


def full(**members: Any) -> Json:
    """Members that say something; one whose name is a keyword ends in "_"."""
    return {
        k.removesuffix("_"): v
        for k, v in members.items()
        if v is not None and v not in ("", [], {})
    }
