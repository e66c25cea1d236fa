"""What a resource says, whoever numbers it: by that it is known again when another source has it.

A server gives its own ids to what it takes over from another: to the resource, to its patient, and
to whatever it refers to. None of these is part of what is said; business identifiers are compared
apart (FHIR R4 Resource.id and Identifier, https://hl7.org/fhir/R4/resource.html#id).
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

Json = dict[str, Any]

SUBJECTS = ("subject", "patient", "beneficiary", "for")
# Who and where: what was found does not differ by them. FHIR R4 resource types.
AROUND = (
    "CareTeam", "Encounter", "EpisodeOfCare", "Endpoint", "HealthcareService", "Location",
    "Organization", "OrganizationAffiliation", "Practitioner", "PractitionerRole",
)  # fmt: skip
# These say little else than who and where, unless they tell the hour.
_OF_WHOM = frozenset(("Appointment", "CareTeam", "Coverage", "Encounter", "EpisodeOfCare"))
_APART = frozenset(("id", "meta", "text", "identifier"))
# What may stand beside the name of a person without saying more than whose it is.
_WHOSE = {"reference", "type", "identifier", "display"}
_MOST = 200
_LONGEST_IDENTITY = 500
# In JSON without spaces; a quote within a text is escaped and does not match.
_REFERENCE = re.compile(rb'("reference":"|"url":"(?=Binary/|urn:uuid:))([^"#\\][^"\\]*)"')
_IS_AROUND = re.compile(rf"(?:^|/)(?:{'|'.join(AROUND)})/[^/]+(?:/_history/[^/]+)?$").search


@dataclass(frozen=True, slots=True)
class Meaning:
    """`core` is the SHA-256 (hex) of the content without ids, identifiers and references.

    `refs` are the references in it in order, and `around` those to people, places and visits.
    `numbers` are its identifiers as (`Type|system`, value).
    """

    core: str = ""
    refs: tuple[str, ...] = ()
    around: tuple[str, ...] = ()
    numbers: tuple[tuple[str, str], ...] = ()


NOTHING = Meaning()


def meaning(resource: Json, decimals: Sequence[str], url: str) -> Meaning:
    """What the resource says. `decimals` are those whose spelling a float forgets."""
    content = {name: value for name, value in resource.items() if name not in _APART}
    subjects = []
    for name in SUBJECTS:
        value = content.get(name)
        if isinstance(value, dict) and value.keys() <= _WHOSE and _named(value):
            subjects.append(content.pop(name)["reference"])
    said = canonical(content)
    found = [name.decode() for _, name in _REFERENCE.findall(said)]
    refs = [*subjects, *(_absolute(name, url) for name in found if not _IS_AROUND(name))]
    around = tuple(bounded(name) for name in found if _IS_AROUND(name))[:_MOST]
    if len(refs) > _MOST or _by_whom(resource, len(refs) + len(around) - len(subjects)):
        return Meaning(refs=tuple(map(bounded, refs[:_MOST])), around=around)
    core = hashlib.sha256(_REFERENCE.sub(rb'\1"', said) + "".join(sorted(decimals)).encode())
    return Meaning(
        core.hexdigest(),
        tuple(map(bounded, refs)),
        around,
        _numbers(resource, url),
    )


def _by_whom(resource: Json, others: int) -> bool:
    """Whether two of these that name `others` besides their patient may differ by those alone."""
    period = resource.get("period")
    start = resource.get("start") or (period.get("start") if isinstance(period, dict) else None)
    exact = "T" in str(start) and "T00:00:00" not in str(start)
    return others > 0 and not exact and resource["resourceType"] in _OF_WHOM


def canonical(content: Json) -> bytes:
    """The content as JSON in one spelling."""
    try:
        return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        # Whole numbers of more than 64 bits, which orjson does not write.
        return json.dumps(content, sort_keys=True).encode()


def bounded(identity: str) -> str:
    """The identity, or its digest where it is too long to be kept."""
    if len(identity) <= _LONGEST_IDENTITY:
        return identity
    return f"urn:sha256:{hashlib.sha256(identity.encode(errors='replace')).hexdigest()}"


def base(url: str) -> str:
    """The server of an absolute `fullUrl`, "" for any other."""
    return url.rsplit("/", 2)[0] if url.startswith(("http://", "https://")) else ""


def _named(subject: Json) -> bool:
    found = subject.get("reference")
    return isinstance(found, str) and not found.startswith("#")


def _absolute(name: str, url: str) -> str:
    """A server's relative reference as it means it; whose id a person has is asked elsewhere."""
    server = base(url)
    return f"{server}/{name}" if server and ":" not in name and "Patient/" not in name else name


def _numbers(resource: Json, url: str) -> tuple[tuple[str, str], ...]:
    """A server numbers what it keeps: two of its ids are two things, as two of a laboratory's."""
    kind, many = resource["resourceType"], resource.get("identifier")
    found = [
        (f"{kind}|{each['system']}", each["value"])
        for each in (many if isinstance(many, list) else [many])
        if isinstance(each, dict)
        and isinstance(each.get("system"), str)
        and isinstance(each.get("value"), str)
    ]
    if server := base(url):
        found.append((f"{kind}|{server}", url))
    return tuple((bounded(number), bounded(value)) for number, value in found[:20])
