"""The queue of licences that staff look up: what a register says, and what a person decides."""

from datetime import date, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied, Door
from accounts.models import LicenceCheck, Practitioner
from accounts.registry import Outcome, registry


def look_up(actor: Actor, practitioner_id: UUID) -> Outcome | None:
    """Look one licence up and write down what came of it; None where no register is set.

    It verifies nobody: a person does. No transaction of its own is open while the register answers.
    Raises `Denied` for who is not staff.
    """
    with acting_as(actor):
        row, asked = _row(actor, practitioner_id), registry()
    if asked is None or actor.user_id is None:
        return None
    answer = asked.look_up(row.licence_number, row.name)
    with acting_as(actor):
        LicenceCheck.objects.create(
            practitioner=_row(actor, practitioner_id), registry=asked.name, outcome=answer.outcome,
            registered_name=answer.name, checked_at=timezone.now(), checked_by_id=actor.user_id,
        )  # fmt: skip
        note("look-up", subject=f"Practitioner/{row.pk}")
        return answer.outcome


def last(row: Practitioner) -> LicenceCheck | None:
    """The last time that this licence was looked up. Within an act of staff."""
    return row.licence_checks.order_by("-checked_at").first()


def doubt(actor: Actor, practitioner_id: UUID) -> None:
    """The licence does not hold: patients see her as unverified, and the directory not at all.

    Raises `Denied` for who is not staff.
    """
    with acting_as(actor):
        row = _row(actor, practitioner_id)
        row.verified_at = row.verified_by = row.recheck_on = row.recheck_due_at = None
        row.save(update_fields=["verified_at", "verified_by", "recheck_on", "recheck_due_at"])
        note("doubt", subject=f"Practitioner/{practitioner_id}")


def mark_due(actor: Actor) -> int:
    """Mark the licences whose day has come to be looked up again. For a job. Returns how many."""
    with acting_as(actor):
        rows = Practitioner.objects.filter(
            Q(recheck_on__lte=timezone.now().date()), recheck_due_at=None
        )
        return rows.update(recheck_due_at=Now())


def next_check() -> date:
    """The day on which a licence that holds today is to be looked up again."""
    return later(timezone.now().date(), settings.PHR_LICENCE_MONTHS)


def later(day: date, months: int) -> date:
    """The same day some months later, or the last of that month where it is shorter."""
    count = day.year * 12 + day.month - 1 + months
    first = date(count // 12, count % 12 + 1, 1)
    following = date((count + 1) // 12, (count + 1) % 12 + 1, 1)
    last = (following - timedelta(days=1)).day
    return first.replace(day=min(day.day, last))


def _row(actor: Actor, practitioner_id: UUID) -> Practitioner:
    row = Practitioner.objects.filter(pk=practitioner_id).first()
    if actor.door is not Door.STAFF or row is None or row.user_id == actor.user_id:
        raise Denied("verify", subject=f"Practitioner/{practitioner_id}")
    return row
