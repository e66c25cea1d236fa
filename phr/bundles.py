"""FHIR R4 Bundles made from records: each resource under a new name, each reference rewired."""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID

import orjson

from phr.bodies import open_bytes
from phr.models import Record

Json = dict[str, Any]
_ABSENT: Final = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_SUBJECTS: Final = ("subject", "patient")
_SURE_WHOLE: Final = 17


def exact(row: Record) -> Json:
    """The resource with every number as it was written: 7.20 stays 7.20."""
    raw = open_bytes(row.patient_id, row.pk, row.version, bytes(row.body_sealed))
    resource: Json = json.loads(raw, parse_float=_fragment, parse_int=_whole)
    return resource


def _fragment(digits: str) -> orjson.Fragment:
    return orjson.Fragment(digits)


def _whole(digits: str) -> int | orjson.Fragment:
    return int(digits) if len(digits) <= _SURE_WHOLE else orjson.Fragment(digits)


def references(node: object) -> Iterable[str]:
    """Every Reference.reference within, but for what is contained."""
    if isinstance(node, dict):
        target = node.get("reference")
        if isinstance(target, str) and not target.startswith("#"):
            yield target
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for each in inner:
        yield from references(each)


def rewired(pk: UUID, body: Json, about: UUID, known: Mapping[tuple[UUID, str], UUID]) -> Json:
    """The resource under its new name, each reference to something in the document or to nothing."""
    names = {_name_of(body.get(element)) for element in _SUBJECTS} - {""}
    made: Json = _pointed(body, pk, dict.fromkeys(names, about), known)
    made["id"] = str(pk)
    for element in _SUBJECTS:
        if element in made and isinstance(made[element], dict):
            made[element] = reference(about)
    return made


def _name_of(value: object) -> str:
    found = value.get("reference") if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


def _pointed(
    node: Any, pk: UUID, subject: Mapping[str, UUID], known: Mapping[tuple[UUID, str], UUID]
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


def reference(pk: UUID) -> Json:
    return {"reference": f"urn:uuid:{pk}"}


def person(pk: UUID, name: str, born: date | None, *, why_not: str = "unknown") -> Json:
    """The Patient, with what the portal knows for sure; a birth date must be given or missed.

    `why_not` is a code of data-absent-reason: why there is none.
    """
    made = {"resourceType": "Patient", "id": str(pk), "name": [{"text": name}]}
    if born:
        return made | {"birthDate": born.isoformat()}
    unknown = {"extension": [{"url": _ABSENT, "valueCode": why_not}]}
    return made | {"_birthDate": unknown}


def bundle(kind: str, resources: Iterable[Json], *, at: str, meta: Json, identifier: UUID) -> bytes:
    """The Bundle as JSON: its type, and every resource under the `urn:uuid:` of its id."""
    return orjson.dumps(
        {
            "resourceType": "Bundle",
            **({"meta": meta} if meta else {}),
            "identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{identifier}"},
            "type": kind,
            "timestamp": at,
            "entry": [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in resources],
        },
        option=orjson.OPT_INDENT_2,
    )
