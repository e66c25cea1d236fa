"""Restriction of processing (GDPR Art. 18): stored, and used by nobody until it is lifted."""

from uuid import UUID

from django.db import connection

from accounts import ledger
from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied, Door
from accounts.ledger import Kind
from accounts.models import Patient

RESTING, USED = "restricted", "lifted"


def restrict(actor: Actor, patient_id: UUID) -> None:
    """Let a record rest. For staff, deciding a case, and the replay. Doing it twice changes nothing."""
    _set(actor, patient_id, rest=True)


def lift(actor: Actor, patient_id: UUID) -> None:
    """End a restriction; the person has been told before (GDPR Art. 18(3))."""
    _set(actor, patient_id, rest=False)


def _set(actor: Actor, patient_id: UUID, *, rest: bool) -> None:
    if actor.door not in {Door.STAFF, Door.SYSTEM}:
        raise Denied("restrict", patient_id=patient_id, subject=f"Patient/{patient_id}")
    with acting_as(actor):
        if actor.door is Door.STAFF:
            state = RESTING if rest else USED
            ledger.remember(Kind.RESTRICTION, str(patient_id), state=state)
        if _changed(patient_id, rest=rest):
            action = "restrict" if rest else "lift"
            note(action, patient_id=patient_id, subject=f"Patient/{patient_id}")


def _changed(patient_id: UUID, *, rest: bool) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT phr_restrict(%s, %s)", [patient_id, rest])
        row = cursor.fetchone()
    return bool(row and row[0])


def replay(actor: Actor) -> int:
    """After a restore: let every record rest or be used again as the ledger says. Returns how many."""
    entries = ledger.latest(Kind.RESTRICTION)
    with acting_as(actor):
        rows = list(Patient.objects.values_list("pk", "restricted_at")) if entries else []
    count = 0
    for patient_id, since in rows:
        entry = entries.get(ledger.token(Kind.RESTRICTION, str(patient_id)))
        if entry and (entry.state == RESTING) != (since is not None):
            _set(actor, patient_id, rest=entry.state == RESTING)
            count += 1
    return count
