"""A facility leaves: its patients are told, then its permissions end; what is theirs stays (C71)."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts import due, ledger
from accounts.acting import acting_as, note
from accounts.actors import Actor
from accounts.ledger import Kind
from sharing.models import Grant, NoticeKind, Organization, PractitionerRole, Role
from sharing.services import attestations, notices, standing
from sharing.services.facilities import administered
from sharing.services.granting import move_epoch
from sharing.services.recipients import Refused
from sharing.services.standing import CLOSED

AT_ONCE = 100


def first_day() -> date:
    """The first day on which a facility can close: its patients need time."""
    return timezone.now().date() + timedelta(days=settings.PHR_FACILITY_CLOSING_DAYS)


def announce(actor: Actor, organization_id: UUID, *, on: date) -> None:
    """Announce the day on which a facility closes its account; its patients are told.

    Raises `Denied` for who does not administer it, `Refused` for a day that is too soon, and for a
    facility that closes already.
    """
    with acting_as(actor):
        row = administered(actor, organization_id)
        if row.closing_at:
            raise Refused("The day is known already, and patients have been told.")
        if on < first_day():
            raise Refused(f"Choose {first_day():%-d %B %Y} or a later day: patients need time.")
        row.closing_at = datetime.combine(on, time.min, tzinfo=UTC)
        row.save(update_fields=["closing_at"])
        note("close", subject=f"Organization/{row.pk}")


def left(organization_ids: set[UUID]) -> None:
    """Close those of these facilities that nobody administers any more. Within an act of a job."""
    kept = PractitionerRole.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=Now()),
        organization__in=organization_ids,
        code=Role.ADMINISTRATOR,
        user__isnull=False,
    )
    alone = Organization.objects.filter(
        pk__in=organization_ids - set(kept.values_list("organization_id", flat=True)),
        closing_at=None,
        closed_at=None,
    )
    day = datetime.combine(first_day(), time.min, tzinfo=UTC)
    for pk in list(alone.values_list("pk", flat=True)):
        Organization.objects.filter(pk=pk).update(closing_at=day)
        note("close", subject=f"Organization/{pk}", basis="ledger")


def work(actor: Actor) -> int:
    """Tell patients of facilities that close, close those whose day has come, end what they held.

    Each step is bounded and may be repeated. Returns how many there were; a sweep goes on until 0.
    """
    with acting_as(actor):
        telling = list(Organization.objects.closing().values_list("pk", flat=True))
        come = Organization.objects.filter(closing_at__lte=Now(), closed_at=None)
        closing = list(come.values_list("pk", flat=True))
    done = due.each(telling, lambda pk: _tell(actor, pk))
    done += due.each(closing, lambda pk: _close(actor, pk))
    with acting_as(actor):
        held = Grant.objects.filter(organization__closed_at__isnull=False, revoked_at=None)
        ending = list(held.values_list("pk", flat=True)[:AT_ONCE])
    return done + due.each(ending, lambda pk: _end(actor, pk))


def _tell(actor: Actor, organization_id: UUID) -> bool:
    """Tell the next patients, in the order of their ids, so that nobody is told twice."""
    with acting_as(actor):
        rows = Organization.objects.select_for_update(skip_locked=True)
        row = rows.filter(pk=organization_id, closing_told_at=None).first()
        if row is None:
            return False
        grants = Grant.objects.filter(organization=row, revoked_at=None)
        if row.closing_told_up_to:
            grants = grants.filter(patient_id__gt=row.closing_told_up_to)
        next_ones = list(
            grants.order_by("patient_id").values_list("patient_id", flat=True).distinct()[:AT_ONCE]
        )
        for patient_id in next_ones:
            notices.tell(actor, NoticeKind.CLOSING, patient_id=patient_id, organization_id=row.pk)
        row.closing_told_up_to = next_ones[-1] if next_ones else row.closing_told_up_to
        row.closing_told_at = None if len(next_ones) == AT_ONCE else timezone.now()
        row.save(update_fields=["closing_told_up_to", "closing_told_at"])
        return True


def _close(actor: Actor, organization_id: UUID) -> bool:
    """From here on nobody of it sees anything, before its permissions are ended one by one."""
    with acting_as(actor):
        rows = Organization.objects.filter(pk=organization_id, closed_at=None)
        standing.remember(organization_id, CLOSED)
        closed = rows.update(closed_at=Now())
        if closed:
            note("close", subject=f"Organization/{organization_id}")
        return bool(closed)


def _end(actor: Actor, grant_id: UUID) -> bool:
    with acting_as(actor):
        row = Grant.objects.filter(pk=grant_id, revoked_at=None).first()
    if row is None:
        return False
    with acting_as(actor, about=row.patient_id):
        ledger.remember(Kind.REVOCATION, str(grant_id))
        if not Grant.objects.filter(pk=grant_id, revoked_at=None).update(revoked_at=Now()):
            return False
        move_epoch(row.patient_id)
        subject = f"Grant/{grant_id}"
        note("revoke", patient_id=row.patient_id, subject=subject, basis="facility")
        attestations.ask(actor, row.patient_id, [grant_id])
        notices.tell(
            actor, NoticeKind.ENDED, patient_id=row.patient_id, grant_id=grant_id,
            organization_id=row.organization_id,
        )  # fmt: skip
        return True
