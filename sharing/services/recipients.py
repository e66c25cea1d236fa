"""To whom a permission goes: whoever owns an address, a facility, or a professional."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models.functions import Now
from django.utils import timezone

from accounts import directory
from accounts import services as accounts
from accounts.acting import acting_as
from accounts.actors import Actor, Denied
from sharing import policy
from sharing.models import Authority, Grant, NoticeKind, Organization, Path
from sharing.services import notices


class Refused(Exception):
    """A permission that cannot be given; the text is one sentence for the person who asked."""


@dataclass(frozen=True, slots=True)
class ActsFor:
    """That somebody acts for the patient: by what right, and whether she keeps the whole record."""

    authority: Authority
    may_manage: bool = False


@dataclass(frozen=True, slots=True)
class Recipient:
    """One of an e-mail address, the id of an Organization, that of a Practitioner, and that of a
    user who asked for it. Who is named by her address may act for the patient.
    """

    email: str = ""
    acts: ActsFor | None = None
    organization_id: UUID | None = None
    practitioner_id: UUID | None = None
    user_id: UUID | None = None


def bind(row: Grant, to: Recipient) -> None:
    """Write to whom it goes into a permission that was drawn up. Within an act of its patient.

    A facility, and a professional who wants to be found, have said yes beforehand; she is not told
    the professional's address. Raises `Refused`, and `Denied` for what is not in the directory.
    """
    if to.organization_id:
        _bind_facility(row, to.organization_id)
    elif to.user_id:
        row.grantee_id, row.accepted_at = to.user_id, Now()
    elif to.practitioner_id:
        found = directory.professional(to.practitioner_id)
        if found.user_id == row.patient.user_id:
            raise Refused("This is you yourself. Choose somebody else.")
        row.grantee_id, row.accepted_at = found.user_id, Now()
    else:
        if to.email.lower() in accounts.verified_addresses(row.patient.user_id):
            raise Refused("This is your own address. Enter the address of the other person.")
        row.invited_email = to.email.lower()
        if to.acts:
            row.path, row.authority = Path.PROXY, to.acts.authority
            row.may_manage = to.acts.may_manage


def _bind_facility(row: Grant, organization_id: UUID) -> None:
    # Held until the end: who closes or suspends it meanwhile waits, or is seen here.
    found = Organization.objects.open().select_for_update(no_key=True, of=("self",))
    organization = found.filter(pk=organization_id).first()
    if organization is None:
        raise Denied("share", subject=f"Organization/{organization_id}")
    if organization.closing_at:
        raise Refused("This facility closes its account soon. Nothing can be shared with it.")
    row.path, row.organization_id, row.accepted_at = Path.FACILITY, organization_id, Now()


def bound_alike(row: Grant, old: Grant) -> None:
    """Bind a permission to whom the one that it replaces is bound.

    Raises `Refused` for a facility that is not open, or closes: what it has can rest or end.
    """
    if old.path == Path.FACILITY and old.organization_id:
        try:
            _bind_facility(row, old.organization_id)
        except Denied:
            raise Refused(
                "This facility is not open now. You can pause this sharing, or end it."
            ) from None
    row.invited_email, row.replaces = old.invited_email, old.pk
    row.path, row.organization_id, row.via_id = old.path, old.organization_id, old.via_id
    row.authority, row.may_manage = old.authority, old.may_manage
    row.grantee_id, row.accepted_at, row.paused_at = (
        old.grantee_id, old.accepted_at, old.paused_at,
    )  # fmt: skip


def refuse_beyond(actor: Actor, row: Grant) -> None:
    """Raise `Refused` for what who stands in for a dependent may not give: the database repeats it.

    Never a permission to act for her, nothing to herself, and nothing that outlasts her own.
    """
    if actor.acting_for is None or actor.user_id is None:
        return
    if row.path == Path.PROXY:
        raise Refused("You cannot name somebody to act for a person whom you act for yourself.")
    own = accounts.verified_addresses(actor.user_id)
    if row.grantee_id == actor.user_id or row.invited_email in own:
        raise Refused("This is you yourself. Choose somebody else.")
    until = _decides_until(actor)
    if until and (row.ends_at is None or row.ends_at > until):
        raise Refused(
            f"Choose {_last_day(until):%-d %B %Y} or an earlier day as the last day of access. Then you"
            " stop deciding for this person."
        )


def last_day_of(actor: Actor) -> date | None:
    """The last whole day on which the actor decides for the dependent whom she acts for, if any."""
    with acting_as(actor):
        until = _decides_until(actor)
        return _last_day(until) if until else None


def _decides_until(actor: Actor) -> datetime | None:
    row = policy.deciding(actor).first()
    return row.ends_at if row else None


def _last_day(until: datetime) -> date:
    return (timezone.localtime(until) - timedelta(days=1)).date()


def tell(actor: Actor, row: Grant) -> None:
    """Tell a professional of the directory that a patient shares with her now."""
    if row.grantee_id:
        notices.tell(
            actor, NoticeKind.GRANTED,
            patient_id=row.patient_id, to=[row.grantee_id], grant_id=row.pk,
        )  # fmt: skip
