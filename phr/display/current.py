"""What is in force and what is past, judged by what a FHIR R4 resource says of itself."""

from collections.abc import Iterable
from datetime import date
from typing import Any, Final

from phr.display.concepts import code_of, concept
from phr.display.words import each, one

# FHIR R4 condition-clinical and allergyintolerance-clinical
_IN_FORCE: Final = frozenset(("", "active", "recurrence", "relapse"))
# FHIR R4 medication-statement-status and medicationrequest-status; silence is taken for "still so".
_TAKEN: Final = frozenset(("", "active", "intended", "on-hold", "unknown"))
_UNSOUND: Final = frozenset(("entered-in-error", "refuted", "cancelled"))
_RESULT: Final = ("value", "component")


def sound(resource: dict[str, Any]) -> bool:
    """Whether it is meant: not entered by mistake, not ruled out, not cancelled."""
    stated = {code_of(resource.get(name)) for name in ("status", "verificationStatus")}
    return not stated & _UNSOUND


def given(resource: dict[str, Any]) -> bool:
    """Whether an Immunization was given, a Procedure done or begun."""
    return code_of(resource.get("status")) in {"completed", "in-progress"}


def current(resource: dict[str, Any], today: date) -> bool:
    """Whether a Condition, an allergy or a medicine is in force on a day.

    Judged by clinicalStatus or status; where that is silent, by an abatement; and a medicine whose
    period has ended is past whatever its status says.
    """
    if resource.get("resourceType") in {"Condition", "AllergyIntolerance"}:
        stated = code_of(resource.get("clinicalStatus"))
        ended = any(name.startswith("abatement") for name in resource)
        return stated in _IN_FORCE and (bool(stated) or not ended)
    return code_of(resource.get("status")) in _TAKEN and not _over(resource, today)


def _over(resource: dict[str, Any], today: date) -> bool:
    end = one(resource.get("effectivePeriod")).get("end")
    if not isinstance(end, str) or not end:
        return False
    # As many characters as were recorded: the end of "2024" is not past before 2025.
    return end[:10] < today.isoformat()[: len(end[:10])]


def last_results(resources: Iterable[dict[str, Any]]) -> list[int]:
    """Places of the first of each code in a list that begins with the newest; only with a result."""
    seen: set[tuple[str, str]] = set()
    places = []
    for place, resource in enumerate(resources):
        names = _names(resource)
        if _has_result(resource) and not names & seen:
            places.append(place)
            seen |= names
    return places


def _names(resource: dict[str, Any]) -> set[tuple[str, str]]:
    codings = each(one(resource.get("code")).get("coding"))
    found = {(str(c.get("system") or ""), str(c.get("code") or "")) for c in codings}
    found = {(system, code) for system, code in found if code}
    return found or {("", concept(resource.get("code")))}


def _has_result(resource: dict[str, Any]) -> bool:
    return any(name.startswith(_RESULT) for name in resource)
