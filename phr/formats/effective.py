"""When a FHIR resource matters clinically."""

from datetime import UTC, datetime
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


def effective_at(resource: dict[str, Any]) -> str | None:
    """The start of the clinically relevant time as an ISO 8601 instant in UTC, or None.

    A date without a time counts from midnight UTC, a month from its first day.
    """
    found = as_written(resource)
    return utc(found) if found else None


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


def utc(text: str) -> str | None:
    """A FHIR date, dateTime or instant as an instant in UTC; None when it is not one."""
    if len(text) < 10:
        text = (text + "-01-01")[:10]
    # Python has no leap second; FHIR allows it.
    text = text.replace(":60", ":59") if ":60" in text[16:19] else text
    try:
        found = datetime.fromisoformat(text)
        found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return found.replace(microsecond=0).isoformat().replace("+00:00", "Z")
