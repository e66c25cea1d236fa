"""Patient, RelatedPerson, Practitioner, PractitionerRole, Organization and Location in words."""

from typing import Any

from phr.display.choices import choice, extension
from phr.display.concepts import concept, concepts, plain
from phr.display.dates import date, period
from phr.display.names import address, contacts, everyone, human_name, identifiers, referred
from phr.display.relations import relative
from phr.display.shown import Shown, facts
from phr.display.words import clean, each, joined


def _reach(resource: dict[str, Any]) -> list[tuple[str, str]]:
    telecom = resource.get("telecom")
    return [
        ("Address", joined(address(item) for item in each(resource.get("address")))),
        ("Phone", contacts(telecom, "phone")),
        ("Email", contacts(telecom, "email")),
        ("Website", contacts(telecom, "url")),
    ]


def patient(resource: dict[str, Any]) -> Shown:
    """FHIR R4 Patient."""
    languages = (concept(item.get("language")) for item in each(resource.get("communication")))
    names = joined(human_name(item) for item in each(resource.get("name")))
    relatives = (_contact(item) for item in each(resource.get("contact")))
    return Shown(
        human_name(resource.get("name")) or "Patient",
        facts(
            ("Names", names),
            ("Born", date(resource.get("birthDate"))),
            ("Sex", plain(resource.get("gender"))),
            ("Gender identity", extension(resource, "genderIdentity")),
            ("Died", choice(resource, resource, "deceased")),
            *_reach(resource),
            ("Languages", joined(languages)),
            ("Marital status", concept(resource.get("maritalStatus"))),
            ("Family doctor", everyone(resource, resource.get("generalPractitioner"))),
            ("Contact people", joined(relatives)),
            ("Kept by", referred(resource, resource.get("managingOrganization"))),
            *identifiers(resource.get("identifier")),
        ),
    )


def _contact(item: dict[str, Any]) -> str:
    phone = contacts(item.get("telecom"), "phone")
    return joined((human_name(item.get("name")), relation(item), phone), ", ")


def relation(holder: dict[str, Any]) -> str:
    """The `relationship` of a contact or a RelatedPerson: "Mother"."""
    return joined(relative(item) for item in each(holder.get("relationship")))


def related_person(resource: dict[str, Any]) -> Shown:
    """FHIR R4 RelatedPerson."""
    return Shown(
        human_name(resource.get("name")) or relation(resource) or "Relative",
        facts(
            ("Relationship", relation(resource)),
            ("Born", date(resource.get("birthDate"))),
            ("Sex", plain(resource.get("gender"))),
            *_reach(resource),
            ("When", period(resource.get("period"))),
        ),
    )


def practitioner(resource: dict[str, Any]) -> Shown:
    """FHIR R4 Practitioner."""
    training = (concept(item.get("code")) for item in each(resource.get("qualification")))
    return Shown(
        human_name(resource.get("name")) or "Care provider",
        facts(
            ("Qualifications", joined(training)),
            *_reach(resource),
            ("Languages", concepts(resource.get("communication"))),
            *identifiers(resource.get("identifier")),
        ),
    )


def practitioner_role(resource: dict[str, Any]) -> Shown:
    """FHIR R4 PractitionerRole."""
    who = referred(resource, resource.get("practitioner"))
    where = referred(resource, resource.get("organization"))
    role = concepts(resource.get("code")) or concepts(resource.get("specialty"))
    return Shown(
        joined((who, role or where), ", ") or "Role of a care provider",
        facts(
            ("Who", who),
            ("Role", concepts(resource.get("code"))),
            ("Specialty", concepts(resource.get("specialty"))),
            ("Organisation", where),
            ("Places", everyone(resource, resource.get("location"))),
            *_reach(resource),
            ("When", period(resource.get("period"))),
        ),
    )


def organization(resource: dict[str, Any]) -> Shown:
    """FHIR R4 Organization."""
    return Shown(
        clean(resource.get("name")) or concepts(resource.get("type")) or "Organisation",
        facts(
            ("Kind", concepts(resource.get("type"))),
            *_reach(resource),
            ("Part of", referred(resource, resource.get("partOf"))),
            *identifiers(resource.get("identifier")),
        ),
    )


def location(resource: dict[str, Any]) -> Shown:
    """FHIR R4 Location."""
    return Shown(
        clean(resource.get("name")) or clean(resource.get("description"), 150) or "Place",
        facts(
            ("About", clean(resource.get("description"), 500)),
            ("Kind", concepts(resource.get("type"))),
            *_reach(resource),
            ("Run by", referred(resource, resource.get("managingOrganization"))),
            ("Part of", referred(resource, resource.get("partOf"))),
        ),
    )
