"""Handing a record over to whom it is about: named by who opened it, claimed by the owner of an address.

Whoever names an address never learns whether it has an account here: the page is the same, and the
mail to the address says how it goes on.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from accounts import consents, keys, ledger, mail, unproven
from accounts import services as accounts
from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied, Door
from accounts.ledger import Kind
from accounts.models import Patient, User
from accounts.purposes import Purpose
from sharing.models import Authority, Grant, Handover, NoticeKind, Path
from sharing.services import inherited, notices
from sharing.services.dependents import birthday
from sharing.services.granting import Refused

DAYS = 14
A_DAY = 5


@dataclass(frozen=True, slots=True)
class Kept:
    """A record that the actor opened for somebody: from when on she may hand it over, and to whom
    she is doing so.
    """

    patient_id: UUID
    name: str
    since: datetime | None
    waiting: Handover | None

    @property
    def too_early(self) -> bool:
        return self.since is not None and self.since > timezone.now()


def opened(actor: Actor) -> list[Kept]:
    """The records that the actor, here for herself, opened for somebody and has not handed over."""
    with acting_as(actor):
        return [_kept(actor, row) for row in _opened(actor).order_by("created_at", "id")]


def one(actor: Actor, patient_id: UUID) -> Kept:
    """One of them, or `Denied`."""
    with acting_as(actor):
        return _kept(actor, _one(actor, patient_id))


def _opened(actor: Actor) -> QuerySet[Patient]:
    if actor.door is not Door.SESSION or actor.user_id is None or actor.acting_for:
        return Patient.objects.none()
    return Patient.objects.filter(
        opened_by=actor.user_id, opened_by__is_active=True, erasing_at=None
    )


def _one(actor: Actor, patient_id: UUID) -> Patient:
    row = _opened(actor).filter(pk=patient_id).first()
    if row is None:
        raise Denied("hand-over", patient_id=patient_id, subject=f"Patient/{patient_id}")
    return row


def _kept(actor: Actor, row: Patient) -> Kept:
    waiting = Handover.objects.filter(patient=row, ends_at__gt=Now()).filter(_UNANSWERED)
    return Kept(row.pk, accounts.name_of(row), _since(actor, row), waiting.first())


_UNANSWERED = Q(claimed_at=None, withdrawn_at=None)


def _since(actor: Actor, row: Patient) -> datetime | None:
    """From when on: a child is to be old enough for an account of her own, whoever keeps her record."""
    keeping = Grant.objects.filter(
        path=Path.PROXY, may_decide=True, authority=Authority.PARENT,
        patient=row, grantee=actor.user_id,
    )  # fmt: skip
    if ends := keeping.values_list("ends_at", flat=True).first():
        return ends
    born = accounts.born_of(row)
    return birthday(born, settings.PHR_PROTECTED_FROM_AGE) if born else None


def name(actor: Actor, patient_id: UUID, *, email: str) -> None:
    """Mail the owner of an address a link by which the record becomes hers. An earlier one ends.

    Raises `Denied` for who did not open it, `Refused` for a child who is too young, for one's own
    address and for too many in a day.
    """
    address = email.lower()
    with acting_as(actor):
        patient = _one(actor, patient_id)
        _refuse(actor, patient, address)
        _withdraw(patient)
        token = secrets.token_urlsafe(24)
        row = Handover(patient=patient, named_by=patient.opened_by, email=address)
        row.lookup, row.ends_at = _lookup(token), timezone.now() + timedelta(days=DAYS)
        row.save(force_insert=True)
        link = (
            ""
            if unproven.is_owned(address)
            else settings.PHR_ORIGIN + reverse("sharing:claim", args=[token])
        )
        transaction.on_commit(lambda: mail.send(address, "sharing/handover", link=link, days=DAYS))
        note("hand-over", patient_id=patient.pk, subject=f"Handover/{row.pk}", basis="proxy")


def _refuse(actor: Actor, patient: Patient, address: str) -> None:
    if _kept(actor, patient).too_early:
        raise Refused("It is too early to hand this record over.")
    if actor.user_id and address in accounts.verified_addresses(actor.user_id):
        raise Refused("This is your own address. Enter the address of the person it is about.")
    day_ago = timezone.now() - timedelta(days=1)
    if Handover.objects.filter(named_by=actor.user_id, made_at__gt=day_ago).count() >= A_DAY:
        raise Refused("You have tried this too often today. Try again tomorrow.")


def withdraw(actor: Actor, patient_id: UUID) -> None:
    """Let the link that was mailed lead nowhere. `Denied` for who did not open the record."""
    with acting_as(actor):
        patient = _one(actor, patient_id)
        if _withdraw(patient):
            note("hand-over-end", patient_id=patient.pk, basis="proxy")


def _withdraw(patient: Patient) -> int:
    rows = Handover.objects.filter(_UNANSWERED, patient=patient)
    return rows.update(withdrawn_at=Now())


def _lookup(token: str) -> bytes:
    """What the database finds a row by: HMAC-SHA256 under a key that it does not know."""
    return hmac.digest(keys.portal_key("handover"), token.encode(), sha256)


# --- whoever follows the link -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Offer:
    """What stands behind a link that can still be used."""

    patient_id: UUID
    user_id: UUID
    named_by: UUID
    email: str
    ending: list[UUID]


def offer(actor: Actor, token: str) -> Offer:
    """What the link leads to; `Denied` once it was used, withdrawn or is over."""
    with acting_as(actor), connection.cursor() as cursor:
        cursor.execute(
            "SELECT patient_id, user_id, named_by, email, ending FROM phr_handover(%s) WHERE open",
            [_lookup(token)],
        )
        row = cursor.fetchone()
        if row is None:
            raise Denied("claim")
        return Offer(*row)


def claim(actor: Actor, token: str, *, password: str, sha256: str) -> bool:
    """Make the record hers who follows the link: with this password, and nobody keeps it for her.

    The link was mailed to her address alone, so that she has proved it: an account that was only
    begun with it ends, whoever chose its password. Returns whether there was one. `sha256` is that of
    the words of consent that she saw. Raises `Denied` for a link that leads nowhere any more,
    `Refused` where her address has got an account since.
    """
    with acting_as(actor):
        found = offer(actor, token)
        # Nobody has two records.
        if unproven.is_owned(found.email):
            raise Refused(_USED)
        ledger.remember_each(Kind.REVOCATION, map(str, found.ending))
        with connection.cursor() as cursor:
            cursor.execute("SELECT phr_claim(%s)", [_lookup(token)])
            if not (cursor.fetchone() or (False,))[0]:
                raise Denied("claim")
        ended = unproven.take_back(found.email)
        _open_account(found, password)
        _begin(Actor.session(found.user_id, request_id=actor.request_id), found, sha256)
        return bool(ended)


_USED = "This address has an account here. A record can be handed over to a new account only."


def _open_account(found: Offer, password: str) -> None:
    try:
        with transaction.atomic():
            User.objects.filter(pk=found.user_id).update(
                email=found.email, password=make_password(password)
            )
            EmailAddress.objects.filter(user_id=found.user_id).delete()
            EmailAddress.objects.create(
                user_id=found.user_id, email=found.email, verified=True, primary=True
            )
    except IntegrityError as error:
        raise Refused(_USED) from error


def _begin(herself: Actor, found: Offer, sha256: str) -> None:
    """From here on the act is hers: she agrees, and who kept the record is told."""
    with acting_as(herself):
        consents.give(herself, Purpose.KEEP, sha256=sha256)
        note(
            "claim",
            patient_id=found.patient_id,
            subject=f"Patient/{found.patient_id}",
            basis="owner",
        )
        if inherited.goes_on(herself):
            notices.tell(herself, NoticeKind.TAKEN_OVER, patient_id=found.patient_id)
        rows = list(Grant.objects.filter(pk__in=found.ending))
        if any(row.accepted_at for row in rows):
            notices.tell_holders(herself, NoticeKind.ENDED, rows)
        else:
            notices.tell(
                herself, NoticeKind.ENDED, patient_id=found.patient_id, to=[found.named_by]
            )


def forget_open(actor: Actor) -> int:
    """Delete what nobody answered: after a restore it may have been withdrawn, or used. How many."""
    with acting_as(actor):
        gone, _ = Handover.objects.filter(_UNANSWERED).delete()
        return gone


def forget_over(actor: Actor) -> int:
    """Delete what was over or done a month ago, with the address in it. For a job; how many."""
    with acting_as(actor):
        before = timezone.now() - timedelta(days=30)
        gone, _ = Handover.objects.filter(ends_at__lt=before).delete()
        return gone
