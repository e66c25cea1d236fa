"""Files that were looked through and never answered for: their owner is reminded, then they go."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from accounts import mail
from accounts.acting import acting_as, note
from accounts.actors import Actor
from accounts.due import each
from phr.deliveries import Delivery
from phr.models import Upload
from phr.services import uploads
from sharing.services import notices

MOST = 100


def _notice() -> timedelta:
    """How long before the end the reminder comes."""
    return timedelta(days=min(7, settings.PHR_UPLOAD_WAIT_DAYS / 2))


def _waiting(longer: timedelta) -> QuerySet[Upload]:
    """What its owner could have answered for that long; while her record rests she cannot."""
    before = timezone.now() - longer
    open_ = Upload.objects.open().filter(confirmed_at=None, previewed_at__lte=before)
    return open_.filter(patient__restricted_at=None, patient__erasing_at=None)


def _forgotten() -> QuerySet[Upload]:
    rows = _waiting(timedelta(days=settings.PHR_UPLOAD_WAIT_DAYS))
    return rows.filter(reminded_at__lte=timezone.now() - _notice())


def expire(actor: Actor) -> int:
    """Remind of what waits, and clear away what nobody answered for. Returns how many of both."""
    patience = timedelta(days=settings.PHR_UPLOAD_WAIT_DAYS) - _notice()
    with acting_as(actor):
        over = dict(_forgotten().values_list("pk", "patient_id")[:MOST])
        untold = _waiting(patience).filter(reminded_at=None)
        ids = list(untold.order_by("previewed_at").values_list("pk", flat=True)[:MOST])
    cleared = each(list(over), lambda upload_id: _clear(actor, upload_id, over[upload_id]))
    return cleared + each(ids, lambda upload_id: _remind(actor, upload_id))


def _remind(actor: Actor, upload_id: UUID) -> bool:
    """Send a mail without content."""
    with acting_as(actor):
        rows = Upload.objects.open().filter(pk=upload_id, confirmed_at=None, reminded_at=None)
        row = rows.select_for_update(skip_locked=True, of=("self",)).first()
        if row is None:
            return False
        Upload.objects.filter(pk=row.pk).update(reminded_at=Now())
        link = settings.PHR_ORIGIN + reverse("phr:upload")
        if reader := notices.reader_of(row.patient_id):
            mail.send(reader.email, "phr/waiting", link=link, until=timezone.now() + _notice())
        return True


def _clear(actor: Actor, upload_id: UUID, patient_id: UUID) -> bool:
    with acting_as(actor, about=patient_id):
        # Asked again under the lock: she may have answered, and destroying cannot be rolled back.
        rows = _forgotten().filter(pk=upload_id).select_related("original")
        row = rows.select_for_update(skip_locked=True, of=("self",)).first()
        if row is None:
            return False
        Delivery.objects.filter(pk=upload_id).update(expired_at=Now())
        subject = f"Upload/{upload_id}"
        note("expire", patient_id=patient_id, subject=subject, basis=f"job:{actor.system}")
        uploads.remove(row)
        return True
