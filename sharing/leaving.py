"""Leaving: the permissions of a patient who is erased, and those that others gave to her."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Coalesce, Now

from accounts import leaving
from accounts.acting import acting_as, note
from accounts.actors import Actor
from sharing.models import (
    AccessRequest,
    Attestation,
    DeliveryChoice,
    EmergencyPlan,
    Grant,
    Handover,
    Notice,
    NoticeChoice,
    Offer,
    PractitionerRole,
    Role,
    Usage,
)  # fmt: skip
from sharing.services import closing
from sharing.services.ending import end_passed_on


def forget_patient(actor: Actor, patient_id: UUID) -> int:
    """Delete every permission a patient gave. Returns how many."""
    with acting_as(actor, about=patient_id):
        Notice.objects.filter(patient_id=patient_id).delete()
        Attestation.objects.filter(patient_id=patient_id).delete()
        EmergencyPlan.objects.filter(patient_id=patient_id).delete()
        Handover.objects.filter(patient_id=patient_id).delete()
        DeliveryChoice.objects.filter(patient_id=patient_id).delete()
        gone, _ = Grant.objects.filter(patient_id=patient_id).delete()
        return gone


def end_before(actor: Actor, patient_id: UUID, before: datetime) -> int:
    """End every permission of a patient from before an instant: a deletion that she undid ended them.

    For the replay, when a backup brought them back. Returns how many.
    """
    with acting_as(actor, about=patient_id):
        rows = Grant.objects.filter(patient_id=patient_id, revoked_at=None, created_at__lt=before)
        ids = list(rows.values_list("pk", flat=True))
        rows.update(revoked_at=Now())
        for grant_id in ids:
            note("revoke", patient_id=patient_id, subject=f"Grant/{grant_id}", basis="ledger")
        return len(ids)


def leave_others(actor: Actor, user_id: UUID) -> None:
    """End what others gave or offered to this user, and take her address out of it.

    The rows stay: they are those patients' own receipts. What others asked her to share stays, too,
    until its ordinary end: who asked typed the address herself, and must not see that it is gone.
    """
    with acting_as(actor):
        own = leaving.addresses(user_id)
        hers = Q(grantee_id=user_id) | Q(invited_email__in=own)
        rows = list(Grant.objects.filter(hers).values_list("patient_id", flat=True).distinct())
        _leave_facilities(user_id, own)
        Notice.objects.filter(Q(recipient_id=user_id) | Q(person_id=user_id)).delete()
        NoticeChoice.objects.filter(user_id=user_id).delete()
        AccessRequest.objects.filter(asker_id=user_id).delete()
        Offer.objects.filter(sender_id=user_id).delete()
        Usage.objects.filter(user_id=user_id).update(user_id=None)
    for patient_id in rows:
        _leave(actor, patient_id, user_id, hers)


def _leave_facilities(user_id: UUID, addresses: list[str]) -> None:
    """Who administered a facility alone leaves it without anybody: it closes."""
    roles = PractitionerRole.objects.filter(Q(user_id=user_id) | Q(invited_email__in=addresses))
    ruled = roles.filter(code=Role.ADMINISTRATOR, user_id=user_id)
    facilities = set(ruled.values_list("organization_id", flat=True))
    roles.delete()
    closing.left(facilities)


def _leave(actor: Actor, patient_id: UUID, user_id: UUID, hers: Q) -> None:
    with acting_as(actor, about=patient_id):
        ended = Grant.objects.filter(hers, patient_id=patient_id, revoked_at=None)
        ids = list(ended.values_list("pk", flat=True))
        Grant.objects.filter(hers, patient_id=patient_id).update(
            revoked_at=Coalesce("revoked_at", Now()), invited_email=leaving.gone_address(user_id)
        )
        for grant_id in ids:
            note("leave", patient_id=patient_id, subject=f"Grant/{grant_id}", basis="job:purge")
        end_passed_on(actor, patient_id, ids, basis="job:purge")
