"""Names, addresses and whom the document is about: recordTarget as Patient.

Sources: C-CDA R2.1, US Realm Header; https://hl7.org/fhir/R4/patient.html
"""

from typing import Any

from phr.formats.ccda.context import Context, Draft, full, identifiers
from phr.formats.ccda.systems import system
from phr.formats.ccda.times import moment, period
from phr.formats.ccda.tree import every, get, null, one, words
from phr.formats.ccda.values import concept
from phr.formats.hardened_xml import Element

Json = dict[str, Any]

_GENDER = {"M": "male", "F": "female", "UN": "other"}
_NAME_USE = {"L": "official", "C": "official", "P": "nickname", "A": "anonymous"}
_USE = {
    "H": "home", "HP": "home", "HV": "home", "WP": "work", "DIR": "work", "PUB": "work",
    "TMP": "temp", "BAD": "old", "OLD": "old",
}  # fmt: skip
_MOBILE = "MC"
_SYSTEM = {"tel": "phone", "fax": "fax", "mailto": "email", "http": "url", "https": "url"}


def patient(role: Element, context: Context) -> Draft:
    """The Patient of a patientRole. Its URL follows its identifier, or else the document."""
    inside = one(role, "patient")
    numbers = identifiers(role)
    key = f"{numbers[0].get('system', '')}|{numbers[0]['value']}" if numbers else context.document
    resource = full(
        resourceType="Patient",
        identifier=numbers,
        name=[each for each in map(human_name, every(inside, "name")) if each],
        telecom=[each for each in map(contact, every(role, "telecom")) if each],
        gender=_GENDER.get(get(one(inside, "administrativeGenderCode"), "code")),
        birthDate=(moment(get(one(inside, "birthTime"), "value")) or "")[:10],
        address=[each for each in map(address, every(role, "addr")) if each],
        maritalStatus=concept(one(inside, "maritalStatusCode"), context),
        communication=_languages(inside),
    )
    return Draft(resource | _death(inside), context.name("Patient", key), None)


def _death(inside: Element | None) -> Json:
    if at := moment(get(one(inside, "sdtc:deceasedTime"), "value")):
        return {"deceasedDateTime": at}
    died = get(one(inside, "sdtc:deceasedInd"), "value")
    return {"deceasedBoolean": died == "true"} if died in ("true", "false") else {}


def _languages(inside: Element | None) -> list[Json]:
    codes = (get(each, "code") for each in every(inside, "languageCommunication/languageCode"))
    return [
        {"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": c}]}} for c in codes if c
    ]


def human_name(element: Element) -> Json:
    """PN as HumanName; {} when it says nothing."""
    if null(element):
        return {}
    parts = {
        part: [words(each) for each in every(element, part) if words(each)]
        for part in ("given", "family", "prefix", "suffix")
    }
    family = " ".join(parts.pop("family"))
    text = "" if family or parts["given"] else words(element)
    found = full(family=family, text=text, **parts, period=period(one(element, "validTime")))
    use = _NAME_USE.get(get(element, "use"), "") if found else ""
    return full(use=use) | found


def contact(element: Element) -> Json:
    """TEL as ContactPoint; {} when it says nothing."""
    scheme, _, rest = get(element, "value").rpartition(":")
    uses = get(element, "use").split()
    use = "mobile" if _MOBILE in uses else next((_USE[u] for u in uses if u in _USE), "")
    if null(element) or not rest:
        return {}
    known = _SYSTEM.get(scheme.lower(), "" if scheme else "phone")
    number = get(element, "value") if known == "url" else rest
    return full(system=known or "other", value=number, use=use)


def address(element: Element) -> Json:
    """AD as Address; {} when it says nothing."""
    if null(element):
        return {}
    found = full(
        line=[words(each) for each in every(element, "streetAddressLine") if words(each)],
        city=words(one(element, "city")),
        district=words(one(element, "county")),
        state=words(one(element, "state")),
        postalCode=words(one(element, "postalCode")),
        country=words(one(element, "country")),
    )
    found = found or full(text=words(element))
    use = next((_USE[u] for u in get(element, "use").split() if u in _USE), "") if found else ""
    return full(use=use) | found


def named(role: Element | None) -> str:
    """How to call an assigned entity or author: person, and organisation in brackets."""
    people = ("assignedPerson", "assignedAuthoringDevice/softwareName", "informationRecipient",
              "playingEntity")  # fmt: skip
    who = next((n for n in (_called(one(role, p)) for p in people) if n), "")
    place = next(
        (
            n
            for path in ("representedOrganization", "representedCustodianOrganization")
            if (n := words(one(role, f"{path}/name")))
        ),
        "",
    )
    return f"{who} ({place})" if who and place else who or place


def _called(element: Element | None) -> str:
    if element is None:
        return ""
    inner = one(element, "name")
    return words(inner) if inner is not None else words(element)


def shown(role: Element | None) -> Json | None:
    """A Reference by name alone, with the first identifier; None when it has no name."""
    name = named(role)
    npi = next(
        (full(system=system(get(i, "root")), value=get(i, "extension")) for i in every(role, "id")
         if not null(i) and get(i, "extension")),
        {},
    )  # fmt: skip
    return full(identifier=npi) | {"display": name} if name else None


def performers(statement: Element) -> list[Json]:
    """Who did it, as references by name."""
    found = (shown(each) for each in every(statement, "performer/assignedEntity"))
    return [each for each in found if each]


def author(*statements: Element) -> tuple[Json | None, str | None]:
    """Who wrote it down last, and when it was written down first.

    Of the first of the statements that has an author: a concern speaks for what is in it.
    """
    found = next((have for each in statements if (have := every(each, "author"))), [])
    told = sorted((get(one(each, "time"), "value"), at) for at, each in enumerate(found))
    times = [at for time, _ in told if (at := moment(time))]
    who = (shown(one(found[at], "assignedAuthor")) for _, at in reversed(told))
    return next(filter(None, who), None), next(iter(times), None)
