"""The clock of a request as rows: its events are written, its days reckoned anew from all of them."""

from datetime import date

from django.conf import settings
from django.utils import timezone

from rights.deadlines import Due, Event, Kind, due
from rights.models import ClockEvent, RightRequest
from rights.regimes import day_of, rule_of


def today(regime: str) -> date:
    """The legal day it is now under a regime."""
    return day_of(timezone.now(), regime, settings.PHR_LEGAL_ZONE)


def strike(row: RightRequest, kind: Kind, *, reason: str = "", on: date | None = None) -> None:
    """Write down what happened to the clock, today or `on` a day before.

    The row's days follow; save it afterwards.
    """
    event = ClockEvent(request=row, patient_id=row.patient_id, kind=kind, reason=reason)
    event.on = on or today(row.regime)
    event.save()
    found = reckoned(row)
    row.legal_on, row.safe_on, row.acknowledge_on = found.legal, found.safe, found.acknowledge
    row.waiting_since = found.paused_since


def reckoned(row: RightRequest) -> Due:
    """When a request is due, and why, from everything that happened to its clock."""
    return due(rule_of(row.rule_version), events(row))


def events(row: RightRequest) -> list[Event]:
    """What happened to the clock, oldest first."""
    return [Event(Kind(one.kind), one.on, one.reason) for one in row.clock.order_by("at")]


def waiting(row: RightRequest) -> list[str]:
    """What the person was asked for and has not answered yet, whether or not it stops the clock."""
    waited: dict[str, bool] = {}
    for one in events(row):
        if one.kind in {Kind.PAUSED, Kind.RESUMED, Kind.DROPPED}:
            waited[one.reason] = one.kind is Kind.PAUSED
    return [reason for reason, still in waited.items() if still]


def first(rule_version: str, on: date) -> Due:
    """When a request is due that was received on that day and to which nothing happened yet."""
    return due(rule_of(rule_version), [Event(Kind.STARTED, on)])
