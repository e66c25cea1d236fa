"""Encounter, EpisodeOfCare and Appointment in words."""

from typing import Any, Final

from phr.display.concepts import code_of, coding, concept, concepts, plain, worded
from phr.display.dates import moment, period, whole
from phr.display.names import annotations, everyone, referred
from phr.display.quantities import duration
from phr.display.shown import Shown, facts
from phr.display.words import clean, clean_lines, each, joined, lowered, one

# v3-ActEncounterCode
_CLASSES: Final = {
    "AMB": "Outpatient visit",
    "IMP": "Hospital stay",
    "ACUTE": "Hospital stay",
    "NONAC": "Hospital stay",
    "EMER": "Emergency visit",
    "HH": "Home visit",
    "VR": "Phone or video visit",
    "OBSENC": "Observation in hospital",
    "PRENC": "Visit before admission",
    "SS": "Short stay in hospital",
    "FLD": "Care outside a clinic",
}


def _reason(resource: dict[str, Any]) -> str:
    told = everyone(resource, resource.get("reasonReference"))
    return joined((concepts(resource.get("reasonCode")), told))


def encounter(resource: dict[str, Any]) -> Shown:
    """FHIR R4 Encounter."""
    kind = _CLASSES.get(code_of(resource.get("class"))) or coding(resource.get("class"))
    stay = one(resource.get("hospitalization"))
    places = (referred(resource, item.get("location")) for item in each(resource.get("location")))
    people = (_person(resource, item, "individual") for item in each(resource.get("participant")))
    found = (referred(resource, item.get("condition")) for item in each(resource.get("diagnosis")))
    return Shown(
        concepts(resource.get("type")) or concept(resource.get("serviceType")) or kind or "Visit",
        facts(
            ("When", period(resource.get("period"))),
            ("Kind", kind),
            ("Reason", _reason(resource)),
            ("Diagnosis", joined(found)),
            ("With", joined(people)),
            ("Place", joined([*places, referred(resource, resource.get("serviceProvider"))])),
            ("Service", concept(resource.get("serviceType"))),
            ("Length", duration(resource.get("length"))),
            ("Urgency", concept(resource.get("priority"))),
            ("Came from", concept(stay.get("admitSource"))),
            ("Went to", concept(stay.get("dischargeDisposition"))),
            ("Status", plain(resource.get("status"))),
        ),
    )


def _person(resource: dict[str, Any], item: dict[str, Any], name: str) -> str:
    who = referred(resource, item.get(name))
    role = lowered(joined(worded(role) for role in each(item.get("type"))))
    return f"{who} ({role})" if who and role else who


def episode(resource: dict[str, Any]) -> Shown:
    """FHIR R4 EpisodeOfCare."""
    found = (referred(resource, item.get("condition")) for item in each(resource.get("diagnosis")))
    return Shown(
        concepts(resource.get("type")) or "Period of care",
        facts(
            ("When", period(resource.get("period"))),
            ("Diagnosis", joined(found)),
            ("Place", referred(resource, resource.get("managingOrganization"))),
            ("Led by", referred(resource, resource.get("careManager"))),
            ("Status", plain(resource.get("status"))),
        ),
    )


def appointment(resource: dict[str, Any]) -> Shown:
    """FHIR R4 Appointment."""
    people = (_person(resource, item, "actor") for item in each(resource.get("participant")))
    minutes = whole(resource.get("minutesDuration"))
    described = clean(resource.get("description"), 150)
    kind = concept(resource.get("appointmentType"))
    return Shown(
        described or concepts(resource.get("serviceType")) or kind or "Appointment",
        facts(
            (
                "When",
                period(resource) or joined(map(period, each(resource.get("requestedPeriod")))),
            ),
            ("Length", f"{minutes} minutes" if minutes else ""),
            ("With", joined(people)),
            ("Reason", _reason(resource)),
            ("Kind", kind),
            ("Specialty", concepts(resource.get("specialty"))),
            ("What to do", clean_lines(resource.get("patientInstruction"))),
            ("Comment", clean_lines(resource.get("comment"))),
            ("Why it was cancelled", concept(resource.get("cancelationReason"))),
            ("Booked", moment(resource.get("created"))),
            ("Status", plain(resource.get("status"))),
        ),
        annotations(resource, resource.get("note")),
    )


def appointment_response(resource: dict[str, Any]) -> Shown:
    """FHIR R4 AppointmentResponse."""
    who = referred(resource, resource.get("actor"))
    return Shown(
        joined(("Answer to an appointment", who), ": "),
        facts(
            ("Answer", plain(resource.get("participantStatus"))),
            ("When", period(resource)),
            ("Comment", clean_lines(resource.get("comment"))),
        ),
    )
