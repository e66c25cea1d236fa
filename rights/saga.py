"""Carrying erasures out: a worker takes one step after the other, and may be killed anywhere."""

import logging
from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError
from django.utils import timezone

from accounts.acting import acting_as
from accounts.actors import Actor
from accounts.due import each
from rights.models import Erasure
from rights.steps import LeftOver, Step, Wait, again, steps_of

log = logging.getLogger(__name__)
LEASE = timedelta(minutes=5)


def carry_on_due(actor: Actor, *, most: int = 50) -> int:
    """Carry on what is due, longest waiting first. Returns how many erasures took a step."""
    with acting_as(actor):
        due = list(Erasure.objects.due().order_by("due_at").values_list("pk", flat=True)[:most])
    return each(due, lambda erasure_id: carry_on(actor, erasure_id))


def carry_on(actor: Actor, erasure_id: UUID) -> bool:
    """Take every step that can be taken, if it is due and nobody else has it. Whether one was taken."""
    erasure = _claim(actor, erasure_id)
    if erasure is None:
        return False
    before = len(erasure.steps)
    try:
        for step in steps_of(erasure.scope):
            if not erasure.done(step.name):
                _take(actor, erasure, step)
    except Wait as wait:
        _look_again(actor, erasure, wait)
    except (LeftOver, IntegrityError):
        log.warning("Erasure %s is gone through again.", erasure.pk)
        again(actor, erasure)
    return len(erasure.steps) > before


def _claim(actor: Actor, erasure_id: UUID) -> Erasure | None:
    with acting_as(actor):
        rows = Erasure.objects.due().select_for_update(skip_locked=True)
        row = rows.filter(pk=erasure_id).first()
        if row is not None:
            row.due_at = timezone.now() + LEASE
            row.attempts += 1
            row.save(update_fields=["due_at", "attempts"])
        return row


def _take(actor: Actor, erasure: Erasure, step: Step) -> None:
    step.work(actor, erasure)
    with acting_as(actor):
        # Another worker may have come this far since: what it wrote stays.
        row = Erasure.objects.select_for_update().get(pk=erasure.pk)
        now = timezone.now()
        row.steps.setdefault(step.name, now.isoformat(timespec="seconds"))
        row.due_at = now + LEASE
        _mark(row, step)
        row.save()
    erasure.steps, erasure.purged_at = row.steps, row.purged_at


def _mark(row: Erasure, step: Step) -> None:
    """What the row says about how far it is, and whom it may forget now."""
    now = timezone.now()
    if step.name in {"item", "import", "verify"}:
        row.purged_at = row.purged_at or now
    if step.name == "ledger":
        row.finished_at = row.finished_at or now
        row.patient_id = row.user_id = row.record_id = row.upload_id = None


def _look_again(actor: Actor, erasure: Erasure, wait: Wait) -> None:
    with acting_as(actor):
        Erasure.objects.filter(pk=erasure.pk).update(due_at=wait.until)
