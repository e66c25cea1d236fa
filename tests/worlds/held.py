"""Items of alice's that two members of staff hold: sam asks, una confirms."""

from datetime import date, timedelta
from uuid import UUID

from django.utils import timezone

from accounts.acting import acting_as
from accounts.actors import Actor, System
from phr.models import Record
from rights.models import Hold
from rights.services import placing
from tests.cast import Cast, join
from tests.worlds.kept import keep, with_file, with_past

HOLDER = Actor.job(System.HOLD)
SCAN = b"a scan of a kidney" * 5000


def in_days(days: int) -> date:
    return timezone.now().date() + timedelta(days=days)


def una() -> Actor:
    """A second member of staff."""
    return Actor.staff(join("una@example.org", staff=True).pk)


def item(cast: Cast, text: str = "Kidney stone") -> Record:
    """An item of alice's with an earlier version and a file."""
    row = keep(cast.alice_id, text=text)
    with_past(row)
    with_file(row, SCAN)
    return row


def ask(cast: Cast, row: Record, *, ground: Hold.Ground = Hold.Ground.LEGAL_CLAIMS) -> UUID:
    return ask_for(cast, row.patient_id, row.pk, ground=ground)


def ask_for(
    cast: Cast,
    patient_id: UUID,
    record_id: UUID,
    *,
    ground: Hold.Ground = Hold.Ground.LEGAL_CLAIMS,
) -> UUID:
    return placing.ask_hold(cast.sam, patient_id, record_id, ground=ground, review_on=in_days(90))


def hold(cast: Cast, colleague: Actor, row: Record) -> UUID:
    """A hold in force. Returns its id."""
    hold_id = ask(cast, row)
    placing.confirm_hold(colleague, hold_id)
    return hold_id


def in_force(cast: Cast) -> set[UUID | None]:
    """The items of alice's that a hold in force names."""
    with acting_as(HOLDER):
        rows = Hold.objects.in_force().filter(patient_id=cast.alice_id)
        return set(rows.values_list("record_id", flat=True))


def release(cast: Cast, colleague: Actor, hold_id: UUID) -> None:
    placing.ask_release(colleague, hold_id)
    placing.confirm_release(cast.sam, hold_id)
