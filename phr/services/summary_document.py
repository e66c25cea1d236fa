"""An International Patient Summary as a FHIR R4 document Bundle, to give to another system.

Source: HL7 FHIR IPS 2.0.0 (Bundle-uv-ips, Composition-uv-ips); FHIR R4 documents, section 3.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from uuid import UUID, uuid4

from django.utils import timezone
from django.utils.html import escape

from accounts import services as accounts
from accounts.acting import acting_as
from accounts.actors import Actor
from accounts.models import Patient
from phr.bundles import bundle, exact, person, reference, references, rewired
from phr.display import headline
from phr.display.words import clean
from phr.ips import fitted
from phr.models import Record
from phr.services.items import note_reads
from phr.services.links import targets
from phr.services.summary import IN_DOCUMENT, RESULTS, Gathered, Part, gather
from sharing import policy
from sharing.categories import Category
from sharing.policy import Action, Grounds

Json = dict[str, Any]
_LOINC: Final = "http://loinc.org"
_IPS: Final = "http://hl7.org/fhir/uv/ips/StructureDefinition"
_SUMMARY: Final = "Patient summary Document"
_EMPTY: Final = "http://terminology.hl7.org/CodeSystem/list-empty-reason"
_XHTML: Final = "http://www.w3.org/1999/xhtml"
_MOST_LINKED: Final = 500
_ONCE: Final = frozenset({"Composition", "Patient"})
# Measurements stand in a section of their own; the pages show them among the results.
_VITAL_SIGNS: Final = replace(RESULTS, name="vital-signs", heading="Vital signs", code="8716-3")


def summary_document(actor: Actor) -> bytes:
    """The document as JSON; audited as a copy of what is in it. Raises `Denied` without a record."""
    with acting_as(actor):
        patient = policy.require_kept(actor, Action.COPY)
    with acting_as(actor, about=patient.pk):
        why = policy.grounds(actor, Action.COPY, patient.pk)
        return document_of(actor, patient, why, born=accounts.born_of(patient))


def document_of(actor: Actor, patient: Patient, why: Grounds, *, born: date | None) -> bytes:
    """The same of what these grounds cover; within an act about the patient.

    Who is no owner is told that the birth date is masked, and of an empty section that nothing of
    it is shared: there may be more.
    """
    own = why.everything is not None
    found = [gather(actor, patient.pk, part, why) for part in IN_DOCUMENT]
    rows = [kept.row for one in found for kept in one.current]
    about = uuid4()
    opened = open_rows(actor, patient.pk, rows, why)
    note_reads(patient.pk, opened.rows, why, action=Action.COPY)
    masked = "unknown" if own else "masked"
    subject = person(about, clean(accounts.name_of(patient), 200), born, why_not=masked)
    empty = "Nothing recorded." if own else "Nothing of this is shared here."
    composition = _composition(about, _apart(found), opened.names, empty)
    # The Composition first (bdl-11), then the Patient, then the rest, and no second of either.
    rest = [fitted(one, reference(about)) for one in opened.rewired(about)]
    every = [composition, subject, *(one for one in rest if one["resourceType"] not in _ONCE)]
    meta = {"profile": [f"{_IPS}/Bundle-uv-ips"]}
    at = timezone.now().isoformat(timespec="seconds")
    return bundle("document", every, at=at, meta=meta, identifier=uuid4())


@dataclass(frozen=True, slots=True)
class Bodies:
    """Records with their resources, and to which of them each of their references leads."""

    rows: list[Record]
    bodies: dict[UUID, Json]
    known: dict[tuple[UUID, str], UUID]
    names: dict[UUID, dict[str, Json]]

    def rewired(self, about: UUID) -> list[Json]:
        """The resources, pointing to each other and to the Patient of this id alone."""
        return [rewired(pk, body, about, self.known) for pk, body in self.bodies.items()]


def open_rows(actor: Actor, patient_id: UUID, wanted: Sequence[Record], why: Grounds) -> Bodies:
    """These records, and what they refer to as far as the grounds cover it."""
    rows = {row.pk: row for row in wanted}
    bodies = {pk: exact(row) for pk, row in rows.items()}
    asked = {pk: set(references(body)) for pk, body in bodies.items()}
    named = targets(actor, patient_id, asked, why, most=_MOST_LINKED)
    linked = {asker: row for asker, row in named.items() if row.resource_type != "Patient"}
    names: dict[UUID, dict[str, Json]] = {}
    for (asker, words), row in linked.items():
        rows.setdefault(row.pk, row)
        bodies.setdefault(row.pk, exact(row))
        names.setdefault(asker, {})[words] = bodies[row.pk]
    known = {asker: row.pk for asker, row in linked.items()}
    return Bodies(list(rows.values()), bodies, known, names)


def _apart(found: list[Gathered]) -> list[Gathered]:
    """The sections of an IPS: the last measurements apart from the other results."""
    sections = []
    for one in found:
        vital = [k for k in one.current if k.row.category == Category.VITAL_SIGNS.value]
        if one.part is not RESULTS or not vital:
            sections.append(one)
            continue
        rest = [kept for kept in one.current if kept not in vital]
        sections += [replace(one, current=rest)] if rest else []
        sections.append(replace(one, part=_VITAL_SIGNS, current=vital))
    return sections


def _composition(
    about: UUID, found: list[Gathered], names: dict[UUID, dict[str, Json]], empty: str
) -> Json:
    shown = [one for one in found if one.current or one.part.required]
    return {
        "resourceType": "Composition",
        "id": str(uuid4()),
        "meta": {"profile": [f"{_IPS}/Composition-uv-ips"]},
        "text": _narrative("<p>International Patient Summary</p>"),
        "status": "final",
        "type": {"coding": [{"system": _LOINC, "code": "60591-5", "display": _SUMMARY}]},
        "subject": reference(about),
        "date": timezone.now().isoformat(timespec="seconds"),
        "author": [reference(about)],
        "title": "International Patient Summary",
        "section": [_section(one.part, one, names, empty) for one in shown],
    }


def _section(part: Part, found: Gathered, names: dict[UUID, dict[str, Json]], empty: str) -> Json:
    """Its entries; without any, in words and as a code that there are none (ips-comp-1)."""
    lines = [escape(headline(one.resource, names.get(one.row.pk, {}))) for one in found.current]
    words = f"<ul><li>{'</li><li>'.join(lines)}</li></ul>" if lines else f"<p>{empty}</p>"
    made: Json = {
        "title": part.heading,
        "code": {"coding": [{"system": _LOINC, "code": part.code}]},
        "text": _narrative(words),
    }
    if lines:
        return made | {"entry": [reference(kept.row.pk) for kept in found.current]}
    reason = {"system": _EMPTY, "code": "unavailable", "display": "Unavailable"}
    return made | {"emptyReason": {"coding": [reason]}}


def _narrative(words: str) -> Json:
    return {"status": "generated", "div": f'<div xmlns="{_XHTML}">{words}</div>'}
