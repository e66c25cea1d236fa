"""Making an archive, by a worker, so that it may be killed at any line.

Claim (a lease in the row) → a Binary row, then its file → write → finish (one transaction, the
audit event last). A killed worker's lease runs out; the next one destroys what it left and begins
anew. Until `_finish` commits there is nothing to download.
"""

import time
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Max, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied
from accounts.due import each
from accounts.keys import Unopenable
from accounts.wake import wake
from phr import storage
from phr.models import Binary, Record, Upload
from phr.storage import Writer
from phr.unswept import unswept
from rights.archive import parts
from rights.archive.choice import Choice, unseal
from rights.archive.pack import Sink
from rights.archive.room import Room
from rights.models import Export
from rights.services.exports import deletions, remove_file
from sharing import policy
from sharing.policy import Action

LEASE = timedelta(minutes=5)
MOST_ATTEMPTS = 4
BEAT_SECONDS = 1.0


class Lost(Exception):
    """The work was called off, or another worker has it now."""


class Moved(Exception):
    """The record changed while it was being written."""


def build_due(actor: Actor, *, most: int = 5) -> int:
    """Make what is due, oldest first. Returns how many exports were taken up."""
    with acting_as(actor):
        rows = _due(actor).order_by("requested_at")
        due = list(rows.values_list("pk", flat=True)[:most])
    return each(due, lambda export_id: build(actor, export_id))


def build(actor: Actor, export_id: UUID) -> bool:
    """Make one archive, if it is due and nobody else has it. Returns whether this call took it up."""
    export = _claim(actor, export_id)
    if export is None:
        return False
    if export.attempts > MOST_ATTEMPTS:
        _fail(actor, export)
        return True
    try:
        with unswept():
            _make(actor, export)
    except (Lost, Moved, Denied, Unopenable):
        _let_go(actor, export)
    return True


def hand_out(actor: Actor, patient_id: UUID, sink: Sink) -> Room:
    """Write a patient's archive into `sink`, audited: for the operator. Raises `Denied`."""
    with acting_as(actor, about=patient_id):
        policy.require_patient(actor, Action.COPY, patient_id)
        subject = f"Patient/{patient_id}"
        note("copy", patient_id=patient_id, subject=subject, basis=f"job:{actor.system}")
    return parts.write(actor, patient_id, sink, made_at=timezone.now(), beat=lambda _: None)


def _due(actor: Actor) -> "QuerySet[Export]":
    """Of patients who are being erased nothing is made any more."""
    return Export.objects.due().filter(
        patient_id__in=policy.patients(actor, Action.COPY).values("pk")
    )


def _claim(actor: Actor, export_id: UUID) -> Export | None:
    with acting_as(actor):
        rows = _due(actor).select_for_update(skip_locked=True, of=("self",))
        row = rows.filter(pk=export_id).first()
        if row is None:
            return None
        row.started_at, row.lease_until = timezone.now(), timezone.now() + LEASE
        row.attempts += 1
        row.done, row.total = 0, None
        row.erasures = deletions(row)
        row.epoch = policy.require_patient(actor, Action.COPY, row.patient_id).access_epoch
        row.save(
            update_fields=[
                "started_at", "lease_until", "attempts", "done", "total", "erasures", "epoch",
            ]
        )  # fmt: skip
        return row


def _held(export: Export) -> QuerySet[Export]:
    """The row, as long as nobody took the work up again or called it off."""
    return Export.objects.running().filter(pk=export.pk, attempts=export.attempts)


def _make(actor: Actor, export: Export) -> None:
    stamp = _stamp(actor, export)
    heart = _Heart(actor, export)
    made_at = export.started_at or timezone.now()
    with _file(actor, export, _begin(actor, export)) as writer:
        parts.write(
            actor,
            export.patient_id,
            writer,
            made_at=made_at,
            beat=heart.beat,
            choice=_choice(export),
        )
        if _stamp(actor, export) != stamp and export.attempts < MOST_ATTEMPTS:
            raise Moved
    try:
        _finish(actor, export, writer)
    except Lost:
        storage.destroy(writer.name)  # whoever ended it may have looked for it too soon
        raise


