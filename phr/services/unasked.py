"""Files that nobody asked for: kept apart for who chose so, and for nobody else.

Its sender is answered the same whether anybody has the address, what she chose, whether she has room
and whether she refused this sender before: what is not kept is taken in all the same, and is gone.
"""

from datetime import timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils import timezone

from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied
from accounts.wake import wake
from phr import room
from phr.deliveries import Delivery
from phr.models import Binary, Upload
from phr.room import Bottomless, Bounded
from phr.senders import seal_text
from phr.services import deliveries, uploads
from phr.services.deliveries import RECEIVER
from phr.storage import Writer
from sharing.models import NoticeKind
from sharing.services import notices, offers


def begin(actor: Actor, offer_id: UUID, *, file_name: str) -> tuple[UUID, Writer]:
    """Begin to take in one file that comes with an offer. Returns an id for it, kept or not.

    Raises `Denied` for an offer that is not the actor's or over, and `NotTaken` as for everybody.
    """
    upload, most = None, settings.PHR_UNASKED_MOST_BYTES
    with acting_as(actor):
        offer = offers.opened(actor, offer_id)
        patient_id = offers.whose(actor, offer_id)
    room.ask_disk(most)
    if patient_id:
        with acting_as(actor, about=patient_id):
            row = Delivery(patient_id=patient_id, sender_id=actor.user_id)
            row.organization_id = offer.organization_id
            row.file_name_sealed = seal_text(row, "file_name", file_name[:200])
            upload = _keep(row, file_name)
    if upload is None:
        return uuid4(), Bottomless(most)
    with acting_as(RECEIVER, about=patient_id):
        return upload.pk, Bounded(uploads.hold_file(upload), most, most)


def _keep(row: Delivery, file_name: str) -> Upload | None:
    """The rows of a file, where its patient has room for it and did not refuse this sender."""
    with acting_as(RECEIVER, about=row.patient_id):
        free = _room(row)
    if not free:
        return None
    row.save(force_insert=True)
    with acting_as(RECEIVER, about=row.patient_id):
        return deliveries.keep(row, file_name)


def _room(row: Delivery) -> bool:
    """Room for the largest file there may be: how much she has shows by none that is cut off."""
    unasked = Delivery.objects.filter(patient_id=row.patient_id, grant=None)
    lately = timezone.now() - timedelta(days=settings.PHR_REFUSED_DAYS)
    if unasked.filter(sender=row.sender_id, refused_at__gt=lately).exists():
        return False
    try:
        left = room.ask(row.patient_id, 0)
    except room.Full:
        return False
    # Counted under the lock of `room.ask`: not two at a time. What could not be read counts, too,
    # until she puts it away: or who sends such files could send any number of them.
    there = Exists(Upload.objects.filter(pk=OuterRef("pk")))
    waiting = unasked.filter(there, accepted_at=None, refused_at=None, expired_at=None)
    most = settings.PHR_UNASKED_MOST
    return left >= settings.PHR_UNASKED_MOST_BYTES and waiting.count() < most


def complete(actor: Actor, offer_id: UUID, delivery_id: UUID, *, size: int) -> None:
    """All bytes of a file are here. Where it is kept it is looked through, and its patient told.

    Decided anew: nothing is kept for who chose otherwise meanwhile. Raises `Denied` for an offer
    that is not the actor's or over.
    """
    with acting_as(actor):
        patient_id = offers.whose(actor, offer_id)
        row = _arriving(actor, delivery_id)
    if row is None:
        return
    if row.patient_id != patient_id:
        abandon(actor, delivery_id)
        return
    with acting_as(actor, about=patient_id):
        with acting_as(RECEIVER, about=patient_id):
            Binary.objects.filter(pk=row.pk).update(size=size, complete_at=Now())
            Delivery.objects.filter(pk=row.pk).update(received_at=Now())
            wake("phr.tasks.import_upload", row.pk)
        notices.tell(
            actor, NoticeKind.DELIVERY, patient_id=patient_id, organization_id=row.organization_id
        )
        note("deliver-unasked", patient_id=patient_id, subject=f"Delivery/{row.pk}")


def _arriving(actor: Actor, delivery_id: UUID) -> Delivery | None:
    if actor.user_id is None:
        raise Denied("offer")
    rows = Delivery.objects.filter(pk=delivery_id, grant=None, received_at=None)
    return rows.filter(sender=actor.user_id).first()


def abandon(actor: Actor, delivery_id: UUID) -> None:
    """The file did not arrive whole: leave nothing of it."""
    with acting_as(actor):
        row = _arriving(actor, delivery_id)
    if row:
        deliveries.abandon(actor, row.patient_id, delivery_id)
