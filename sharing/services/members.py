"""The people of a facility: invited by its administrators, who see no record by that role."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from accounts import mail
from accounts import services as accounts
from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied, Door
from accounts.models import Practitioner
from sharing.models import Organization, PractitionerRole, Role
from sharing.services import standing
from sharing.services.facilities import administered
from sharing.services.recipients import Refused
from sharing.services.standing import ENDED, SUSPENDED
from sharing.serving import serving

NEEDS_ANOTHER = "Name another administrator first, or close the facility's account."


def of(actor: Actor, organization_id: UUID) -> list[tuple[PractitionerRole, accounts.Person]]:
    """Everybody of a facility, also who left or was invited, for its administrators. Or `Denied`."""
    with acting_as(actor):
        administered(actor, organization_id)
        rows = PractitionerRole.objects.filter(organization=organization_id)
        found = list(rows.order_by("-created_at", "id"))
        people = accounts.people({row.user_id for row in found if row.user_id})
        unknown = accounts.Person("")
        return [
            (row, people.get(row.user_id, unknown) if row.user_id
             else accounts.Person(row.invited_email))
            for row in found
        ]  # fmt: skip


def one(actor: Actor, role_id: UUID) -> tuple[PractitionerRole, accounts.Person]:
    """One of them, or `Denied`."""
    with acting_as(actor):
        row = _managed(actor, role_id)
        people = accounts.people({row.user_id} if row.user_id else set())
        known = people.get(row.user_id) if row.user_id else None
        return row, known or accounts.Person(row.invited_email)


def invite(
    actor: Actor, organization_id: UUID, email: str, *, code: Role, ends_at: datetime | None
) -> UUID:
    """Invite whoever owns an address to work at a facility. Returns the PractitionerRole's id.

    Nothing is given before its owner has accepted. Raises `Denied` for who does not administer the
    facility, `Refused` for who is invited as that already, and for too many in a day.
    """
    with acting_as(actor):
        facility = administered(actor, organization_id)
        _refuse_again(facility, email, code)
        row = PractitionerRole.objects.create(
            organization=facility, invited_email=email.lower(), code=code, ends_at=ends_at
        )
        _send(row)
        note("invite", subject=f"PractitionerRole/{row.pk}")
        return row.pk


def _send(row: PractitionerRole) -> None:
    link = settings.PHR_ORIGIN + reverse("sharing:role_invitation", args=[row.pk])
    transaction.on_commit(lambda: mail.send(row.invited_email, "sharing/role", link=link))


def _refuse_again(facility: Organization, email: str, code: Role) -> None:
    running = facility.roles.filter(Q(ends_at=None) | Q(ends_at__gt=Now()))
    if running.filter(invited_email=email.lower(), code=code).exists():
        raise Refused("This person has that role already, or is invited.")
    day_ago = timezone.now() - timedelta(days=1)
    sent = facility.roles.filter(created_at__gt=day_ago, replaces=None)
    if sent.count() >= settings.PHR_INVITATIONS_A_DAY:
        raise Refused(
            f"You have sent {settings.PHR_INVITATIONS_A_DAY} invitations in one day. Try again tomorrow."
        )


def invitation(actor: Actor, role_id: UUID) -> PractitionerRole:
    """The invitation to a facility for the actor's own verified address, or `Denied`."""
    with acting_as(actor):
        return _waiting(actor, role_id)


def _waiting(actor: Actor, role_id: UUID) -> PractitionerRole:
    row = None
    if actor.door is Door.SESSION and actor.user_id:
        hers = accounts.verified_addresses(actor.user_id)
        rows = PractitionerRole.objects.inviting().select_related("organization")
        row = rows.filter(pk=role_id, invited_email__in=hers).first()
    if row is None:
        raise Denied("accept", subject=f"PractitionerRole/{role_id}")
    return row


def accept(actor: Actor, role_id: UUID) -> UUID:
    """Bind an invitation to the actor, who owns the address. Returns the Organization's id.

    Raises `Denied`, and `Refused` for who would see records and has not said who she is, and for
    the staff who verified the facility.
    """
    with acting_as(actor):
        row, hers = _waiting(actor, role_id), actor.user_id
        if hers in {row.organization.first_verified_by_id, row.organization.verified_by_id}:
            raise Refused("You have checked this facility for us. You cannot work there as well.")
        known = hers is not None and Practitioner.objects.filter(user_id=hers).exists()
        if row.code != Role.ADMINISTRATOR and not known:
            raise Refused("First tell us who you are as a care provider: patients see your name.")
        free = PractitionerRole.objects.filter(pk=row.pk, user=None)
        if hers is None or not free.update(user_id=hers, accepted_at=Now()):
            raise Denied("accept", subject=f"PractitionerRole/{role_id}")
        note("accept", subject=f"PractitionerRole/{row.pk}")
        return row.organization_id


