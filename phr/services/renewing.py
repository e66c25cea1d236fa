"""Bringing the columns of what is kept up to the present reckoning, a patient at a time.

By a worker, which may be killed at any line: a lease and the place it came to stand in a row. Of an
item's tokens goes what an earlier reckoning made of its words and the present does not, of any of its
versions; how others refer to it stays. What comes and what goes is one statement.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models.functions import Now
from django.utils import timezone

from accounts.acting import acting_as, note
from accounts.actors import Actor
from accounts.due import each
from accounts.keys import Unopenable
from phr.bodies import open_bytes
from phr.models import Record, RecordVersion, Renewal
from phr.past import stand_anew, standing
from phr.reckoning import anew
from phr.search import RECKONING
from phr.sources import scopes_of, written
from phr.staging import may_grow
from sharing import policy
from sharing.policy import Action
from sharing.services import granting

LEASE = timedelta(minutes=5)
PATIENTS, RECORDS, STEPS = 50, 100, 40
Columns = dict[str, Any]


def renew_due(actor: Actor, *, most: int = PATIENTS) -> int:
    """Go on with the records of patients that are not up to date. Returns how many were taken up."""
    with acting_as(actor):
        done = Renewal.objects.finished(RECKONING).values("pk")
        rows = policy.patients(actor, Action.UPDATE).exclude(pk__in=done)
        due = list(rows.order_by("created_at").values_list("pk", flat=True)[:most])
    return each(due, lambda patient_id: renew(actor, patient_id))


def renew(actor: Actor, patient_id: UUID) -> bool:
    """Bring some of one patient's records up to date, if nobody is at it. Returns whether it did."""
    row = _claim(actor, patient_id)
    if row is None:
        return False
    for _ in range(STEPS):
        if _step(actor, row):
            return True
    with acting_as(actor, about=patient_id):
        Renewal.objects.filter(pk=patient_id, lease_until=row.lease_until).update(lease_until=None)
    return True


def _claim(actor: Actor, patient_id: UUID) -> Renewal | None:
    with acting_as(actor, about=patient_id):
        if not may_grow(patient_id):
            return None
        Renewal.objects.bulk_create([Renewal(patient_id=patient_id)], ignore_conflicts=True)
        rows = Renewal.objects.free().filter(version__lt=RECKONING)
        row = rows.select_for_update(skip_locked=True).filter(pk=patient_id).first()
        if row is not None:
            row.lease_until = timezone.now() + LEASE
            row.save(update_fields=["lease_until"])
        return row


def _step(actor: Actor, renewal: Renewal) -> bool:
    """The next records. Returns whether none are left, or another worker has them now."""
    patient_id = renewal.pk
    with acting_as(actor, about=patient_id):
        rows = Record.objects.filter(patient_id=patient_id, hidden_at=None).order_by("pk")
        some = list((rows.filter(pk__gt=renewal.place) if renewal.place else rows)[:RECORDS])
        made = {row.pk: _made(row, renewal.version) for row in some}
    with acting_as(actor, about=patient_id):
        held = Renewal.objects.select_for_update().filter(pk=patient_id)
        if not held.filter(lease_until=renewal.lease_until).exists():
            return True
        past = _write_past(some, made, renewal.version)
        _write(patient_id, some, made, past)
        if some:
            renewal.place, renewal.lease_until = some[-1].pk, timezone.now() + LEASE
            held.update(place=renewal.place, lease_until=renewal.lease_until)
            return False
        held.update(version=RECKONING, place=None, lease_until=None, finished_at=Now())
        note("renew", patient_id=patient_id, basis=f"job:{actor.system}")
        return True


def _made(row: Record, since: int) -> Columns:
    """The columns as they are made now; {} where the content does not open or is not valid."""
    found = _anew(row, row, row.effective_at, since)
    # An import, which has the whole file, tells better by what a thing is known again.
    if row.likeness and written(row) is None:
        found.pop("likeness", None)
    if row.aliases:
        found.pop("aliases", None)
    if not row.dated:
        found.pop("effective_at", None)
    return found


def _anew(row: Record, version: Record | RecordVersion, at: datetime, since: int) -> Columns:
    try:
        raw = open_bytes(row.patient_id, row.pk, version.version, bytes(version.body_sealed))
    except Unopenable:  # its page and the archive say so
        return {}
    return anew(row.patient_id, raw, scopes_of(row), at, since=since)


def _write_past(some: list[Record], made: dict[UUID, Columns], since: int) -> dict[UUID, set[int]]:
    """The same for past versions, so that they come back as they would be kept now.

    Returns what goes of each record, by what any of its versions says.
    """
    found = []
    gone = {pk: {*columns.get("gone", ())} for pk, columns in made.items()}
    for past in RecordVersion.objects.filter(record__in=some).select_related("record"):
        known = standing(past)
        at = known["effective_at"] if known else past.ended_at
        if columns := _anew(past.record, past, at, since):
            gone[past.record_id] |= columns["gone"]
            found.append((past, known, columns))
    for past, known, columns in found:
        _stand(past, known, columns, gone[past.record_id])
    return gone


def _stand(past: RecordVersion, known: Columns | None, columns: Columns, gone: set[int]) -> None:
    told = known["likeness"] if known else None
    past.likeness = past.likeness or told or columns.pop("likeness")
    if known:
        day = columns["effective_at"] if known["dated"] else known["effective_at"]
        tokens = sorted({*known["tokens"]} - gone | columns["tokens"])
        stand_anew(past, {"tokens": tokens, "effective_at": day, "likeness": past.likeness})
    past.save(update_fields=["likeness", "standing_sealed"])


def _write(
    patient_id: UUID,
    some: list[Record],
    made: dict[UUID, Columns],
    gone: dict[UUID, set[int]],
) -> None:
    """Where the version is still in force. What stands under another day, others see otherwise."""
    seen = {row.pk: row for row in some}
    days = {pk: columns.get("effective_at") for pk, columns in made.items()}
    if any(day and day != seen[pk].effective_at for pk, day in days.items()):
        granting.move_epoch(patient_id)
    for row in Record.objects.select_for_update().filter(pk__in=made).order_by("pk"):
        columns = {name: value for name, value in made[row.pk].items() if name != "gone"}
        if not columns or row.version != seen[row.pk].version:
            continue
        columns["tokens"] = sorted({*row.tokens} - gone[row.pk] | columns["tokens"])
        for name, value in columns.items():
            setattr(row, name, value)
        row.save(update_fields=list(columns))
