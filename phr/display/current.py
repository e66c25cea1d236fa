"""What is in force and what is past, judged by what a FHIR R4 resource says of itself."""

from datetime import date
from typing import Any, Final

from phr.display.concepts import code_of
from phr.display.words import one

# FHIR R4 condition-clinical and allergyintolerance-clinical
_IN_FORCE: Final = frozenset(("active", "recurrence", "relapse"))
_ENDED: Final = frozenset(("inactive", "remission", "resolved"))
# FHIR R4 medication-statement-status and medicationrequest-status; silence is taken for "still so".
_TAKEN: Final = frozenset(("", "active", "intended", "on-hold", "unknown"))
_UNSOUND: Final = frozenset(("entered-in-error", "refuted", "cancelled"))
# FHIR R4 request-intent: an idea that nobody has decided on.
_IDEAS: Final = frozenset(("proposal", "option"))


def sound(resource: dict[str, Any]) -> bool:
    """Whether it is meant: not entered by mistake, ruled out, cancelled or only proposed."""
    names = ("status", "verificationStatus")
    stated = {code_of(resource.get(name), _UNSOUND) for name in names}
    return not stated & _UNSOUND and code_of(resource.get("intent")) not in _IDEAS


def given(resource: dict[str, Any]) -> bool:
    """Whether an Immunization was given, a Procedure done or begun."""
    return code_of(resource.get("status")) in {"completed", "in-progress"}


def current(resource: dict[str, Any], today: date) -> bool:
    """Whether a Condition, an allergy or a medicine is in force on a day.

    Judged by clinicalStatus or status; where that is silent or in a code of somebody's own, by an
    abatement; and a medicine whose period has ended is past whatever its status says.
    """
    if resource.get("resourceType") in {"Condition", "AllergyIntolerance"}:
        stated = code_of(resource.get("clinicalStatus"), _IN_FORCE | _ENDED)
        ended = any(name.startswith("abatement") for name in resource)
        return stated in _IN_FORCE or (stated not in _ENDED and not ended)
    return code_of(resource.get("status")) in _TAKEN and not _over(resource, today)


def _over(resource: dict[str, Any], today: date) -> bool:
    end = one(resource.get("effectivePeriod")).get("end")
    if not isinstance(end, str) or not end:
        return False
    # As many characters as were recorded: the end of "2024" is not past before 2025.
    return end[:10] < today.isoformat()[: len(end[:10])]
