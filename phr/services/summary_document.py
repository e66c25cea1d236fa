"""One's own International Patient Summary as a FHIR R4 document Bundle, to give to another system.

Source: HL7 FHIR IPS 2.0.0 (Bundle-uv-ips, Composition-uv-ips); FHIR R4 documents, section 3.3.
"""

import json
from collections.abc import Iterable
from datetime import date
from typing import Any, Final
from uuid import UUID, uuid4

import orjson
from django.utils import timezone
from django.utils.html import escape

from accounts import services as accounts
from accounts.acting import acting_as
from accounts.actors import Actor
from phr.bodies import open_bytes
from phr.display import headline
from phr.display.words import clean
from phr.models import Record
from phr.services.items import note_reads
from phr.services.links import targets
from phr.services.summary import IN_DOCUMENT, Gathered, Part, gather
from sharing import policy
from sharing.policy import Action

Json = dict[str, Any]
_LOINC: Final = "http://loinc.org"
_IPS: Final = "http://hl7.org/fhir/uv/ips/StructureDefinition"
_ABSENT: Final = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_EMPTY: Final = "http://terminology.hl7.org/CodeSystem/list-empty-reason"
_XHTML: Final = "http://www.w3.org/1999/xhtml"
_SUBJECTS: Final = ("subject", "patient")
_MOST_LINKED: Final = 500
_SURE_WHOLE: Final = 17


def summary_document(actor: Actor) -> bytes:
    """The document as JSON; audited as a copy of what is in it. Raises `Denied` without a record."""
    with acting_as(actor):
        patient = policy.require_kept(actor, Action.COPY)
    with acting_as(actor, about=patient.pk):
        why = policy.grounds(actor, Action.COPY, patient.pk)
        found = [gather(actor, patient.pk, part, why) for part in IN_DOCUMENT]
        rows = {kept.row.pk: kept.row for one in found for kept in one.current}
        bodies = {pk: _exact(row) for pk, row in rows.items()}
        wanted = {pk: set(_references(body)) for pk, body in bodies.items()}
        named = targets(actor, patient.pk, wanted, why, most=_MOST_LINKED)
        linked = {asker: row for asker, row in named.items() if row.resource_type != "Patient"}
        for row in linked.values():
            rows.setdefault(row.pk, row)
            bodies.setdefault(row.pk, _exact(row))
        names: dict[UUID, dict[str, Json]] = {}
        for (asker, reference), row in linked.items():
            names.setdefault(asker, {})[reference] = bodies[row.pk]
        note_reads(patient.pk, list(rows.values()), why, action=Action.COPY)
        known = {asker: row.pk for asker, row in linked.items()}
        name = clean(accounts.name_of(patient), 200)
        born = accounts.born_of(patient)
    about = uuid4()
    whole = [_rewired(pk, body, about, known) for pk, body in bodies.items()]
    return _bundle(_patient(about, name, born), _composition(about, found, names), whole)


def _exact(row: Record) -> Json:
    """The resource with every number as it was written: 7.20 stays 7.20."""
    raw = open_bytes(row.patient_id, row.pk, row.version, bytes(row.body_sealed))
    resource: Json = json.loads(raw, parse_float=_fragment, parse_int=_whole)
    return resource


def _fragment(digits: str) -> orjson.Fragment:
    return orjson.Fragment(digits)


def _whole(digits: str) -> int | orjson.Fragment:
    return int(digits) if len(digits) <= _SURE_WHOLE else orjson.Fragment(digits)


def _references(node: object) -> Iterable[str]:
    """Every Reference.reference within, but for what is contained."""
    if isinstance(node, dict):
        target = node.get("reference")
        if isinstance(target, str) and not target.startswith("#"):
            yield target
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for each in inner:
        yield from _references(each)


