"""What happens at the rights desk: erasing, hidden at once and purged by a worker."""

from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from accounts.acting import acting_as, note
from accounts.actors import Actor
from accounts.due import each
from accounts.wake import wake
from phr.services import removal
from rights.models import Erasure

LEASE = timedelta(minutes=5)


def erase_record(actor: Actor, record_id: UUID) -> UUID:
    """Erase one of the actor's own records. Returns the Erasure's id."""
    with acting_as(actor):
        patient_id = removal.hide_record(actor, record_id)
        erasure = Erasure(patient_id=patient_id, record_id=record_id)
        erasure.save()
        note("erase", patient_id=patient_id, subject=f"Erasure/{erasure.pk}", basis="owner")
        wake("rights.tasks.purge", erasure.pk)
        return erasure.pk


def purge_due(actor: Actor, *, most: int = 50) -> int:
    """Purge what is due, oldest first. Returns how many erasures were taken up."""
    with acting_as(actor):
        rows = Erasure.objects.due().order_by("hidden_at")
        due = list(rows.values_list("pk", flat=True)[:most])
    return each(due, lambda erasure_id: purge(actor, erasure_id))


def purge(actor: Actor, erasure_id: UUID) -> bool:
    """Carry one erasure to its end, if it is due and nobody else has it."""
    erasure = _claim(actor, erasure_id)
    if erasure is None:
        return False
    removal.purge_record(actor, erasure.patient_id, erasure.record_id)
    with acting_as(actor, about=erasure.patient_id):
        Erasure.objects.filter(pk=erasure.pk).update(purged_at=timezone.now(), lease_until=None)
    return True


def _claim(actor: Actor, erasure_id: UUID) -> Erasure | None:
    with acting_as(actor):
        rows = Erasure.objects.due().select_for_update(skip_locked=True)
        row = rows.filter(pk=erasure_id).first()
        if row is not None:
            row.lease_until = timezone.now() + LEASE
            row.attempts += 1
            row.save(update_fields=["lease_until", "attempts"])
        return row
