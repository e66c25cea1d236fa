"""What others send in: it is received here, and waits in quarantine for the patient's answer.

The sender makes her own row of it, under a permission that both walls judge. The file itself is
kept by the portal, under the patient's key: its sender reaches it never again.
"""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db.models.functions import Now

from accounts import services as accounts
from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied, Door, System
from accounts.models import Patient
from accounts.wake import wake
from phr import room, storage
from phr.deliveries import Delivery
from phr.models import Binary, Upload
from phr.room import Bounded
from phr.senders import open_text, seal_text
from phr.services import uploads
from phr.storage import Writer
from sharing import policy
from sharing.holding import hold
from sharing.models import Grant, NoticeKind
from sharing.policy import Action
from sharing.services import notices

# The portal itself: it keeps what a sender may hand in and never see again.
RECEIVER = Actor.job(System.IMPORT)
NO_ROOM = "There is no room for this file in the patient's record. Tell the patient."
TOO_MANY = "The patient has not answered to what was sent before. Try again later."


def begin(
    actor: Actor, patient_id: UUID, *, file_name: str, named: str = ""
) -> tuple[UUID, Writer]:
    """Make the rows of a file that is sent in for a patient. Returns the Delivery's id.

    `named` is who delivers, as she names herself, where nobody is signed in. Raises `Denied`
    without a permission to send in, and `NotTaken`.
    """
    with acting_as(actor, about=patient_id):
        hold(patient_id)
        grant = _inward(actor, patient_id)
        row = Delivery(patient_id=patient_id, grant=grant, sender_id=actor.user_id)
        row.organization_id = grant.organization_id
        row.file_name_sealed = seal_text(row, "file_name", file_name[:200])
        row.named_sealed = seal_text(row, "named", named[:120]) if named else None
        row.save(force_insert=True)
        with acting_as(RECEIVER, about=patient_id):
            left = _room(patient_id)
            upload = keep(row, file_name)
    with acting_as(RECEIVER, about=patient_id):
        return row.pk, Bounded(uploads.hold_file(upload), left)


def _inward(actor: Actor, patient_id: UUID, grant_id: UUID | None = None) -> Grant:
    """A permission by which the actor may send in now: any, or this one."""
    for grant in policy.grounds(actor, Action.CONTRIBUTE, patient_id).grants:
        if grant_id in {None, grant.pk}:
            return grant
    raise Denied("contribute", patient_id=patient_id, subject=f"Patient/{patient_id}")


def _room(patient_id: UUID, size: int = 0) -> int:
    """What is left. How much she keeps is not told to who sends."""
    waiting = Delivery.objects.waiting().filter(patient_id=patient_id, grant__isnull=False)
    if waiting.count() >= settings.PHR_DELIVERIES_MOST:
        raise room.NotTaken(TOO_MANY)
    try:
        return room.ask(patient_id, size)
    except room.Full:
        raise room.NotTaken(NO_ROOM) from None


def keep(row: Delivery, file_name: str) -> Upload:
    """The rows of the file itself, by the portal. Within an act of it about the patient."""
    patient = policy.require_patient(RECEIVER, Action.CREATE, row.patient_id)
    upload = Upload(id=row.pk, patient=patient)
    upload.original = Binary.objects.create(
        id=row.pk, patient=patient, name=storage.new_name(), use=Binary.Use.ORIGINAL
    )
    upload.file_name_sealed = uploads.seal_name(upload, file_name)
    upload.save(force_insert=True)
    return upload


def complete(actor: Actor, patient_id: UUID, delivery_id: UUID, *, size: int) -> None:
    """All bytes are here: it is looked through next, and its patient told.

    Decided anew: raises `Denied` when the permission was taken back meanwhile, and `NotTaken`.
    """
    with acting_as(actor, about=patient_id):
        hold(patient_id)
        row = _arriving(actor, delivery_id)
        _inward(actor, patient_id, row.grant_id)
        with acting_as(RECEIVER, about=patient_id):
            _room(patient_id, size)
            Binary.objects.filter(pk=row.pk).update(size=size, complete_at=Now())
            Delivery.objects.filter(pk=row.pk).update(received_at=Now())
            wake("phr.tasks.import_upload", row.pk)
        notices.tell(
            actor, NoticeKind.DELIVERY, patient_id=patient_id, grant_id=row.grant_id,
            organization_id=row.organization_id,
        )  # fmt: skip
        subject, basis = f"Delivery/{row.pk}", f"grant:{row.grant_id}"
        note("deliver", patient_id=patient_id, subject=subject, basis=basis)


def _arriving(actor: Actor, delivery_id: UUID) -> Delivery:
    rows = Delivery.objects.filter(pk=delivery_id, received_at=None)
    row = rows.filter(sender_id=actor.user_id).first()
    if row is None:
        raise Denied("contribute", subject=f"Delivery/{delivery_id}")
    return row


def abandon(actor: Actor, patient_id: UUID, delivery_id: UUID) -> None:
    """The file did not arrive whole: leave nothing of it."""
    with acting_as(actor, about=patient_id):
        row = _arriving(actor, delivery_id)
        with acting_as(RECEIVER, about=patient_id):
            Delivery.objects.filter(pk=row.pk).delete()
            upload = Upload.objects.select_related("original").filter(pk=row.pk).first()
            if upload is not None:
                uploads.remove(upload)


@dataclass(frozen=True, slots=True)
class Sent:
    """One file as who sent it sees it."""

    delivery: Delivery
    file_name: str
    patient_name: str

    @property
    def state(self) -> str:
        """One of: accepted, refused, expired, unreadable, waiting."""
        times = {
            "accepted": self.delivery.accepted_at,
            "refused": self.delivery.refused_at,
            "expired": self.delivery.expired_at,
            "unreadable": self.delivery.unreadable_at,
        }
        return next((state for state, at in times.items() if at), "waiting")


def sent(actor: Actor, *, most: int = 50) -> list[Sent]:
    """What the actor sent in, newest first; of those patients who still let her send."""
    with acting_as(actor):
        if actor.door is not Door.SESSION or actor.user_id is None:
            raise Denied("read")
        rows = Delivery.objects.filter(sender=actor.user_id, received_at__isnull=False)
        rows = rows.filter(grant__isnull=False)
        whose = set(rows.values_list("patient", flat=True))
        may = policy.patients(actor, Action.CONTRIBUTE).filter(pk__in=whose)
        patients = {one.pk: one for one in may}
        rows = rows.filter(patient__in=patients).order_by("-received_at", "-id")
        return [_sent(row, patients[row.patient_id]) for row in rows[:most]]


def _sent(row: Delivery, patient: Patient) -> Sent:
    name = open_text(row, "file_name", row.file_name_sealed)
    return Sent(row, name, accounts.name_of(patient))


def patient_name(actor: Actor, patient_id: UUID) -> str:
    """For whom the actor may send in; `Denied` without a permission to."""
    with acting_as(actor, about=patient_id):
        _inward(actor, patient_id)
        return accounts.name_of(policy.require_patient(actor, Action.CONTRIBUTE, patient_id))
