"""Reading an uploaded file, by a worker, so that it may be killed at any line.

A file is read twice. First it is only looked through: what adding it would do is sealed into the
upload's row for its owner, who says yes or takes it back; nothing of it enters the record. Then:
claim (a lease in the row) → stage (parse in the box, seal, into a temporary table) → publish (one
transaction: records, versions, provenance, files, the upload's end, the audit event last).
Until `publish` commits nothing is visible; a killed worker's lease runs out and another begins anew.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from accounts.acting import acting_as, note
from accounts.actors import Actor
from accounts.due import each
from accounts.keys import Unopenable
from phr import staging, storage
from phr.asked_for import NOT_ASKED, Asked, asked_for
from phr.box import parse
from phr.deliveries import Delivery
from phr.formats.parsed import (
    Columns,
    Limits,
    Output,
    Parsed,
    Piece,
    Preview,
    Progress,
    Refused,
    Skipped,
)
from phr.formats.restored import Made, Restored
from phr.genuine import is_genuine
from phr.identity import Crowd
from phr.models import Upload
from phr.outlook import Outliner, open_options, seal_outlook, settled
from phr.parts import Parts
from phr.restoring import Restoring
from phr.services.uploads import Report, file_name, seal_report
from phr.staging import Sealer, Stage
from phr.unswept import unswept

# Longer than one item may keep the box busy without a sign of progress (`CPU_SECONDS`).
LEASE = timedelta(seconds=300)
CPU_SECONDS = 240
MOST_ATTEMPTS = 4
BATCH = 500
MOST_SHOWN, MOST_REPORTED = 200, 5000
IDS_AN_EVENT = 1000
GONE = "The file was damaged while it was stored. Please upload it again."
GAVE_UP = "We tried several times and could not finish reading this file. Nothing was added."


def import_due(actor: Actor, *, most: int = 20) -> int:
    """Import what is due, oldest first. Returns how many files were taken up."""
    with acting_as(actor):
        due = list(Upload.objects.due().order_by("received_at").values_list("pk", flat=True)[:most])
    return each(due, lambda upload_id: import_upload(actor, upload_id))


def import_upload(actor: Actor, upload_id: UUID) -> bool:
    """Look through one file, or add it after its owner's yes, if it is due and nobody has it.

    Returns whether this call took it up.
    """
    upload = _claim(actor, upload_id)
    if upload is None:
        return False
    if upload.attempts > MOST_ATTEMPTS:
        _fail(actor, upload, GAVE_UP)
        return True
    try:
        with unswept(), Stage(actor, upload.patient_id) as stage:
            if upload.confirmed_at is None:
                _look_through(actor, upload, stage)
            else:
                told = _stage(actor, upload, stage)
                _publish(actor, upload, stage, told)
    except Refused as refused:
        _fail(actor, upload, refused.sentence)
    except (FileNotFoundError, Unopenable):
        _fail(actor, upload, GONE)
    return True


def _claim(actor: Actor, upload_id: UUID) -> Upload | None:
    with acting_as(actor):
        rows = Upload.objects.due().select_for_update(skip_locked=True, of=("self",))
        row = rows.select_related("original").filter(pk=upload_id).first()
        if row is None:
            return None
        row.started_at = timezone.now()
        row.lease_until = timezone.now() + LEASE
        row.attempts += 1
        row.done = 0
        row.save(update_fields=["started_at", "lease_until", "attempts", "done"])
        return row


@dataclass(slots=True)
class Told:
    """What the box said besides the records; `owner` are tokens of what it calls their patient."""

    counts: Counter[str] = field(default_factory=Counter)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    skips: int = 0
    crowd: Crowd = field(default_factory=Crowd)
    owner: list[int] = field(default_factory=list)
    columns: Columns | None = None
    restoring: Restoring | None = None
    foreign: bool = False
    outside: Counter[str] = field(default_factory=Counter)

    def skip(self, item: Skipped) -> None:
        self.skips += 1
        if len(self.skipped) < MOST_REPORTED:
            self.skipped.append((item.place, item.reason))


def _look_through(actor: Actor, upload: Upload, stage: Stage) -> None:
    """Count what is in the file, and set down for its owner what adding it would do."""
    told, outliner = Told(), Outliner(upload.patient_id, upload.pk)
    batch, asked = list[staging.Row](), _asked(actor, upload)
    for item in _read(upload, whole=asked is not None):
        told.crowd.see(item)
        if isinstance(item, Parsed) and asked and not asked.covers(item):
            told.outside[item.resource_type] += 1
        elif isinstance(item, Parsed):
            told.counts[item.resource_type] += 1
            batch.append(outliner.row(item))
            if len(batch) >= BATCH:
                stage.add(batch)
                batch.clear()
        elif isinstance(item, Skipped):
            told.skip(item)
        elif isinstance(item, Columns):
            told.columns = item
        elif isinstance(item, Made):
            told.foreign = not is_genuine(item)
        elif isinstance(item, Progress):
            _progress(actor, upload, item)
    stage.add(batch)
    told.owner = outliner.called(told.crowd.owner())
    _ask(actor, upload, told)


def _ask(actor: Actor, upload: Upload, told: Told) -> None:
    """Leave the answer in the row, which nobody takes up again before its owner says yes.

    The attempts are counted anew from then on: a slow worker of before does not hold the row.
    """
    people = told.crowd.about()
    with acting_as(actor, about=upload.patient_id):
        rows = _held(upload)
        if not rows.select_for_update().exists() or not staging.may_grow(upload.patient_id):
            return
        outlook = settled(upload, told.counts, told.owner)
        outlook.people, outlook.skips = people, told.skips
        outlook.skipped = told.skipped[:MOST_SHOWN]
        outlook.columns, outlook.foreign = told.columns, told.foreign
        outlook.outside, outlook.several = dict(told.outside), told.crowd.several()
        rows.update(
            preview_sealed=seal_outlook(upload, outlook),
            previewed_at=Now(),
            started_at=None,
            lease_until=None,
            attempts=0,
            done=0,
            total=None,
        )


def _stage(actor: Actor, upload: Upload, stage: Stage) -> Told:
    told, batch = Told(), list[staging.Row]()
    sealer, restoring = Sealer(upload.patient_id, upload.pk), Restoring(upload, stage)
    asked, aside = _asked(actor, upload), False
    with Parts(actor, upload.patient_id) as parts:
        for item in _read(upload):
            told.crowd.see(item)
            if isinstance(item, Parsed) and (aside := bool(asked and not asked.covers(item))):
                told.skip(Skipped(item.place, NOT_ASKED))
            elif isinstance(item, Parsed):
                told.counts[item.resource_type] += 1
                if len(batch) >= BATCH:
                    stage.add(batch)
                    batch.clear()
                batch.append(restoring.row(sealer.row(item), item))
            elif isinstance(item, Preview | Piece) and not aside:
                whole = parts.take(item)
                if whole and not restoring.keep(whole[0]):
                    batch[-1].pictures.extend(whole)
            elif isinstance(item, Restored):
                restoring.take(item)
            elif isinstance(item, Skipped):
                told.skip(item)
            elif isinstance(item, Progress):
                _progress(actor, upload, item)
    stage.add(batch)
    restoring.flush()
    told.restoring = restoring
    told.crowd.about()
    told.owner = sealer.called(told.crowd.owner())
    return told


def _asked(actor: Actor, upload: Upload) -> Asked | None:
    with acting_as(actor, about=upload.patient_id):
        return asked_for(upload)


def _read(upload: Upload, *, whole: bool = False) -> Iterator[Output]:
    """What the box says of a file; `whole` where also looking must know how it is sorted."""
    binary = upload.original
    if binary is None:
        raise Refused(GAVE_UP)
    place = (binary.name, upload.patient_id, binary.pk)

    def part(offset: int, length: int) -> bytes:
        return b"".join(storage.read(*place, start=offset, length=length))

    yield from parse(
        storage.read(*place),
        filename=file_name(upload),
        limits=limits(looking=upload.confirmed_at is None and not whole),
        size=binary.size,
        ranges=part,
        options=open_options(upload),
    )


def limits(*, looking: bool = False) -> Limits:
    """The bounds of one file, from the settings; `looking` leaves out what only adding needs."""
    return Limits(
        looking=looking,
        max_bytes=settings.PHR_UPLOAD_MOST_BYTES,
        max_entries=settings.PHR_UPLOAD_MOST_ENTRIES,
        max_depth=settings.PHR_UPLOAD_MOST_DEPTH,
        cpu_seconds=CPU_SECONDS,
    )


def _held(upload: Upload) -> QuerySet[Upload]:
    """The row, as long as nobody took the upload up again since, and nothing else was answered."""
    rows = Upload.objects.open().filter(pk=upload.pk, attempts=upload.attempts)
    return rows.filter(confirmed_at=upload.confirmed_at, options_sealed=upload.options_sealed)


def _progress(actor: Actor, upload: Upload, item: Progress) -> None:
    with acting_as(actor):
        _held(upload).update(
            done=item.done, total=item.total, unit=item.unit, lease_until=timezone.now() + LEASE
        )


def _publish(actor: Actor, upload: Upload, stage: Stage, told: Told) -> None:
    with acting_as(actor, about=upload.patient_id):
        rows = _held(upload)
        held = rows.select_for_update().first()
        stage.alone()
        if held is None or not staging.may_grow(upload.patient_id):
            return
        came_back = told.restoring is not None and told.restoring.sorted_before
        outcome = stage.publish(upload, told.owner, sorted_before=came_back)
        if told.restoring:
            told.restoring.publish()
        rows.update(
            finished_at=Now(),
            lease_until=None,
            imported=outcome.imported,
            updated=outcome.updated,
            duplicates=outcome.duplicates,
            skipped=told.skips,
            done=Coalesce("total", "done"),
            report_sealed=seal_report(
                upload, Report("", dict(told.counts), told.skipped, outcome.aside)
            ),
        )
        for start in range(0, max(1, len(outcome.touched)), IDS_AN_EVENT):
            note(
                "import",
                patient_id=upload.patient_id,
                records=outcome.touched[start : start + IDS_AN_EVENT],
                subject=f"Upload/{upload.pk}",
                basis="job:import",
            )


def _fail(actor: Actor, upload: Upload, sentence: str) -> None:
    with acting_as(actor, about=upload.patient_id):
        failed = _held(upload).update(
            failed_at=Now(),
            lease_until=None,
            report_sealed=seal_report(upload, Report(problem=sentence)),
        )
        if failed:
            Delivery.objects.filter(pk=upload.pk).update(unreadable_at=Now())
            subject = f"Upload/{upload.pk}"
            note("refuse", patient_id=upload.patient_id, subject=subject, basis="job:import")