def change(actor: Actor, role_id: UUID, *, code: Role, ends_at: datetime | None) -> UUID:
    """Change what somebody is at a facility, and until when. Returns the PractitionerRole's id.

    Another role is another row, so that it stays known what somebody was; the old one ends, and the
    new one waits until she accepts it. Raises `Denied` for who does not administer the facility;
    `Refused` for its last administrator, for an invitation, and for what has ended.
    """
    with acting_as(actor):
        row = _managed(actor, role_id)
        if row.user_id is None or _over(row):
            raise Refused("This role has ended, or waits to be accepted. Invite the person anew.")
        before = row
        if code == row.code:
            row.ends_at = ends_at
            row.save(update_fields=["ends_at"])
        else:
            row = _replaced(row, row.user_id, code, ends_at)
        _keep_one(row.organization_id)
        if row is not before:
            standing.remember(before.pk, ENDED)
            _send(row)
        note("change", subject=f"PractitionerRole/{row.pk}")
        return row.pk


def _replaced(
    old: PractitionerRole, user_id: UUID, code: Role, ends_at: datetime | None
) -> PractitionerRole:
    if old.invited_email not in accounts.verified_addresses(user_id):
        raise Refused("Their e-mail address is another one now. Invite the person anew.")
    row = PractitionerRole.objects.create(
        organization_id=old.organization_id,
        invited_email=old.invited_email,
        code=code,
        ends_at=ends_at,
        suspended_at=old.suspended_at,
        replaces=old.pk,
    )
    # Last: who changes what she is herself may do so only while she administers.
    PractitionerRole.objects.filter(pk=old.pk).update(ends_at=timezone.now())
    return row


def suspend(actor: Actor, role_id: UUID) -> UUID:
    """Let a role give nothing until it is resumed, from the next request on. Or `Denied`, `Refused`.

    Returns the Organization's id, as do those below.
    """
    return _write(
        actor, role_id, "suspend", standing.remember, SUSPENDED, suspended_at=timezone.now()
    )


def resume(actor: Actor, role_id: UUID) -> UUID:
    """Let a suspended role give again what it does. Raises `Denied`."""
    return _write(actor, role_id, "resume", standing.forget, SUSPENDED, suspended_at=None)


def end(actor: Actor, role_id: UUID) -> UUID:
    """End a role, or withdraw an invitation; from the next request on. Or `Denied`, `Refused`."""
    return _write(actor, role_id, "end", standing.remember, ENDED, ends_at=timezone.now())


def _write(
    actor: Actor,
    role_id: UUID,
    action: str,
    keep: Callable[[UUID, str], None],
    what: str,
    **state: datetime | None,
) -> UUID:
    with acting_as(actor):
        row = _managed(actor, role_id)
        if not _over(row):
            PractitionerRole.objects.filter(pk=row.pk).update(**state)
            _keep_one(row.organization_id)
            keep(row.pk, what)
            note(action, subject=f"PractitionerRole/{row.pk}")
        return row.organization_id


def to_reset(actor: Actor, role_id: UUID) -> UUID:
    """Note that a password reset is started for somebody of a facility. Returns the User's id.

    No password is set: its owner gets the ordinary mail. Raises `Denied` for who is not accepted.
    """
    with acting_as(actor):
        row = _managed(actor, role_id)
        if row.user_id is None or _over(row):
            raise Denied("reset", subject=f"PractitionerRole/{role_id}")
        note("reset-password", subject=f"PractitionerRole/{row.pk}")
        return row.user_id


def _managed(actor: Actor, role_id: UUID) -> PractitionerRole:
    """Somebody of a facility that the actor administers; both held until the end of the act."""
    found = PractitionerRole.objects.filter(pk=role_id).first()
    if found is None:
        raise Denied("manage", subject=f"PractitionerRole/{role_id}")
    facility = administered(actor, found.organization_id)
    row = PractitionerRole.objects.select_for_update().get(pk=role_id)
    row.organization = facility
    return row


def _over(row: PractitionerRole) -> bool:
    return row.ends_at is not None and row.ends_at <= timezone.now()


def _keep_one(organization_id: UUID) -> None:
    """The facility is held: of two who leave at once, the second sees that the first did."""
    if not any(one.administers and one.lasting for one in serving([organization_id])):
        raise Refused(NEEDS_ANOTHER)
