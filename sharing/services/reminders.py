"""Telling both sides in time that sharing ends by itself."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from accounts.acting import acting_as
from accounts.actors import Actor
from sharing.models import Grant, Notice, NoticeKind
from sharing.services import notices


def tell_ending(actor: Actor, *, most: int = 500) -> int:
    """Tell the patient and who holds it of each permission that ends soon, once. For a job.

    What was given for a shorter time than that is not reminded of. Returns how many.
    """
    days = timedelta(days=settings.PHR_REMINDER_DAYS)
    told = Notice.objects.filter(grant=OuterRef("pk"), kind=NoticeKind.ENDING)
    with acting_as(actor):
        rows = Grant.objects.standing().filter(
            ~Exists(told), ends_at__lte=timezone.now() + days, ends_at__gt=F("starts_at") + days
        )
        due = list(rows.order_by("ends_at")[:most])
        for row in due:
            notices.tell(
                actor, NoticeKind.ENDING, patient_id=row.patient_id, grant_id=row.pk,
                organization_id=row.organization_id,
            )  # fmt: skip
            notices.tell_holders(actor, NoticeKind.ENDING, [row])
        return len(due)