def _rewired(pk: UUID, body: Json, about: UUID, known: dict[tuple[UUID, str], UUID]) -> Json:
    """The resource under its new name, each reference to something in the document or to nothing."""
    names = {_name_of(body.get(element)) for element in _SUBJECTS} - {""}
    made: Json = _pointed(body, pk, dict.fromkeys(names, about), known)
    made["id"] = str(pk)
    for element in _SUBJECTS:
        if element in made and isinstance(made[element], dict):
            made[element] = _reference(about)
    return made


def _name_of(value: object) -> str:
    found = value.get("reference") if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


def _pointed(
    node: Any, pk: UUID, subject: dict[str, UUID], known: dict[tuple[UUID, str], UUID]
) -> Any:
    if isinstance(node, list):
        return [_pointed(each, pk, subject, known) for each in node]
    if not isinstance(node, dict):
        return node
    made = {name: _pointed(each, pk, subject, known) for name, each in node.items()}
    target = made.get("reference")
    if isinstance(target, str) and not target.startswith("#"):
        found = subject.get(target) or known.get((pk, target))
        if found:
            made["reference"] = f"urn:uuid:{found}"
        else:
            del made["reference"]
            if not {"display", "identifier"} & made.keys():
                made["display"] = "Not part of this summary"
    return made


def _reference(pk: UUID) -> Json:
    return {"reference": f"urn:uuid:{pk}"}


def _patient(pk: UUID, name: str, born: date | None) -> Json:
    """The person, with what the portal knows for sure; a birth date must be given or missed."""
    made = {"resourceType": "Patient", "id": str(pk), "name": [{"text": name}]}
    if born:
        return made | {"birthDate": born.isoformat()}
    unknown = {"extension": [{"url": _ABSENT, "valueCode": "unknown"}]}
    return made | {"_birthDate": unknown}


def _composition(about: UUID, found: list[Gathered], names: dict[UUID, dict[str, Json]]) -> Json:
    shown = [one for one in found if one.current or one.part.required]
    return {
        "resourceType": "Composition",
        "id": str(uuid4()),
        "meta": {"profile": [f"{_IPS}/Composition-uv-ips"]},
        "status": "final",
        "type": {"coding": [{"system": _LOINC, "code": "60591-5", "display": "Patient summary"}]},
        "subject": _reference(about),
        "date": timezone.now().isoformat(timespec="seconds"),
        "author": [_reference(about)],
        "title": "International Patient Summary",
        "section": [_section(one.part, one, names) for one in shown],
    }


def _section(part: Part, found: Gathered, names: dict[UUID, dict[str, Json]]) -> Json:
    """Its entries; without any, in words and as a code that nothing is recorded (ips-comp-1)."""
    lines = [escape(headline(one.resource, names.get(one.row.pk, {}))) for one in found.current]
    words = f"<ul><li>{'</li><li>'.join(lines)}</li></ul>" if lines else "<p>Nothing recorded.</p>"
    made: Json = {
        "title": part.heading,
        "code": {"coding": [{"system": _LOINC, "code": part.code}]},
        "text": {"status": "generated", "div": f'<div xmlns="{_XHTML}">{words}</div>'},
    }
    if lines:
        return made | {"entry": [_reference(kept.row.pk) for kept in found.current]}
    reason = {"system": _EMPTY, "code": "unavailable", "display": "Unavailable"}
    return made | {"emptyReason": {"coding": [reason]}}


def _bundle(patient: Json, composition: Json, resources: list[Json]) -> bytes:
    """A document: the Composition first (bdl-11), then the Patient, then the rest."""
    every = [composition, patient, *resources]
    return orjson.dumps(
        {
            "resourceType": "Bundle",
            "meta": {"profile": [f"{_IPS}/Bundle-uv-ips"]},
            "identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{uuid4()}"},
            "type": "document",
            "timestamp": timezone.now().isoformat(timespec="seconds"),
            "entry": [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in every],
        },
        option=orjson.OPT_INDENT_2,
    )
