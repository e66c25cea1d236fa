"""Who is on call at a facility, and when: nobody with that role sees anything at other times."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts import services as accounts
from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied
from sharing.models import PractitionerRole, Role, Shift
from sharing.services.facilities import administered
from sharing.services.recipients import Refused

LONGEST = timedelta(hours=72)
AHEAD = timedelta(days=366)
MOST_COMING = 2000
MOST_SHOWN = 200


def shifts(actor: Actor, organization_id: UUID) -> list[tuple[Shift, accounts.Person]]:
    """The shifts of a facility that are not over, soonest first. Or `Denied`."""
    with acting_as(actor):
        administered(actor, organization_id)
        rows = Shift.objects.filter(role__organization=organization_id, ends_at__gt=Now())
        found = list(rows.select_related("role").order_by("starts_at", "id")[:MOST_SHOWN])
        people = accounts.people({row.role.user_id for row in found if row.role.user_id})
        return [(row, people[row.role.user_id]) for row in found if row.role.user_id in people]


def on_call(actor: Actor, organization_id: UUID) -> list[tuple[UUID, str]]:
    """Those who can be put on call: the ids of their roles, and their names. Or `Denied`."""
    with acting_as(actor):
        administered(actor, organization_id)
        rows = PractitionerRole.objects.filter(
            Q(ends_at=None) | Q(ends_at__gt=Now()),
            organization=organization_id,
            code=Role.ON_CALL,
            user__isnull=False,
        )
        found = list(rows.order_by("created_at"))
        people = accounts.people({row.user_id for row in found if row.user_id})
        return [(row.pk, people[row.user_id].name) for row in found if row.user_id in people]


def add(
    actor: Actor, organization_id: UUID, role_id: UUID, *, starts_at: datetime, ends_at: datetime
) -> UUID:
    """Put somebody on call from one instant to another. Returns the Shift's id.

    Raises `Denied` for who does not administer the facility, `Refused` for a time that is too long,
    over or far ahead, and for too many.
    """
    with acting_as(actor):
        administered(actor, organization_id)
        role = PractitionerRole.objects.filter(
            pk=role_id, organization=organization_id, code=Role.ON_CALL, user__isnull=False
        ).first()
        if role is None:
            raise Denied("manage", subject=f"PractitionerRole/{role_id}")
        if not timedelta() < ends_at - starts_at <= LONGEST:
            raise Refused("A shift ends after it begins, and at most 72 hours later.")
        _refuse_when(organization_id, starts_at, ends_at)
        row = Shift.objects.create(role=role, starts_at=starts_at, ends_at=ends_at)
        note("roster", subject=f"PractitionerRole/{role.pk}")
        return row.pk


def _refuse_when(organization_id: UUID, starts_at: datetime, ends_at: datetime) -> None:
    """The roster says who will be on call: nobody is put there afterwards."""
    now = timezone.now()
    if ends_at <= now or starts_at > now + AHEAD:
        raise Refused("Choose a time that is not over, and begins within a year.")
    coming = Shift.objects.filter(role__organization=organization_id, ends_at__gt=Now())
    if coming.count() >= MOST_COMING:
        raise Refused("The roster is full. Remove shifts that are not needed.")


def remove(actor: Actor, shift_id: UUID) -> UUID:
    """Take a shift off the roster, from the next request on. Returns the Organization's id."""
    with acting_as(actor):
        row = Shift.objects.filter(pk=shift_id).select_related("role").first()
        if row is None:
            raise Denied("manage", subject=f"Shift/{shift_id}")
        administered(actor, row.role.organization_id)
        row.delete()
        note("roster", subject=f"PractitionerRole/{row.role_id}")
        return row.role.organization_id
