"""Taking everything away: a person asks for an archive, follows it, downloads it, has it destroyed.

Making it is `building.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models.functions import Now
from django.utils import timezone

from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied
from accounts.due import each
from accounts.models import AuditEvent
from accounts.wake import wake
from phr import storage
from phr.models import Binary
from phr.sending import Told, never_told
from rights.archive.choice import Choice, seal, unseal, words
from rights.models import Export
from sharing import policy

PIECE = 1024 * 1024
# Deletions that began before the archive did and ended after are looked for so far back.
OVERLAP = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Followed:
    """An export as its owner sees it; `part` says what she chose, empty for everything."""

    export: Export
    outdated: bool
    part: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        """One of: failed, ended, ready, outdated, making, waiting."""
        row = self.export
        if row.failed_at:
            return "failed"
        if row.destroyed_at or (row.expires_at and row.expires_at <= timezone.now()):
            return "ended"
        if row.finished_at:
            return "outdated" if self.outdated else "ready"
        return "making" if row.started_at else "waiting"

    @property
    def over(self) -> bool:
        return self.state not in {"making", "waiting"}

    @property
    def percent(self) -> int | None:
        """How far, 0 to 99; None while nothing is known."""
        if not self.export.total:
            return None
        return min(99, self.export.done * 100 // self.export.total)

    @property
    def sha256(self) -> str:
        return bytes(self.export.sha256 or b"").hex()


def request_export(actor: Actor, choice: Choice | None = None) -> UUID:
    """Ask for an archive of everything the actor's own record holds, or of a part of it.

    Returns the Export's id. One is made at a time: asking again while one is being made changes nothing.
    """
    with acting_as(actor):
        patient = policy.require_own(actor)
        row = Export(patient_id=patient.pk)
        row.choice_sealed = seal(patient.pk, row.pk, choice) if choice else None
        Export.objects.bulk_create([row], ignore_conflicts=True)
        running = Export.objects.running().filter(patient_id=patient.pk).get()
        if running.pk == row.pk:
            action = "export-part" if choice else "export"
            note(action, patient_id=patient.pk, subject=f"Export/{row.pk}", basis="owner")
            wake("rights.tasks.build_export", row.pk)
        return running.pk


def latest(actor: Actor) -> Followed | None:
    """The archive the actor asked for last, as long as there is something to say about it."""
    with acting_as(actor):
        rows = Export.objects.filter(patient_id=policy.require_own(actor).pk)
        row = rows.order_by("-requested_at", "-id").first()
        return _followed(row) if row else None


def export(actor: Actor, export_id: UUID) -> Followed:
    """One of the actor's own archives and how far it is, or `Denied`."""
    with acting_as(actor):
        return _followed(_own(actor, export_id))


def _own(actor: Actor, export_id: UUID) -> Export:
    patient = policy.require_own(actor)
    row = Export.objects.filter(pk=export_id, patient_id=patient.pk).first()
    if row is None:
        raise Denied("export", patient_id=patient.pk, subject=f"Export/{export_id}")
    return row


def _followed(row: Export) -> Followed:
    choice = unseal(row.patient_id, row.pk, row.choice_sealed)
    return Followed(row, outdated(row), tuple(words(row.patient_id, choice)) if choice else ())


def outdated(row: Export) -> bool:
    """Whether something was deleted since the archive was begun: it would still hold it."""
    return row.started_at is not None and deletions(row) != row.erasures


def deletions(row: Export) -> int:
    """How many records the patient deleted about since the archive was begun."""
    if row.started_at is None:
        return 0
    since = row.started_at - OVERLAP
    return AuditEvent.objects.filter(
        patient_id=row.patient_id, action__in=("delete", "undo-import"), at__gte=since
    ).count()


@dataclass(frozen=True, slots=True)
class Download:
    """An archive on its way to its owner: bytes `start` to `end` (not included) of `size`."""

    size: int
    sha256: str
    made_on: str
    patient_id: UUID
    export_id: UUID


