"""`acting_as`: the one transaction in which the database knows who asks (DESIGN D2, D8)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection, transaction

from accounts import audit
from accounts.actors import Actor, Denied


@dataclass(slots=True)
class Act:
    """One open `acting_as` and the events to be written at its end."""

    actor: Actor
    about: UUID | None
    events: list[audit.Event] = field(default_factory=list)


def _open_acts() -> list[Act]:
    stack: list[Act] | None = getattr(connection, "phr_acts", None)
    if stack is None:
        stack = []
        connection.phr_acts = stack  # type: ignore[attr-defined]
    return stack


@contextmanager
def acting_as(actor: Actor, *, about: UUID | None = None) -> Iterator[Act]:
    """Open a transaction as `actor`; `about` narrows every row to one patient, never widens.

    Events noted inside are written as the last statement before the commit; if they cannot be,
    everything is rolled back. A `Denied` is written down in a transaction of its own.
    May be nested: leaving restores what the outer act had told the database.
    """
    stack = _open_acts()
    outer = stack[-1] if stack else None
    act = Act(actor, about or (outer.about if outer and outer.actor == actor else None))
    try:
        with transaction.atomic():
            shared = bool(outer) or _inside_other_transaction()
            # Within an act of the same actor about the same patient the database knows already.
            known = outer is not None and (outer.actor, outer.about) == (actor, act.about)
            if not known:
                _tell(act)
            stack.append(act)
            try:
                yield act
                if outer:
                    outer.events += act.events
                else:
                    audit.write(act.events)
            finally:
                stack.pop()
            if shared and not known:
                _tell(outer)
    except Denied as denied:
        if not outer:
            _note_denial(actor, denied)
        raise


def note(
    action: str,
    *,
    patient_id: UUID | None = None,
    records: Sequence[UUID] = (),
    subject: str = "",
    basis: str = "",
    detail: dict[str, object] | None = None,
) -> None:
    """Note an event in the open act; it is written last, in the same transaction."""
    act = _open_acts()[-1]
    act.events.append(
        audit.Event(act.actor, action, patient_id, records, subject, basis, detail=detail)
    )


def _inside_other_transaction() -> bool:
    # One atomic block is ours; a second means that leaving it commits nothing, so that the
    # local settings would outlive us.
    return len(connection.savepoint_ids) > 0


def _tell(act: Act | None) -> None:
    """Tell the database the role, the actor, the door and the patient; `None` means nobody."""
    baseline = connection.settings_dict["OPTIONS"].get("assume_role") or "none"
    values = [
        act.actor.role if act else baseline,
        str((act.actor.user_id if act else None) or ""),
        act.actor.door.value if act else "",
        str((act.about if act else None) or ""),
        str((act.actor.grant_id if act else None) or ""),
        str((act.actor.acting_for if act else None) or ""),
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('role', %s, true), set_config('phr.actor', %s, true),"
            " set_config('phr.door', %s, true), set_config('phr.about', %s, true),"
            " set_config('phr.link', %s, true), set_config('phr.acting_for', %s, true)",
            values,
        )


def note_denied(denied: Denied) -> None:
    """Note in the open act that a part of it was denied, where the rest goes on."""
    act = _open_acts()[-1]
    act.events.append(_denial(act.actor, denied))


def _note_denial(actor: Actor, denied: Denied) -> None:
    with transaction.atomic():
        audit.write([_denial(actor, denied)])


def _denial(actor: Actor, denied: Denied) -> audit.Event:
    return audit.Event(
        actor,
        denied.action,
        denied.patient_id,
        subject=denied.subject,
        outcome=audit.DENIED,
    )
