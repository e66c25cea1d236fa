"""After a restore: what the ledger says of permissions happens again (DESIGN D10)."""

from uuid import UUID

from django.db.models.functions import Now

from accounts import ledger
from accounts.acting import acting_as, note
from accounts.actors import Actor
from accounts.ledger import Kind
from sharing.models import Grant
from sharing.services import attestations, emergencies
from sharing.services.ending import end_passed_on


def replay_pauses(actor: Actor) -> int:
    """After a restore: pause again what the ledger says was paused last. Returns how many."""
    paused = {
        token for token, entry in ledger.latest(Kind.PAUSE).items() if entry.state == "paused"
    }
    with acting_as(actor):
        rows = Grant.objects.filter(revoked_at=None, paused_at=None)
        found = list(rows.values_list("pk", "patient_id"))
    again = [row for row in found if ledger.token(Kind.PAUSE, str(row[0])) in paused]
    for grant_id, patient_id in again:
        with acting_as(actor, about=patient_id):
            Grant.objects.filter(pk=grant_id, paused_at=None).update(paused_at=Now())
            note("pause", patient_id=patient_id, subject=f"Grant/{grant_id}", basis="ledger")
    return len(again)


def replay_revocations(actor: Actor) -> int:
    """After a restore: end again what the ledger says was taken back. For a job; returns how many."""
    ended = ledger.latest(Kind.REVOCATION)
    with acting_as(actor):
        rows = list(Grant.objects.filter(revoked_at=None).values_list("pk", "patient_id"))
    again = [row for row in rows if ledger.token(Kind.REVOCATION, str(row[0])) in ended]
    for grant_id, patient_id in again:
        _end_again(actor, grant_id, patient_id)
    return len(again) + emergencies.replay_disarming(actor)


def _end_again(actor: Actor, grant_id: UUID, patient_id: UUID) -> None:
    with acting_as(actor, about=patient_id):
        if Grant.objects.filter(pk=grant_id, revoked_at=None).update(revoked_at=Now()):
            attestations.ask(actor, patient_id, [grant_id])
            end_passed_on(actor, patient_id, [grant_id], basis="ledger")
            note("revoke", patient_id=patient_id, subject=f"Grant/{grant_id}", basis="ledger")
