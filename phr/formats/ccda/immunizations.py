"""Vaccinations given and refused.

Sources: C-CDA R2.1, Immunization Activity (V3); C-CDA on FHIR 2.0, Immunizations CDA → FHIR, with its
map CF-ImmunizationStatus. A reaction to a vaccination stays narrative.
"""

from collections.abc import Iterator
from typing import Any

from phr.formats.ccda.context import Context, Draft
from phr.formats.ccda.medications import maker, product
from phr.formats.ccda.notes import notes, reasons
from phr.formats.ccda.people import performers
from phr.formats.ccda.times import when
from phr.formats.ccda.tree import get, negated, one, related
from phr.formats.ccda.values import concept, quantity
from phr.formats.hardened_xml import Element

Json = dict[str, Any]

_REFUSAL = "22.4.53"
_STATUS = {"nullified": "entered-in-error"} | dict.fromkeys(
    ("aborted", "cancelled", "held", "new", "obsolete", "suspended"), "not-done"
)
_GAVE = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/v2-0443",
            "code": "AP",
            "display": "Administering Provider",
        }
    ]
}
_PLANNED = ("INT", "RQO", "PRP", "PRMS")


def immunizations(statement: Element, context: Context) -> Iterator[Draft]:
    """The Immunization of an Immunization Activity; what is only planned is none yet."""
    if get(statement, "moodCode") in _PLANNED:
        return
    missed = negated(statement)
    at = when(one(statement, "effectiveTime"))
    lot = one(statement, "consumable/manufacturedProduct/manufacturedMaterial/lotNumberText")
    why_not = next(related(statement, _REFUSAL), None)
    yield context.draft(
        "Immunization",
        statement,
        status="not-done" if missed else _status(statement),
        statusReason=concept(one(why_not, "code"), context) if missed else None,
        vaccineCode=product(statement, context),
        occurrenceDateTime=at,
        occurrenceString=None if at else "The date is not known",
        manufacturer=maker(statement),
        lotNumber=context.says(lot),
        site=concept(one(statement, "approachSiteCode"), context),
        route=concept(one(statement, "routeCode"), context),
        doseQuantity=quantity(one(statement, "doseQuantity")),
        performer=[{"function": _GAVE, "actor": each} for each in performers(statement)],
        protocolApplied=_dose_number(get(one(statement, "repeatNumber"), "value")),
        reasonCode=reasons(statement, context),
        note=notes(statement, context),
    )


def _status(statement: Element) -> str:
    """Not done what was not carried through; without a word about it, or running, it is done."""
    return _STATUS.get(get(one(statement, "statusCode"), "code"), "completed")


def _dose_number(told: str) -> list[Json]:
    known = told.isascii() and told.isdecimal() and len(told) < 4 and int(told) > 0
    return [{"doseNumberPositiveInt": int(told)}] if known else []
