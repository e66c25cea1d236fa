"""Restriction of processing (GDPR Art. 18): stored, and used by nobody until it is lifted."""

from functools import partial
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from accounts import ledger
from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied, Door
from accounts.ledger import Kind
from accounts.models import Patient
from rights.models import RightRequest
from rights.regimes import Right
from rights.transitions import State

RESTING, USED = "restricted", "lifted"


def restrict(actor: Actor, patient_id: UUID) -> None:
    """Let a record rest. For staff, deciding a case, and the replay. Doing it twice changes nothing.

    The last thing in an act: the ledger says so before the commit, so that no restore forgets it.
    """
    with acting_as(actor):
        _set(actor, patient_id, rest=True)
        if actor.door is Door.STAFF:
            ledger.remember(Kind.RESTRICTION, str(patient_id), state=RESTING)


def lift(actor: Actor, patient_id: UUID) -> None:
    """End a restriction, unless another one is in force; she is told (GDPR Art. 18(3)).

    The ledger says so after the commit: until then a restore must let the record rest.
    """
    with acting_as(actor):
        _lock(patient_id)
        if actor.door is Door.STAFF and _in_force(patient_id).exists():
            return
        _set(actor, patient_id, rest=False)
        if actor.door is Door.STAFF:
            transaction.on_commit(partial(_remember_lifted, actor, patient_id), robust=True)


def _in_force(patient_id: UUID) -> QuerySet[RightRequest]:
    """The restrictions of a patient that are granted and not lifted."""
    return RightRequest.objects.filter(
        patient_id=patient_id, right=Right.RESTRICTION, decision="granted", state=State.DECIDED
    )


def _remember_lifted(actor: Actor, patient_id: UUID) -> None:
    with acting_as(actor):
        _lock(patient_id)
        # Granted again since: the ledger's last word must be that.
        if not _in_force(patient_id).exists():
            ledger.remember(Kind.RESTRICTION, str(patient_id), state=USED)


def _lock(patient_id: UUID) -> None:
    """Until the transaction ends, no other restricts or lifts this patient's record."""
    # Staff could not lock the patient's own row.
    key = f"rights_restriction/{patient_id}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])


def _set(actor: Actor, patient_id: UUID, *, rest: bool) -> None:
    if actor.door not in {Door.STAFF, Door.SYSTEM}:
        raise Denied("restrict", patient_id=patient_id, subject=f"Patient/{patient_id}")
    with acting_as(actor):
        _lock(patient_id)
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
            # An older vault does not know of what was granted since.
            if since is not None and entry.made_at <= since:
                continue
            _set(actor, patient_id, rest=entry.state == RESTING)
            count += 1
    return count
