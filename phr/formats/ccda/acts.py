"""Procedures, encounters and what is planned.

Sources: C-CDA R2.1, Procedure Activity (V2), Encounter Activity (V3), Planned Act/Procedure (V2);
C-CDA on FHIR 2.0, Procedures and Encounters CDA → FHIR, with its maps CF-ProcedureStatus and
CF-EncounterStatus. A visit at one moment ends in it, too; who took part has no role.
"""

from collections.abc import Iterator
from typing import Any

from phr.formats.ccda.context import Context, Draft, full
from phr.formats.ccda.devices import instances
from phr.formats.ccda.notes import notes, reasons
from phr.formats.ccda.observations import observation
from phr.formats.ccda.people import author, performers
from phr.formats.ccda.problems import diagnoses, refuted
from phr.formats.ccda.systems import system
from phr.formats.ccda.times import choice, period, when
from phr.formats.ccda.tree import every, get, name, negated, null, one, related, words
from phr.formats.ccda.values import coding, concept, listed, said
from phr.formats.hardened_xml import Element

Json = dict[str, Any]

_PROCEDURE = {
    "completed": "completed", "active": "in-progress", "aborted": "stopped",
    "cancelled": "not-done", "suspended": "on-hold", "nullified": "entered-in-error",
}  # fmt: skip
_ENCOUNTER = {"active": "in-progress", "cancelled": "cancelled", "aborted": "unknown",
              "held": "planned", "new": "unknown", "suspended": "onleave",
              "nullified": "entered-in-error", "completed": "finished"}  # fmt: skip
_REQUEST = {"active": "active", "completed": "completed", "cancelled": "revoked",
            "aborted": "revoked", "suspended": "on-hold", "held": "on-hold", "new": "active",
            "nullified": "entered-in-error"}  # fmt: skip
_INTENT = {"INT": "plan", "RQO": "order", "PRMS": "proposal", "PRP": "proposal",
           "APT": "order", "ARQ": "proposal"}  # fmt: skip
_ACT_CODE = system("2.16.840.1.113883.5.4")
_UNKNOWN = {"system": system("2.16.840.1.113883.5.1008"), "code": "UNK", "display": "unknown"}
_DIAGNOSIS = "22.4.80"


def procedures(statement: Element, context: Context) -> Iterator[Draft]:
    """A Procedure Activity, after the Devices it left or used; one that found something
    (Procedure Activity Observation) is an Observation, since a Procedure has no value.
    """
    none = negated(statement)
    if name(statement) == "observation" and not null(one(statement, "value")):
        yield observation(statement, None, context, "procedure")
        return
    used = [] if none else instances(statement, context)
    yield from used
    status = _PROCEDURE.get(get(one(statement, "statusCode"), "code"), "unknown")
    yield context.draft(
        "Procedure",
        statement,
        status="not-done" if none else status,
        code=_what(statement, context),
        recorder=author(statement)[0],
        performer=[{"actor": each} for each in performers(statement)],
        location=next(({"display": place} for place in _places(statement)), None),
        reasonCode=reasons(statement, context),
        bodySite=listed(one(statement, "targetSiteCode"), context),
        focalDevice=[{"manipulated": {"reference": each.url}} for each in used],
        note=notes(statement, context),
        **choice(one(statement, "effectiveTime"), "performed"),
    )


def encounters(statement: Element, context: Context) -> Iterator[Draft]:
    """The Conditions found at an encounter, then the Encounter that names them."""
    acts = [act for act in related(statement, _DIAGNOSIS) if not null(act)]
    found = [d for act in acts for d in diagnoses(act, context)]
    yield from found
    time = one(statement, "effectiveTime")
    at = when(time)
    yield context.draft(
        "Encounter",
        statement,
        status=_ENCOUNTER.get(get(one(statement, "statusCode"), "code")) or _by_time(time),
        class_=_class(one(statement, "code")),
        type=_type(one(statement, "code"), context),
        participant=[{"individual": each} for each in performers(statement)],
        period=period(time) or full(start=at, end=at),
        reasonCode=reasons(statement, context),
        diagnosis=[{"condition": {"reference": each.url}} for each in found if not refuted(each)],
        hospitalization=full(
            dischargeDisposition=concept(one(statement, "sdtc:dischargeDispositionCode"), context)
        ),
        location=[{"location": {"display": place}} for place in _places(statement)],
    )


def _by_time(time: Element | None) -> str:
    """A visit that only began may have ended or not; what has no time at all is history."""
    return "unknown" if period(time) and not get(one(time, "high"), "value") else "finished"


def _type(code: Element | None, context: Context) -> list[Json]:
    """The codes but for that of the class."""
    found = concept(code, context) or {}
    rest = [each for each in found.get("coding", []) if each.get("system") != _ACT_CODE]
    kept = full(coding=rest, text=found.get("text"))
    return [kept] if kept else []


def planned(statement: Element, context: Context) -> Iterator[Draft]:
    """A planned act, procedure, observation or encounter as ServiceRequest."""
    who, at = author(statement)
    yield context.draft(
        "ServiceRequest",
        statement,
        status=_REQUEST.get(get(one(statement, "statusCode"), "code"), "unknown"),
        intent=_INTENT.get(get(statement, "moodCode"), "plan"),
        doNotPerform=True if negated(statement) else None,
        code=_what(statement, context),
        authoredOn=at,
        requester=who,
        performer=performers(statement),
        reasonCode=reasons(statement, context),
        bodySite=listed(one(statement, "targetSiteCode"), context),
        note=notes(statement, context),
        **choice(one(statement, "effectiveTime"), "occurrence"),
    )


def _what(statement: Element, context: Context) -> Json | None:
    found = concept(one(statement, "code"), context)
    return found or said(context.says(one(statement, "text")))


def _class(code: Element | None) -> Json:
    """The v3-ActCode among the code's translations: inpatient, ambulatory, emergency …"""
    for each in (code, *every(code, "translation")):
        found = coding(each)
        if found and found.get("system") == _ACT_CODE:
            return found
    return _UNKNOWN


def _places(statement: Element) -> list[str]:
    roles = every(statement, "participant/participantRole")
    found = [words(one(each, "playingEntity/name")) for each in roles]
    return [each for each in found if each]
