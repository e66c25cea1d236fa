"""Who may do what to a request in which state: one table, and nothing that is not in it is allowed.

docs/rights-desk.md shows the same table; a test tries every combination.
"""

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """How far a request is; the value is stored, `label` is what people read."""

    RECEIVED = "received"
    ACKNOWLEDGED = "acknowledged"
    WAITING = "waiting"
    PROPOSED = "proposed"
    DECIDED = "decided"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS: Final = {
    State.RECEIVED: "Sent to the rights desk",
    State.ACKNOWLEDGED: "We are working on it",
    State.WAITING: "We are waiting for your answer",
    State.PROPOSED: "We are working on it",
    State.DECIDED: "Answered",
    State.WITHDRAWN: "You took it back",
    State.CLOSED: "Closed",
}
OPEN: Final = (State.RECEIVED, State.ACKNOWLEDGED, State.WAITING, State.PROPOSED)
ENDED: Final = (State.WITHDRAWN, State.CLOSED)


class Party(StrEnum):
    """Who acts: the person who asked, a member of staff, or another one than who proposed."""

    PERSON = "person"
    STAFF = "staff"
    COLLEAGUE = "colleague"


class Step(StrEnum):
    """What can be done to a request."""

    ACKNOWLEDGE = "acknowledge"
    ASK = "ask"
    CLOSE = "close"
    CONFIRM = "confirm"
    EXTEND = "extend"
    GRANT = "grant"
    LIFT = "lift"
    PROPOSE = "propose"
    RESUME = "resume"
    SEND_BACK = "send back"
    WITHDRAW = "withdraw"
    WRITE = "write"


_PERSON, _STAFF, _COLLEAGUE = Party.PERSON, Party.STAFF, Party.COLLEAGUE
TABLE: Final[dict[tuple[State, Party], dict[Step, State]]] = {
    (State.RECEIVED, _PERSON): {
        Step.WRITE: State.RECEIVED,
        Step.WITHDRAW: State.WITHDRAWN,
    },
    (State.RECEIVED, _STAFF): {
        Step.WRITE: State.RECEIVED,
        Step.ACKNOWLEDGE: State.ACKNOWLEDGED,
        Step.ASK: State.WAITING,
        Step.EXTEND: State.ACKNOWLEDGED,
        Step.GRANT: State.DECIDED,
        Step.PROPOSE: State.PROPOSED,
    },
    (State.ACKNOWLEDGED, _PERSON): {
        Step.WRITE: State.ACKNOWLEDGED,
        Step.WITHDRAW: State.WITHDRAWN,
    },
    (State.ACKNOWLEDGED, _STAFF): {
        Step.WRITE: State.ACKNOWLEDGED,
        Step.ASK: State.WAITING,
        Step.EXTEND: State.ACKNOWLEDGED,
        Step.GRANT: State.DECIDED,
        Step.PROPOSE: State.PROPOSED,
    },
    (State.WAITING, _PERSON): {
        Step.WRITE: State.ACKNOWLEDGED,
        Step.WITHDRAW: State.WITHDRAWN,
    },
    (State.WAITING, _STAFF): {
        Step.WRITE: State.WAITING,
        Step.RESUME: State.ACKNOWLEDGED,
        Step.EXTEND: State.WAITING,
        Step.PROPOSE: State.PROPOSED,
    },
    (State.PROPOSED, _PERSON): {
        Step.WRITE: State.PROPOSED,
        Step.WITHDRAW: State.WITHDRAWN,
    },
    (State.PROPOSED, _STAFF): {
        Step.WRITE: State.PROPOSED,
        Step.SEND_BACK: State.ACKNOWLEDGED,
    },
    (State.PROPOSED, _COLLEAGUE): {
        Step.WRITE: State.PROPOSED,
        Step.CONFIRM: State.DECIDED,
        Step.SEND_BACK: State.ACKNOWLEDGED,
    },
    (State.DECIDED, _PERSON): {Step.WRITE: State.DECIDED},
    (State.DECIDED, _STAFF): {
        Step.WRITE: State.DECIDED,
        Step.CLOSE: State.CLOSED,
        Step.LIFT: State.CLOSED,
    },
}


def after(state: State, party: Party, step: Step) -> State | None:
    """The state that follows, or None where this party may not take this step."""
    return TABLE.get((state, party), {}).get(step)


def steps(state: State, party: Party) -> list[Step]:
    """What this party may do now."""
    return list(TABLE.get((state, party), {}))
