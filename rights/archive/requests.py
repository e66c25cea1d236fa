"""What she asked the rights desk for, what was decided, and what both sides wrote."""

from accounts.acting import acting_as
from rights import letters
from rights.archive.account import Json, written
from rights.archive.room import Room
from rights.archive.times import instant
from rights.models import Case, CaseMessage, ClockEvent, RightRequest
from rights.transitions import State


def requests(room: Room) -> None:
    """`account/requests.json`: every case with its requests, their clocks, and the messages."""
    with acting_as(room.actor, about=room.patient_id):
        rows = Case.objects.filter(user_id=room.user_id).order_by("received_at", "pk")
        content = [_case(row) for row in rows]
    written(room, "account/requests.json", content)


def _case(row: Case) -> Json:
    return {
        "reference": row.reference,
        "under_the_law_of": row.jurisdiction,
        "received_at": instant(row.received_at),
        "closed_at": instant(row.closed_at) if row.closed_at else None,
        "requests": [_request(one) for one in row.requests.order_by("legal_on", "pk")],
        "messages": [_message(one) for one in row.messages.exclude(about=letters.PROPOSAL)],
    }


def _request(row: RightRequest) -> Json:
    return {
        "right": row.right,
        "regime": row.regime,
        "rule": row.rule_version,
        # Before a colleague has confirmed it, a refusal is a thought of the desk.
        "state": "acknowledged" if row.state == State.PROPOSED else row.state,
        "decision": row.decision if row.decided_at else None,
        "ground_of_refusal": row.ground if row.ground and row.decided_at else None,
        "acknowledged_at": instant(row.acknowledged_at) if row.acknowledged_at else None,
        "decided_at": instant(row.decided_at) if row.decided_at else None,
        "due_on": row.legal_on,
        "acknowledgement_due_on": row.acknowledge_on,
        "waiting_for_you_since": row.waiting_since,
        "clock": [_clock(one) for one in row.clock.all()],
    }


def _clock(row: ClockEvent) -> Json:
    return {"what": row.kind, "why": row.reason or None, "on": row.on, "at": instant(row.at)}


def _message(row: CaseMessage) -> Json:
    # Who at the desk wrote it is not said: the desk answers as one.
    return {
        "from": "the desk" if row.by_desk else "you",
        "about": row.about or None,
        "at": instant(row.at),
        "text": letters.text_of(row),
    }