def download(actor: Actor, export_id: UUID, *, told: Told = never_told) -> Download:
    """An archive that is ready. Its bytes are `pieces`. Raises `Denied`.

    Audited, but for what is `told` already: the rest of a download that broke off.
    """
    with acting_as(actor):
        row = _ready(actor, export_id)
        subject = f"Export/{row.pk}"
        size, found = row.size or 0, bytes(row.sha256 or b"").hex()
        if not told(f"{subject} owner", size, found):
            note("copy", patient_id=row.patient_id, subject=subject, basis="owner")
        made_on = f"{row.finished_at:%Y-%m-%d}"
        return Download(size, found, made_on, row.patient_id, row.pk)


def pieces(actor: Actor, export_id: UUID, *, start: int, end: int) -> Iterator[bytes]:
    """Bytes `start` to `end` (not included), decided anew at each MiB like every download."""
    while start < end:
        with acting_as(actor):
            row = _ready(actor, export_id)
            binary = _file(row)
            length = min(PIECE, end - start)
            data = b"".join(
                storage.read(binary.name, row.patient_id, binary.pk, start=start, length=length)
            )
        yield data
        start += len(data) or PIECE


def _file(row: Export) -> Binary:
    binary = _archive(row)
    if binary is None:
        raise Denied("copy", patient_id=row.patient_id, subject=f"Export/{row.pk}")
    return binary


def _ready(actor: Actor, export_id: UUID) -> Export:
    row = _own(actor, export_id)
    if _followed(row).state != "ready":
        raise Denied("copy", patient_id=row.patient_id, subject=f"Export/{export_id}")
    return row


def end_export(actor: Actor, export_id: UUID) -> None:
    """Call off one of the actor's own archives, or have it destroyed: from now on it is not there."""
    with acting_as(actor):
        row = _own(actor, export_id)
        Export.objects.filter(pk=row.pk, destroyed_at=None).update(expires_at=Now())
        wake("rights.tasks.destroy_exports")


def destroy_due(actor: Actor, *, most: int = 100) -> int:
    """Destroy what is past its day, called off, failed or outdated. Returns how many."""
    with acting_as(actor):
        over = list(Export.objects.over().order_by("expires_at")[:most])
        ready = Export.objects.filter(finished_at__isnull=False, destroyed_at=None)
        found = {row.pk: row for row in over}
        found |= {row.pk: row for row in ready.iterator() if outdated(row)}
    return each(found, lambda pk: _destroy(actor, found[pk].patient_id, pk))


def destroy_exports(actor: Actor, patient_id: UUID) -> int:
    """Destroy every archive of a patient and forget that there were any: her erasure."""
    with acting_as(actor, about=patient_id):
        found = list(Export.objects.filter(patient_id=patient_id).values_list("pk", flat=True))
    for export_id in found:
        _destroy(actor, patient_id, export_id)
        with acting_as(actor, about=patient_id):
            Export.objects.filter(pk=export_id).delete()
    return len(found)


def _destroy(actor: Actor, patient_id: UUID, export_id: UUID) -> bool:
    """The file first, then its row; may be run again at any point."""
    with acting_as(actor, about=patient_id):
        row = Export.objects.select_for_update().filter(pk=export_id, destroyed_at=None).first()
        if row is None:
            return False
        remove_file(row)
        row.destroyed_at = timezone.now()
        row.expires_at = min(row.expires_at or row.destroyed_at, row.destroyed_at)
        row.choice_sealed = None
        row.save(update_fields=["destroyed_at", "expires_at", "binary_id", "choice_sealed"])
        note(
            "discard",
            patient_id=patient_id,
            subject=f"Export/{export_id}",
            basis=f"job:{actor.system}",
        )
        return True


def remove_file(row: Export) -> None:
    """Destroy the file of a locked row, if there is one. Call within an act about its patient."""
    binary = _archive(row)
    if binary is not None:
        storage.destroy(binary.name)
        binary.delete()
    row.binary_id = None


def _archive(row: Export) -> Binary | None:
    """The row's own file; whatever else its number may name is none of its business."""
    own = Binary.objects.filter(patient_id=row.patient_id, use=Binary.Use.EXPORT)
    return own.filter(pk=row.binary_id).first() if row.binary_id else None
