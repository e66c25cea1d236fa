"""Passing on: who may gives one other person the same, no wider and no longer, and no further."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from accounts import mail
from accounts import services as accounts
from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied
from sharing import policy
from sharing.models import Grant, NoticeKind
from sharing.policy import Action
from sharing.services import notices
from sharing.services.recipients import Refused

_HAND_ON = "SELECT phr_pass_on(%s, %s, %s, %s, %s, nextval('sharing_grant_serial'))"


@dataclass(frozen=True, slots=True)
class PassedOn:
    """To whom the actor passed one of her permissions on."""

    grant_id: UUID
    via_id: UUID
    email: str
    at: datetime
    ends_at: datetime | None


def may_pass_on(actor: Actor, grant_id: UUID) -> Grant:
    """The actor's permission that she may pass on, within an act; `Denied` without."""
    rows = policy.reached(actor, Action.RESHARE)
    row = rows.filter(pk=grant_id, path="person", via=None).select_related("patient").first()
    if row is None:
        raise Denied(Action.RESHARE.value, subject=f"Grant/{grant_id}")
    return row


def patient_name(actor: Actor, grant_id: UUID) -> str:
    """Whose record the actor may pass on by this permission; `Denied` without."""
    with acting_as(actor):
        return accounts.name_of(may_pass_on(actor, grant_id).patient)


def pass_on(actor: Actor, grant_id: UUID, *, email: str, ends_at: datetime | None = None) -> UUID:
    """Invite one other person to what the actor holds. Returns the new Grant's id.

    The database copies what it covers; it ends with the one it came from, or earlier. The patient is
    told. Raises `Denied`, and `Refused` for the actor's own address and for too many in a day.
    """
    with acting_as(actor):
        above = may_pass_on(actor, grant_id)
        if actor.user_id and email.lower() in accounts.verified_addresses(actor.user_id):
            raise Refused("This is your own address. Enter the address of the other person.")
        _refuse_many()
        fresh, now = uuid4(), timezone.now()
        until = now + timedelta(days=settings.PHR_INVITATION_DAYS)
        with connection.cursor() as cursor:
            cursor.execute(_HAND_ON, [above.pk, fresh, email, ends_at, until])
            (patient_id,) = cursor.fetchone() or (None,)
        if patient_id is None:
            raise Denied(Action.RESHARE.value, subject=f"Grant/{grant_id}")
        link = settings.PHR_ORIGIN + reverse("sharing:invitation", args=[fresh])
        transaction.on_commit(lambda: mail.send(email, "sharing/invitation", link=link))
        notices.tell(actor, NoticeKind.PASSED_ON, patient_id=patient_id, grant_id=fresh)
        basis = f"grant:{above.pk}"
        note("reshare", patient_id=patient_id, subject=f"Grant/{fresh}", basis=basis)
        return fresh


def _refuse_many() -> None:
    day_ago = timezone.now() - timedelta(days=1)
    if sum(one.at > day_ago for one in _mine()) >= settings.PHR_INVITATIONS_A_DAY:
        raise Refused("You have invited many people today. Try again tomorrow.")


def mine(actor: Actor) -> list[PassedOn]:
    """To whom the actor passed on what she still holds, newest first."""
    with acting_as(actor):
        return sorted(_mine(), key=lambda one: one.at, reverse=True)


def _mine() -> list[PassedOn]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, via_id, invited_email, created_at, ends_at FROM phr_passed_on()")
        return [PassedOn(*row) for row in cursor.fetchall()]
