"""From one FHIR R4 resource to what is kept of it, for every reader and for what people type."""

import hashlib
import re
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

import orjson

from phr.formats import r4
from phr.formats.age import age
from phr.formats.effective import as_written, effective_at, utc
from phr.formats.meaning import NOTHING, SUBJECTS, base, bounded, canonical, meaning
from phr.formats.parsed import Parsed, Person, Refused, Skipped
from phr.formats.terms import clean, terms
from sharing.categories import category_of
from sharing.labels import suggest

Json = dict[str, Any]

_MOST_CODES = 20
_LOOKING = ContextVar("looking", default=False)
# A Reference.reference that is neither absolute nor contained.
_RELATIVE = re.compile(r'"reference"\s*:\s*"(?!#)[^":]*"')
# What a resource is called by, in this order.
_NAMED_BY = (
    "code", "vaccineCode", "medicationCodeableConcept", "medicationReference", "type", "title",
    "description", "name", "substance", "category",
)  # fmt: skip
_CODED_BY = ("code", "vaccineCode", "medicationCodeableConcept")
# Several of these may bear the number of the order that all of them belong to.
_OF_AN_ORDER = frozenset((
    "DiagnosticReport", "Immunization", "MedicationAdministration", "MedicationDispense",
    "MedicationRequest", "MedicationStatement", "Observation", "Procedure", "ServiceRequest",
))  # fmt: skip
_STUDY = "urn:dicom:uid"
# What systems tell each other beside a record, which is never kept.
MESSAGE = "OperationOutcome"


def only_look() -> None:
    """From here on, leave out of each resource what only adding it needs: words, labels, content.

    What is refused stays the same. For the box, which reads one file and ends.
    """
    _LOOKING.set(True)


def made(resource: Json, place: str, *, url: str = "", identity: str | None = None) -> Parsed:
    """A resource that a reader or a person made, checked and ready to be kept.

    Decimals are `orjson.Fragment`s of their text, so that 7.20 stays 7.20. `place` is where in the
    file it stands. Raises Refused when it is not valid R4.
    """
    raw = orjson.dumps(resource)
    plain: Json = orjson.loads(raw)
    item = keep(plain, raw.decode(), (), place, identity or identifier(plain), url=url)
    if isinstance(item, Skipped):
        raise Refused(f"{plain['resourceType']} is not kept: {item.reason}.")
    return item


def decimal(text: str) -> orjson.Fragment:
    """A FHIR decimal with its digits as written. Raises ValueError when it is none."""
    if not re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", text):
        raise ValueError("not a decimal")
    return orjson.Fragment(text)


def keep(
    resource: Json,
    raw: str,
    decimals: Sequence[str],
    place: str,
    identity: str | None,
    *,
    url: str = "",
) -> Parsed | Skipped:
    """A resource ready to be kept; `raw` is its JSON, `decimals` its decimals as written.

    Raises Refused, with the place, when it is not valid R4.
    """
    refuse_if(r4.problem(resource), place)
    if "\\ud" in raw or "\\uD" in raw:
        refuse_if(_surrogates(raw), place)
    return keep_valid(resource, raw, decimals, place, identity, url=url)


def keep_valid(
    resource: Json,
    raw: str,
    decimals: Sequence[str],
    place: str,
    identity: str | None,
    *,
    url: str = "",
) -> Parsed | Skipped:
    """The same of one in which `r4.problem` finds nothing wrong, or of a message between systems."""
    kind = resource["resourceType"]
    if kind == MESSAGE:
        return Skipped(place, "it is a message between systems")
    at, whole = effective_at(resource), not _LOOKING.get()
    named = head(resource) if whole or not at else ()
    return Parsed(
        kind,
        str(category_of(resource)) if whole else "",
        at,
        tuple(map(str, suggest(resource))) if whole else (),
        identity,
        _digest(resource, [*decimals, _base(raw, url)]),
        terms(resource) if whole else (),
        place or "the file",
        raw.encode() if whole else b"",
        links=_links(resource, url),
        subject=_subject(resource),
        visit=visit(resource) if whole else "",
        head=named,
        codes=codes(resource) if whole else (),
        # What has neither a day nor a name says too little to be told from another like it.
        meaning=meaning(resource, decimals, url) if at or named else NOTHING,
        age=age(resource),
    )


def _links(resource: Json, url: str) -> tuple[str, ...]:
    """How a Reference.reference may name this resource (FHIR R4 references, section 2.3.0.1)."""
    own = f"{resource['resourceType']}/{resource['id']}" if "id" in resource else ""
    return tuple(bounded(name) for name in (url, own) if name)


