"""Vaccinations given and refused. Source: C-CDA R2.1, Immunization Activity (V3)."""

from collections.abc import Iterator

from phr.formats.ccda.context import Context, Draft
from phr.formats.ccda.medications import maker, product
from phr.formats.ccda.notes import notes, reasons
from phr.formats.ccda.people import performers
from phr.formats.ccda.times import when
from phr.formats.ccda.tree import get, negated, one, related
from phr.formats.ccda.values import concept, quantity
from phr.formats.hardened_xml import Element

_REFUSAL = "22.4.53"
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
        performer=[{"actor": each} for each in performers(statement)],
        reasonCode=reasons(statement, context),
        note=notes(statement, context),
    )


def _status(statement: Element) -> str:
    wrong = get(one(statement, "statusCode"), "code") == "nullified"
    return "entered-in-error" if wrong else "completed"
