"""What was passed on ends with that from which it was, in the same transaction."""

from collections.abc import Collection
from uuid import UUID

from django.db.models.functions import Now

from accounts import ledger
from accounts.acting import note
from accounts.actors import Actor
from accounts.ledger import Kind
from sharing.models import Grant, NoticeKind
from sharing.services import attestations, notices


def end_passed_on(actor: Actor, patient_id: UUID, above: Collection[UUID], *, basis: str) -> int:
    """End all that was passed on from these permissions, which end in the same open act.

    Its holders are told, and asked about their copies. Within an act that holds the patient's row
    or is about her. Returns how many ended.
    """
    open_ones = Grant.objects.filter(patient=patient_id, via__in=above, revoked_at=None)
    rows = list(open_ones.select_for_update(of=("self",)).order_by("pk"))
    if not rows:
        return 0
    ids = [row.pk for row in rows]
    ledger.remember_each(Kind.REVOCATION, map(str, ids))
    Grant.objects.filter(patient=patient_id, pk__in=ids).update(revoked_at=Now())
    for pk in ids:
        note("revoke", patient_id=patient_id, subject=f"Grant/{pk}", basis=basis)
    attestations.ask(actor, patient_id, ids)
    notices.tell_holders(actor, NoticeKind.ENDED, rows)
    return len(rows)