def _choice(export: Export) -> Choice | None:
    return unseal(export.patient_id, export.pk, export.choice_sealed)


def _file(actor: Actor, export: Export, binary: Binary) -> Writer:
    """The file itself, begun while its row is held: whoever destroys that comes before or after."""
    with acting_as(actor, about=export.patient_id):
        if _held(export).select_for_update().filter(binary_id=binary.pk).first() is None:
            raise Lost
        return Writer(binary.name, export.patient_id, binary.pk)


def _stamp(actor: Actor, export: Export) -> tuple[object, ...]:
    """Differs once something of the record was added, changed or deleted."""
    with acting_as(actor, about=export.patient_id):
        rows = policy.records(actor, Action.COPY, Record.objects.all(), export.patient_id)
        kept = rows.aggregate(many=Count("id"), last=Max("updated_at"))
        files = Upload.objects.filter(patient_id=export.patient_id, original__isnull=False)
        return (*kept.values(), files.count(), deletions(export))


def _begin(actor: Actor, export: Export) -> Binary:
    """Destroy what a killed worker left, and make the row of the new file before the file."""
    total = parts.steps(actor, export.patient_id, _choice(export))
    with acting_as(actor, about=export.patient_id):
        row = _held(export).select_for_update().first()
        if row is None:
            raise Lost
        remove_file(row)
        binary = Binary.objects.create(
            patient_id=export.patient_id,
            name=storage.new_name(),
            use=Binary.Use.EXPORT,
            content_type="application/zip",
        )
        row.binary_id, row.total = binary.pk, total
        row.save(update_fields=["binary_id", "total"])
        return binary


class _Heart:
    """Says about once a second how far the work is, and learns whether it is still wanted."""

    def __init__(self, actor: Actor, export: Export) -> None:
        self._actor, self._export = actor, export
        self._done = 0
        self._next = time.monotonic() + BEAT_SECONDS

    def beat(self, steps: int) -> None:
        """Raises `Lost` when somebody else has the work now, or nobody wants it."""
        self._done += steps
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + BEAT_SECONDS
        with acting_as(self._actor):
            held = _held(self._export).update(done=self._done, lease_until=timezone.now() + LEASE)
        if not held:
            raise Lost


def _finish(actor: Actor, export: Export, writer: Writer) -> None:
    with acting_as(actor, about=export.patient_id):
        row = _held(export).select_for_update().first()
        if row is None:
            raise Lost
        Binary.objects.filter(name=writer.name).update(size=writer.size, complete_at=Now())
        _held(export).update(
            finished_at=Now(),
            lease_until=None,
            done=row.total or 0,
            size=writer.size,
            sha256=writer.digest,
            expires_at=timezone.now() + timedelta(days=settings.PHR_EXPORT_DAYS),
        )
        older = Export.objects.filter(patient_id=export.patient_id, destroyed_at=None)
        older.exclude(pk=export.pk).update(expires_at=Now())
        wake("rights.tasks.destroy_exports")
        note(
            "archive-part" if export.choice_sealed else "archive",
            patient_id=export.patient_id,
            subject=f"Export/{export.pk}",
            basis=f"job:{actor.system}",
        )


def _let_go(actor: Actor, export: Export) -> None:
    """Leave the work to whoever comes next, after a pause; what was called off stays so."""
    with acting_as(actor, about=export.patient_id):
        row = Export.objects.select_for_update().filter(pk=export.pk).first()
        if row is not None and row.attempts == export.attempts and row.destroyed_at is None:
            remove_file(row)
            row.lease_until = timezone.now() + timedelta(seconds=5)
            row.save(update_fields=["binary_id", "lease_until"])


def _fail(actor: Actor, export: Export) -> None:
    with acting_as(actor, about=export.patient_id):
        _held(export).update(failed_at=Now(), expires_at=Now(), lease_until=None)
        wake("rights.tasks.destroy_exports")
