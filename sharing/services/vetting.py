"""What staff decide about facilities: two of them verify one, any of them suspends it."""

from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

import orjson
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts import services as accounts
from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied, Door
from sharing.models import Agreement, Organization
from sharing.services import standing
from sharing.services.facilities import Facts, agreements
from sharing.services.recipients import Refused
from sharing.services.standing import SUSPENDED, UNVERIFIED


@dataclass(frozen=True, slots=True)
class DeskPage:
    """A facility as staff see it: facts and agreements, how many people, nothing of any patient."""

    facility: Organization
    agreements: list[Agreement]
    people: int
    verifiers: dict[str, str]
    digest: str


def read(actor: Actor, organization_id: UUID) -> DeskPage:
    """One facility for the staff desk. Raises `Denied` for who is not staff."""
    with acting_as(actor):
        row = _looked_at(actor, organization_id)
        running = row.roles.filter(Q(ends_at=None) | Q(ends_at__gt=Now()), user__isnull=False)
        said = {
            "first": row.first_verified_by.email if row.first_verified_by else "",
            "second": row.verified_by.email if row.verified_by else "",
        }
        people = running.values("user").distinct().count()
        return DeskPage(row, agreements(row), people, said, _digest(row))


def verify(actor: Actor, organization_id: UUID, *, seen: str) -> bool:
    """One member of staff found the facility to be what it says. Returns whether two have now.

    `seen` is the digest of the facts as they were shown (`DeskPage.digest`). Raises `Refused` where
    they have changed since, for who said so already, or works or is invited there; `Denied` for who
    is not staff.
    """
    with acting_as(actor):
        row = _held(actor, organization_id)
        if row.verified_at or row.closed_at:
            raise Refused("This facility is verified or closed already.")
        if seen != _digest(row):
            raise Refused("What it says of itself has changed. Read it again.")
        if row.first_verified_by_id == actor.user_id:
            raise Refused("You have checked it already. A second member of staff must.")
        names = _said(row, actor.user_id)
        row.save(update_fields=names)
        note("verify", subject=f"Organization/{row.pk}")
        return row.verified_at is not None


def _belongs(actor: Actor, row: Organization, *, invited: bool) -> bool:
    own = accounts.verified_addresses(actor.user_id) if actor.user_id and invited else set()
    hers = row.roles.filter(Q(user=actor.user_id) | Q(user=None, invited_email__in=own))
    return row.founded_by_id == actor.user_id or hers.exists()


def _said(row: Organization, staff_id: UUID | None) -> list[str]:
    if row.first_verified_at is None:
        row.first_verified_at, row.first_verified_by_id = timezone.now(), staff_id
        return ["first_verified_at", "first_verified_by"]
    row.verified_at, row.verified_by_id = timezone.now(), staff_id
    standing.forget(row.pk, UNVERIFIED)
    return ["verified_at", "verified_by"]


def doubt(actor: Actor, organization_id: UUID) -> None:
    """Take back what staff found: two of them must look again. It holds from the next request on.

    Raises `Denied` for who is not staff, `Refused` for who belongs there.
    """
    with acting_as(actor):
        row = _held(actor, organization_id, closes=True)
        standing.remember(row.pk, UNVERIFIED)
        row.first_verified_at = row.first_verified_by = row.verified_at = row.verified_by = None
        row.save(update_fields=[
            "first_verified_at", "first_verified_by", "verified_at", "verified_by",
        ])  # fmt: skip
        note("doubt", subject=f"Organization/{row.pk}")


def suspend(actor: Actor, organization_id: UUID) -> None:
    """Nobody of it sees anything from the next request on.

    Raises `Denied` for who is not staff, `Refused` for who belongs there.
    """
    with acting_as(actor):
        row = _held(actor, organization_id, closes=True)
        standing.remember(row.pk, SUSPENDED)
        row.suspended_at = row.suspended_at or timezone.now()
        row.save(update_fields=["suspended_at"])
        note("suspend", subject=f"Organization/{row.pk}")


def resume(actor: Actor, organization_id: UUID) -> None:
    """End a suspension. Raises `Denied` for who is not staff, `Refused` for who belongs there."""
    with acting_as(actor):
        row = _held(actor, organization_id)
        row.suspended_at = None
        standing.forget(row.pk, SUSPENDED)
        row.save(update_fields=["suspended_at"])
        note("resume", subject=f"Organization/{row.pk}")


def confirm_agreement(actor: Actor, agreement_id: UUID) -> None:
    """Staff read the document: it is what it is said to be.

    Raises `Denied` for who is not staff, `Refused` for who belongs to the facility.
    """
    with acting_as(actor):
        _require_staff(actor, agreement_id)
        rows = Agreement.objects.filter(pk=agreement_id, confirmed_at=None)
        for whose in rows.values_list("organization_id", flat=True):
            _held(actor, whose)
        rows.update(confirmed_at=timezone.now())
        note("confirm", subject=f"Agreement/{agreement_id}")


def document(actor: Actor, agreement_id: UUID) -> bytes:
    """The document of an agreement, for staff. Raises `Denied`."""
    with acting_as(actor):
        _require_staff(actor, agreement_id)
        row = Agreement.objects.filter(pk=agreement_id).first()
        if row is None:
            raise Denied("read", subject=f"Agreement/{agreement_id}")
        note("read", subject=f"Agreement/{agreement_id}")
        return bytes(row.document)


def _held(actor: Actor, organization_id: UUID, *, closes: bool = False) -> Organization:
    """A facility for staff to decide about: not for those who belong to it.

    An invitation keeps nobody from what `closes` it: or it would invite whoever might.
    """
    row = _looked_at(actor, organization_id)
    if _belongs(actor, row, invited=not closes):
        raise Refused("You belong to this facility. Somebody else must decide about it.")
    return row


def _digest(row: Organization) -> str:
    """What a facility says of itself, so that a yes is bound to what was read."""
    facts = [getattr(row, name) for name in Facts.__slots__]
    return sha256(orjson.dumps(facts)).hexdigest()


def _looked_at(actor: Actor, organization_id: UUID) -> Organization:
    _require_staff(actor, organization_id)
    rows = Organization.objects.select_for_update(no_key=True, of=("self",))
    row = rows.filter(pk=organization_id).first()
    if row is None:
        raise Denied("verify", subject=f"Organization/{organization_id}")
    return row


def _require_staff(actor: Actor, about: UUID) -> None:
    if actor.door is not Door.STAFF or actor.user_id is None:
        raise Denied("verify", subject=str(about))
