"""Cases from the side of the rights desk: what staff do to a request, each act told to the person."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from django.db import connection
from django.utils import timezone

from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied, Door
from rights import casework, clocks, letters, transitions
from rights.casework import CasePage, Refused
from rights.deadlines import Kind, in_words
from rights.grounds import GROUNDS
from rights.letters import PROPOSAL
from rights.models import Case, RightRequest
from rights.regimes import Right, rule_of
from rights.services import restriction
from rights.transitions import Party, State, Step

GRANTED, PARTLY, REFUSED = "granted", "partly", "refused"
DECISIONS: Final = (GRANTED, PARTLY, REFUSED)


def read(actor: Actor, request_id: UUID) -> CasePage:
    """The case of a request with its messages, for staff; written down. Raises `Denied`."""
    with acting_as(actor):
        row = _row(actor, request_id)
        _note("read", row)
        return casework.page(row.case, letters.read(row.case))


def may(actor: Actor, request_id: UUID) -> list[Step]:
    """What this member of staff may do to a request now."""
    with acting_as(actor):
        row = _row(actor, request_id)
        steps = transitions.steps(State(row.state), _party(actor, row))
        return [step for step in steps if step not in _unfit(row)]


def acknowledge(actor: Actor, request_id: UUID) -> None:
    """Confirm that the request is in hands (11 CCR 7021(a); DPA 2018 s.164A)."""
    with _acting(actor, request_id, Step.ACKNOWLEDGE) as (row, state):
        casework.move(row, state)


def write(actor: Actor, request_id: UUID, *, text: str) -> None:
    """Write to the person."""
    with _acting(actor, request_id, Step.WRITE) as (row, _):
        _write(row, text)


def ask(actor: Actor, request_id: UUID, *, about: str, text: str) -> None:
    """Ask the person to show who she is, or what exactly she wants; `about` is which of the two.

    Where the law stops the clock for that, it stops (GDPR Art. 12(6), recital 63; UK GDPR Art. 12A).
    """
    with _acting(actor, request_id, Step.ASK) as (row, state):
        _write(row, text, about=about)
        clocks.strike(row, Kind.PAUSED, reason=about)
        casework.move(row, state)


def resume(actor: Actor, request_id: UUID) -> None:
    """What was asked is answered, in another way than by a message: the clock goes on."""
    with _acting(actor, request_id, Step.RESUME) as (row, state):
        casework.move(row, state, answered=True)


def extend(actor: Actor, request_id: UUID, *, text: str) -> None:
    """Take the longer time that the law allows, told with its reasons (GDPR Art. 12(3)).

    Raises `Refused` when the rule has none, it is taken already, or the first limit has passed.
    """
    with _acting(actor, request_id, Step.EXTEND) as (row, state):
        last = clocks.reckoned(row).extend_by
        if last is None:
            raise Refused("There is no more time to take for this request.")
        if clocks.today(row.regime) > last:
            raise Refused(f"More time had to be taken by {in_words(last)}.")
        _write(row, text, about="extension")
        clocks.strike(row, Kind.EXTENDED)
        casework.move(row, state)


def decide(actor: Actor, request_id: UUID, *, decision: str, text: str, ground: str = "") -> None:
    """Grant a request, which does what was asked; or propose to refuse it, wholly or in part.

    A proposal ("partly" or "refused") needs a coded ground and waits for a second member of staff.
    Raises `Refused` for a ground that does not fit the right.
    """
    if decision == GRANTED:
        return _grant(actor, request_id, text)
    with _acting(actor, request_id, Step.PROPOSE, told=False) as (row, state):
        if decision not in DECISIONS:
            raise Refused("Choose what to propose.")
        if ground not in GROUNDS or not GROUNDS[ground].fits(Right(row.right)):
            raise Refused("Choose a ground that fits this right.")
        _write(row, text, about=PROPOSAL)
        row.decision, row.ground, row.proposed_by = decision, ground, actor.user_id
        casework.move(row, state)
    return None


def _grant(actor: Actor, request_id: UUID, text: str) -> None:
    with acting_as(actor):
        with _acting(actor, request_id, Step.GRANT) as (row, state):
            if row.right == Right.RESTRICTION and row.patient_id is None:
                raise Refused("This person keeps no record here that could rest.")
            _write(row, text, about=GRANTED)
            row.decision, row.ground, row.decided_by = GRANTED, "", actor.user_id
            casework.move(row, state)
        if row.right == Right.RESTRICTION and row.patient_id:
            # Last: what it writes outside this transaction cannot be taken back.
            restriction.restrict(actor, row.patient_id)


def confirm(actor: Actor, request_id: UUID) -> None:
    """A second member of staff stands by a refusal; only now is the person told."""
    with _acting(actor, request_id, Step.CONFIRM) as (row, state):
        reasons = row.case.messages.filter(about=PROPOSAL).order_by("at").last()
        if reasons is None:
            raise Refused("The proposal has no reasons.")
        _write(row, letters.text_of(reasons), about=row.decision)
        row.decided_by = actor.user_id
        casework.move(row, state)


def send_back(actor: Actor, request_id: UUID) -> None:
    """Take a proposal back, one's own or a colleague's."""
    with _acting(actor, request_id, Step.SEND_BACK, told=False) as (row, state):
        row.decision, row.ground, row.proposed_by = "", "", None
        casework.move(row, state)


def lift(actor: Actor, request_id: UUID, *, text: str) -> None:
    """End a restriction; the person is told with the same act (GDPR Art. 18(3)).

    Her record rests on while another restriction of hers is granted and not lifted.
    """
    with acting_as(actor):
        with _acting(actor, request_id, Step.LIFT) as (row, state):
            _write(row, text, about="lifted")
            casework.move(row, state)
            casework.settle(row.case)
        if row.patient_id:
            restriction.lift(actor, row.patient_id)


def close(actor: Actor, request_id: UUID) -> None:
    """Nothing more is to be done. A restriction stays open until it is lifted."""
    with _acting(actor, request_id, Step.CLOSE) as (row, state):
        casework.move(row, state)
        casework.settle(row.case)


@contextmanager
def _acting(
    actor: Actor, request_id: UUID, step: Step, *, told: bool = True
) -> Iterator[tuple[RightRequest, State]]:
    """A request, locked, and the state that the step leads to; afterwards audited and told."""
    with acting_as(actor):
        row = _row(actor, request_id, lock=True)
        state = transitions.after(State(row.state), _party(actor, row), step)
        if state is None or step in _unfit(row):
            raise Refused("This cannot be done to the request now.")
        if row.acknowledged_at is None:
            row.acknowledged_at = timezone.now()
        yield row, state
        _note(step.replace(" ", "-"), row)
        casework.keep(row)
        if told:
            casework.tell(row.case)


def _row(actor: Actor, request_id: UUID, *, lock: bool = False) -> RightRequest:
    rows = RightRequest.objects.select_related("case")
    if lock:
        rows = rows.select_for_update(of=("self",))
    row = rows.filter(pk=request_id).first() if actor.door is Door.STAFF else None
    if row is None or row.case.user_id == actor.user_id or _is_hidden(row.case):
        raise Denied("case-read", subject=f"RightRequest/{request_id}")
    return row


def _is_hidden(case: Case) -> bool:
    """Whether the person is hidden from everyone: her deletion is under way or her account closed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT phr_hidden(%s, %s)", [case.patient_id, case.user_id])
        row = cursor.fetchone()
    return bool(row and row[0])


def _party(actor: Actor, row: RightRequest) -> Party:
    other = row.proposed_by is not None and row.proposed_by != actor.user_id
    return Party.COLLEAGUE if row.state == State.PROPOSED and other else Party.STAFF


def _unfit(row: RightRequest) -> set[Step]:
    """Steps that the state allows and the request itself does not."""
    resting = row.right == Right.RESTRICTION and row.decision == GRANTED
    unfit = {Step.CLOSE} if resting and row.patient_id else {Step.LIFT}
    return unfit if rule_of(row.rule_version).extension else unfit | {Step.EXTEND}


def _write(row: RightRequest, text: str, *, about: str = "") -> None:
    letters.write(row.case, text, by_desk=True, about=about)


def _note(act: str, row: RightRequest) -> None:
    note(f"case-{act}", patient_id=row.patient_id, subject=f"RightRequest/{row.pk}", basis="desk")
