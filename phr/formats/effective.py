"""When a FHIR resource matters clinically."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

# In this order: when it happened or began, then when it was planned, then when it was written down,
# and of a document that says nothing else when its file was made.
_ELEMENTS = (
    "effectiveDateTime", "effectiveInstant", "effectivePeriod", "effectiveTiming",
    "onsetDateTime", "onsetPeriod", "performedDateTime", "performedPeriod",
    "occurrenceDateTime", "occurrencePeriod", "occurrenceTiming", "occurredDateTime",
    "occurredPeriod", "identifiedDateTime", "identifiedPeriod", "servicedDate", "servicedPeriod",
    "timingDateTime", "timingPeriod", "whenHandedOver", "whenPrepared", "started", "start",
    "collection", "createdDateTime", "createdPeriod", "executionPeriod", "period",
    "billablePeriod", "startDate", "context", "authoredOn", "authored", "sent", "received",
    "date", "dateTime", "dateWritten", "recordedDate", "recorded", "dateAsserted", "issued",
    "created", "timestamp", "content",
)  # fmt: skip
_WITHIN = (
    "start",
    "event",
    "collectedDateTime",
    "collectedPeriod",
    "period",
    "end",
    "attachment",
    "creation",
)


# What happened earlier or later than this did not happen to anybody; PostgreSQL and Python agree on
# every instant between.
_FIRST_YEAR, _LAST_YEAR = 1800, 2200


def effective_at(resource: dict[str, Any]) -> str | None:
    """The start of the clinically relevant time, by the clock where it was (see `by_clock`), or None.

    A date without a time counts from midnight, a month from its first day.
    """
    found = as_written(resource)
    return by_clock(found) if found else None


def happened(resource: dict[str, Any]) -> datetime | None:
    """The same as the instant that it was, to tell which of two came first."""
    found = utc(as_written(resource))
    return datetime.fromisoformat(found) if found else None


def as_written(resource: dict[str, Any]) -> str:
    """The same as it stands in the resource, as precise as it was known; "" when there is none."""
    for name in _ELEMENTS:
        if name in resource and (found := _written(resource[name])):
            return found
    return ""


def _written(value: Any) -> str:
    if isinstance(value, str):
        return value if utc(value) else ""
    if isinstance(value, list):
        return _written(value[0]) if value else ""
    if isinstance(value, dict):
        for name in _WITHIN:
            if name in value and (found := _written(value[name])):
                return found
    return ""


@lru_cache(maxsize=64)
def utc(text: str) -> str | None:
    """A FHIR date, dateTime or instant as an instant in UTC; None when it is not one.

    Nor is one before 1800 or after 2200.
    """
    try:
        found = _read(text)
        found = found.astimezone(UTC) if found.tzinfo else found
    except (ValueError, OverflowError):
        return None
    return _said(found) if _FIRST_YEAR <= found.year <= _LAST_YEAR else None


def by_clock(text: str) -> str | None:
    """The same by the clock where it was: day and hour as written, followed by a "Z".

    So an evening in New York stays on its day, in every list and between all dates.
    """
    return _said(_read(text)) if utc(text) else None


@lru_cache(maxsize=64)
def _read(text: str) -> datetime:
    if len(text) < 10:
        text = (text + "-01-01")[:10]
    # Python has no leap second; FHIR allows it.
    return datetime.fromisoformat(text.replace(":60", ":59") if ":60" in text[16:19] else text)


def _said(at: datetime) -> str:
    return at.replace(microsecond=0, tzinfo=None).isoformat() + "Z"
