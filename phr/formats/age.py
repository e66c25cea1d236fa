"""When a resource was said, and how much it means to count, to tell a newer from an older one.

Sources: https://hl7.org/fhir/R4/resource.html#Meta and
https://hl7.org/fhir/R4/valueset-observation-status.html
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]

PROVISIONAL, USUAL, MENDED = 0, 1, 2
_WITHDRAWN = "entered-in-error"
_STANDING = {
    "registered": PROVISIONAL, "partial": PROVISIONAL, "preliminary": PROVISIONAL,
    "amended": MENDED, "corrected": MENDED, "appended": MENDED, _WITHDRAWN: MENDED,
}  # fmt: skip
_FIRST_YEAR = 1800
# So much may clocks differ; who speaks from further ahead would have the last word until then.
_AHEAD = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Age:
    """`updated` is meta.lastUpdated and `issued` that of a result, FHIR instants as written.

    `standing` is PROVISIONAL, USUAL, or MENDED: what corrects or takes back something.
    """

    updated: str | None = None
    issued: str | None = None
    standing: int = USUAL


NO_AGE = Age()


def age(resource: Json) -> Age:
    """What the JSON of a valid resource tells of that."""
    meta = resource.get("meta")
    return Age(
        _text(meta.get("lastUpdated")) if isinstance(meta, dict) else None,
        _text(resource.get("issued")),
        _standing(resource),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _standing(resource: Json) -> int:
    status = resource.get("status")
    known = _STANDING.get(status, USUAL) if isinstance(status, str) else USUAL
    verified = resource.get("verificationStatus")
    codings = verified.get("coding") if isinstance(verified, dict) else None
    for coding in codings if isinstance(codings, list) else []:
        if isinstance(coding, dict) and coding.get("code") == _WITHDRAWN:
            return MENDED
    return known


def instant(text: str | None) -> datetime | None:
    """A FHIR instant; None for what is none, or one before 1800 or that is still to come."""
    if not text:
        return None
    try:
        # Python has no leap second; FHIR allows it.
        found = datetime.fromisoformat(text.replace(":60", ":59"))
        found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return found if found.year >= _FIRST_YEAR and found < datetime.now(UTC) + _AHEAD else None
