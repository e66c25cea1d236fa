"""Dosage in words: what the label on the box would say. Source: FHIR R4 Dosage §2.29."""

from typing import Any

from phr.display.choices import choice
from phr.display.concepts import concept, concepts
from phr.display.quantities import ratio
from phr.display.timing import timing
from phr.display.words import capital, clean, each, joined


def dosages(instructions: list[dict[str, Any]]) -> str:
    """Several dosages in their order, one after another."""
    return capital(joined((dosage(item) for item in instructions), "; "))


def dosage(item: dict[str, Any]) -> str:
    """One Dosage: the words for the patient, the text, or a sentence made of its parts."""
    said = clean(item.get("patientInstruction"), 500) or clean(item.get("text"), 500)
    built = _built(item)
    extra = "" if said else concepts(item.get("additionalInstruction"))
    most = ratio(item.get("maxDosePerPeriod"))
    return joined((said or built, extra, f"at most {most}" if most else ""), ", ")


def _built(item: dict[str, Any]) -> str:
    amounts = (
        joined((choice({}, given, "dose"), choice({}, given, "rate")), " at ")
        for given in each(item.get("doseAndRate"))
    )
    method, route = concept(item.get("method")), concept(item.get("route"))
    start = joined((method, joined(amounts)), " ")
    parts = (start, route.lower(), timing(item.get("timing")), _needed(item), _at(item))
    return joined(parts, ", ")


def _needed(item: dict[str, Any]) -> str:
    reason = concept(item.get("asNeededCodeableConcept"))
    if reason:
        return f"when needed for {reason[:1].lower()}{reason[1:]}"
    return "when needed" if item.get("asNeededBoolean") is True else ""


def _at(item: dict[str, Any]) -> str:
    site = concept(item.get("site"))
    return f"at {site[:1].lower()}{site[1:]}" if site else ""
