"""Goals, concerns and the plan that holds what is planned. Sources: C-CDA R2.1, Goal Observation
2.16.840.1.113883.10.20.22.4.121, Health Concern Act (V2) …4.132, Intervention Act (V2) …4.131, Plan of
Treatment Section (V2) …2.10; https://hl7.org/fhir/R4/goal.html, US Core CarePlan Profile
"""

from collections.abc import Iterator
from typing import Any, Final

from phr.formats.ccda.acts import planned, procedures
from phr.formats.ccda.context import Context, Draft, full
from phr.formats.ccda.medications import planned as planned_medications
from phr.formats.ccda.notes import notes
from phr.formats.ccda.people import author
from phr.formats.ccda.problems import OBSERVATION, condition
from phr.formats.ccda.times import moment, when
from phr.formats.ccda.tree import every, get, negated, null, one, related, templates
from phr.formats.ccda.values import concept, said, value
from phr.formats.hardened_xml import Element

Json = dict[str, Any]

# The sections whose words and entries together are one plan.
PLANS: Final = {"18776-5": "Plan of treatment", "51847-2": "Assessment and plan"}
_LIFECYCLE = {
    "active": "active", "completed": "completed", "suspended": "on-hold", "held": "on-hold",
    "aborted": "cancelled", "cancelled": "cancelled", "nullified": "entered-in-error",
    "new": "proposed",
}  # fmt: skip
_DETAILS = ("Quantity", "Range", "CodeableConcept", "String", "Boolean", "Integer", "Ratio")
_CATEGORY = "http://hl7.org/fhir/us/core/CodeSystem/careplan-category"
_INSIDE = {
    **dict.fromkeys(("22.4.39", "22.4.40", "22.4.41", "22.4.44"), planned),
    **dict.fromkeys(("22.4.42", "22.4.120"), planned_medications),
    **dict.fromkeys(("22.4.12", "22.4.13", "22.4.14"), procedures),
}


def goals(statement: Element, context: Context) -> Iterator[Draft]:
    """The Goal of a Goal Observation: what is measured and what it should be, by when.

    What is said not to be a goal stays in the words of the section.
    """
    if negated(statement):
        return
    code = concept(one(statement, "code"), context)
    aim = one(statement, "value")
    words = context.says(one(statement, "text")) or context.says(aim)
    who, _ = author(statement)
    yield context.draft(
        "Goal",
        statement,
        lifecycleStatus=_LIFECYCLE.get(get(one(statement, "statusCode"), "code"), "active"),
        description=said(words) or code,
        startDate=_day(when(one(statement, "effectiveTime"))),
        target=_target(statement, code, context),
        expressedBy=who,
        note=notes(statement, context),
    )


def _day(time: str | None) -> str | None:
    return time[:10] if time else None


def _target(statement: Element, code: Json | None, context: Context) -> list[Json]:
    """What is measured and the value aimed at, and the day by which."""
    due = _day(moment(get(one(statement, "effectiveTime/high"), "value")))
    found = value(one(statement, "value"), context) if code else {}
    detail = {f"detail{n}": found[f"value{n}"] for n in _DETAILS if f"value{n}" in found}
    if not (detail or due):
        return []
    return [full(measure=code if detail else None, dueDate=due) | detail]


def concerns(act: Element, context: Context) -> Iterator[Draft]:
    """The Conditions that a Health Concern Act is about."""
    for observation in related(act, OBSERVATION):
        if not null(observation):
            yield from condition(observation, act, context, "problem-list-item")


def interventions(act: Element, context: Context) -> Iterator[Draft]:
    """What an Intervention Act is made of: what was done and what is planned."""
    if negated(act):
        return
    for each in every(act, "entryRelationship/*"):
        read = next((_INSIDE[t] for t in sorted(templates(each)) if t in _INSIDE), None)
        if read and not null(each):
            yield from read(each, context)


def care_plan(title: str, code: str, text: str, urls: list[str], context: Context) -> Draft:
    """The CarePlan of a section: its words, and what its entries became."""
    category = {"coding": [{"system": _CATEGORY, "code": "assess-plan"}]}
    found = context.draft(
        "CarePlan",
        None,
        status="unknown",
        intent="plan",
        category=[category],
        title=title or PLANS[code],
        activity=[{"reference": {"reference": url}} for url in urls],
    )
    words = {"text": {"status": "additional", "div": text}} if text else {}
    return Draft(found.resource | words, found.url, found.identity)
