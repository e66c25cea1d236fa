"""What an upload's owner says after it was looked through: yes, or take it back."""

from collections.abc import Mapping
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Now

from accounts.acting import acting_as, note
from accounts.actors import Actor
from accounts.wake import wake
from phr.deliveries import Delivery
from phr.models import Upload
from phr.outlook import is_about_somebody_else, open_outlook, seal_options
from phr.services import uploads
from sharing import policy
from sharing.policy import Action

WHOSE = (
    "The name or the date of birth in this file is not yours. If the file is about you all the"
    " same, tick “This file is about me”."
)
# What comes in one go is its request's own to take back, until it is here.
_WHOLE_OR_IN_PIECES = Q(original__complete_at__isnull=False) | Q(expected_size__isnull=False)


class Unsure(Exception):
    """The file looks as if it were about somebody else, and nobody said that it is not."""

    def __init__(self) -> None:
        super().__init__(WHOSE)
        self.sentence = WHOSE


def confirm(
    actor: Actor,
    upload_id: UUID,
    *,
    about_me: bool = False,
    outside_too: bool = False,
    patient_id: UUID | None = None,
) -> None:
    """Say yes to adding a file that was looked through; doing it again changes nothing.

    `about_me` answers the question whether a file under another name or birth date is about the
    record's owner: without it such a file raises `Unsure`. Of what somebody else sent in, what she
    had not asked for is added only with `outside_too`. Raises `Denied`, or `Restricted` while
    the record rests.
    """
    with acting_as(actor, about=patient_id):
        uploads.own(actor, upload_id, patient_id, action=Action.CREATE)
        waiting = Upload.objects.open().filter(previewed_at__isnull=False, confirmed_at=None)
        row = waiting.select_for_update(of=("self",)).filter(pk=upload_id).first()
        if row is None or _unmatched(row):
            return
        asks = _asks(row)
        if asks and not about_me:
            raise Unsure
        Upload.objects.filter(pk=row.pk).update(confirmed_at=Now())
        Delivery.objects.filter(pk=row.pk).update(accepted_at=Now(), outside_too=outside_too)
        note(
            "confirm-person" if asks else "confirm",
            patient_id=row.patient_id,
            subject=f"Upload/{row.pk}",
            basis=uploads.basis(actor),
        )
        wake("phr.tasks.import_upload", row.pk)


def _asks(row: Upload) -> bool:
    outlook = open_outlook(row)
    return outlook is not None and is_about_somebody_else(outlook, row.patient)


def _unmatched(row: Upload) -> bool:
    outlook = open_outlook(row)
    return outlook is not None and outlook.columns is not None


def match(
    actor: Actor, upload_id: UUID, *, options: Mapping[str, str], patient_id: UUID | None = None
) -> None:
    """Say what is in which column of a table, which is then looked through again.

    `options` are answers to the `Columns` of the last look (`phr.formats.table.matching`); none
    has the columns asked anew. Does nothing unless the upload waits for its owner. Raises `Denied`,
    or `Restricted` while the record rests.
    """
    with acting_as(actor, about=patient_id):
        uploads.own(actor, upload_id, patient_id, action=Action.CREATE)
        waiting = Upload.objects.open().filter(previewed_at__isnull=False, confirmed_at=None)
        row = waiting.select_for_update(of=("self",)).filter(pk=upload_id).first()
        if row is None or not (_unmatched(row) or row.options_sealed):
            return
        Upload.objects.filter(pk=row.pk).update(
            options_sealed=seal_options(row, options) if options else None, previewed_at=None
        )
        wake("phr.tasks.import_upload", row.pk)


def confirm_all(actor: Actor) -> int:
    """Say yes to each waiting file that asks nothing. Returns to how many."""
    with acting_as(actor):
        patient = policy.require_kept(actor, Action.CREATE)
        waiting = Upload.objects.open().filter(patient=patient, dismissed_at=None)
        waiting = waiting.filter(previewed_at__isnull=False, confirmed_at=None)
        # What somebody else sent is answered one by one.
        waiting = waiting.exclude(pk__in=Delivery.objects.filter(patient=patient).values("pk"))
        rows = waiting.select_related("patient")
        sure = [row.pk for row in rows if not _unmatched(row) and not _asks(row)]
    for upload_id in sure:
        confirm(actor, upload_id)
    return len(sure)


def cancel(actor: Actor, upload_id: UUID, *, patient_id: UUID | None = None) -> None:
    """Take an upload back before it is added, or while it still arrives: nothing is left of it.

    Does nothing once the file was added or refused. Raises `Denied`.
    """
    with acting_as(actor, about=patient_id):
        uploads.own(actor, upload_id, patient_id)
        rows = Upload.objects.open().filter(_WHOLE_OR_IN_PIECES, pk=upload_id)
        row = rows.select_for_update(of=("self",)).select_related("original").first()
        if row is None:
            return
        # She may have said yes before; of a file that was sent in, the last word counts.
        sent = Delivery.objects.filter(pk=upload_id)
        refused = sent.update(refused_at=Now(), accepted_at=None, outside_too=False)
        note(
            "turn-away" if refused else "cancel",
            patient_id=row.patient_id,
            subject=f"Upload/{upload_id}",
            basis=uploads.basis(actor),
        )
        uploads.remove(row)