def identifier(resource: Json) -> str | None:
    """Its first business identifier as `Type|system|value`, of a study the one DICOM gave it.

    Where a whole order may share a number, also by what it is, and an Observation by its time.
    """
    kind, many = resource["resourceType"], resource.get("identifier")
    found = [
        (each["system"], each["value"])
        for each in (many if isinstance(many, list) else [many])
        if isinstance(each, dict)
        and isinstance(each.get("system"), str)
        and isinstance(each.get("value"), str)
    ]
    if not found:
        return None
    system, value = min(found, key=lambda number: kind != "ImagingStudy" or number[0] != _STUDY)
    return bounded("|".join((kind, system, value, *_in_its_order(resource))))


def _in_its_order(resource: Json) -> list[str]:
    if resource["resourceType"] not in _OF_AN_ORDER:
        return []
    what = min(codes(resource), default="") or "".join(head(resource)[:1])
    when = {name: value for name, value in resource.items() if name.startswith("effective")}
    seen = utc(as_written(when)) if resource["resourceType"] == "Observation" else None
    return [each for each in (what, seen) if each]


def _base(raw: str, url: str) -> str:
    """The server whose numbers a resource uses, when it refers to others by `Type/id` alone.

    Two hospitals may both have a `Medication/1`: the same words then do not mean the same.
    """
    server = base(url)
    return server if server and _RELATIVE.search(raw) else ""


def _digest(resource: Json, besides: Sequence[str]) -> str:
    content = {k: v for k, v in resource.items() if k not in ("meta", "text")}
    return hashlib.sha256(canonical(content) + "".join(sorted(besides)).encode()).hexdigest()


def _surrogates(raw: str) -> str | None:
    """Half of a surrogate pair: JSON's grammar lets it pass, Unicode and every reader do not."""
    try:
        orjson.loads(raw)
    except orjson.JSONDecodeError:
        return "a text holds half of a character (a lone surrogate)"
    return None


def refuse_if(problem: str | None, place: str) -> None:
    """Raise Refused with a sentence when there is a problem at this place."""
    if problem:
        raise Refused(at_place(place, problem))


def at_place(place: str, problem: str) -> str:
    """What is wrong, and where, as a sentence."""
    sentence = f"{place}, {problem}." if place else f"{problem}."
    return sentence[0].upper() + sentence[1:]


def person(resource: Json, url: str = "") -> Person:
    """Whom a Patient resource describes, which may be of any shape.

    Source: https://hl7.org/fhir/R4/patient.html
    """
    found = resource.get("name")
    called = found if isinstance(found, list) else [found]
    names = [_name(each) for each in called if isinstance(each, dict)]
    many = resource.get("identifier")
    identifiers = [
        f"{each.get('system', '')}|{each['value']}"
        for each in (many if isinstance(many, list) else [])
        if isinstance(each, dict) and isinstance(each.get("value"), str)
    ]
    born = resource.get("birthDate")
    return Person(
        tuple(name for name in names if name)[:5],
        born if isinstance(born, str) else None,
        tuple(map(bounded, identifiers[:20])),
        _links(resource, url),
    )


def _name(name: Json) -> str:
    given = name.get("given")
    parts = [*(given if isinstance(given, list) else []), name.get("family")]
    written = " ".join(part for part in parts if isinstance(part, str))
    text = name.get("text")
    return clean(written or (text if isinstance(text, str) else ""))


def _subject(resource: Json) -> str:
    for name in SUBJECTS:
        if found := _reference(resource.get(name)):
            return found
    return ""


def _reference(value: Any) -> str:
    found = value.get("reference") if isinstance(value, dict) else None
    return bounded(found) if isinstance(found, str) and not found.startswith("#") else ""


def visit(resource: Json) -> str:
    """The Reference.reference of the Encounter it belongs to, "" where it names none.

    It stands in `encounter`, in `context.encounter` (DocumentReference) or in `context` (the
    medications), where it may be an EpisodeOfCare instead: that is no visit.
    """
    context = resource.get("context")
    within = context.get("encounter") if isinstance(context, dict) else None
    for value in (resource.get("encounter"), *(within if isinstance(within, list) else [context])):
        found = _reference(value)
        if found and "EpisodeOfCare" not in found:
            return found
    return ""


def head(resource: Json) -> tuple[str, ...]:
    """The terms of the element that names the resource; empty when nothing does."""
    for name in _NAMED_BY:
        if name in resource and (found := terms({name: resource[name]})):
            return found[:10]
    return ()


def codes(resource: Json) -> tuple[str, ...]:
    """The codes of what it is about as `system|code`, at most 20."""
    found: list[str] = []
    for name in _CODED_BY:
        concept = resource.get(name)
        codings = concept.get("coding") if isinstance(concept, dict) else None
        for coding in codings if isinstance(codings, list) else []:
            if isinstance(coding, dict) and isinstance(coding.get("code"), str):
                system = coding.get("system")
                found.append(f"{system if isinstance(system, str) else ''}|{coding['code']}")
    return tuple(bounded(each) for each in dict.fromkeys(found))[:_MOST_CODES]
