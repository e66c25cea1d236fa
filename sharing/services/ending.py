"""What was passed on ends with that from which it was, in the same transaction."""

from collections.abc import Collection
from itertools import groupby
from uuid import UUID

from django.db.models.functions import Now

from accounts import ledger
from accounts.acting import acting_as, note
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


def end_left_over(actor: Actor, *, most: int = 200) -> int:
    """End what goes on though that from which it was passed on was ended before. For a job.

    It gave nothing any more; now its patient and its holder see that it is over. Returns how many.
    """
    with acting_as(actor):
        rows = Grant.objects.filter(via__revoked_at__isnull=False, revoked_at=None)
        left = list(rows.order_by("patient_id").values_list("patient_id", "via_id")[:most])
    done = 0
    for patient_id, both in groupby(left, lambda one: one[0]):
        with acting_as(actor, about=patient_id):
            above = {via_id for _, via_id in both}
            done += end_passed_on(actor, patient_id, above, basis=f"job:{actor.system}")
    return done
