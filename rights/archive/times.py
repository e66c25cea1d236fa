"""Instants as FHIR writes them."""

from datetime import UTC, datetime


def instant(at: datetime) -> str:
    """FHIR R4 instant, in UTC."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def by_clock(at: datetime) -> str:
    """The day and the hour of the clock where it was (see `phr.models.Record`), in no time zone."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat()


def clocked(at: str) -> str:
    """`by_clock` for an instant that the database wrote, in UTC as its session is."""
    if len(at) != len("2026-01-01 00:00:00+00") or at[10] != " " or not at.endswith("+00"):
        return by_clock(datetime.fromisoformat(at))
    return f"{at[:10]}T{at[11:19]}"


def written(at: str) -> str:
    """The same for an instant that the database wrote, in UTC as its session is."""
    if not at.endswith("+00") or len(at) < len("2026-01-01 00:00:00+00") or at[10] != " ":
        return instant(datetime.fromisoformat(at))
    return f"{at[:10]}T{at[11:19]}.{at[20:-3][:3]:0<3}Z"
