"""What happens to permissions: granting, accepting, revoking; and who holds which."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from accounts import ledger, mail
from accounts import services as accounts
from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied, Door
from accounts.ledger import Kind
from accounts.models import AuditEvent, Patient
from sharing import policy
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.models import Grant
from sharing.policy import Action
from sharing.tokens import label_tokens, labels_of


@dataclass(frozen=True, slots=True)
class Scope:
    """What a permission covers, in words the patient chose."""

    categories: tuple[Category, ...]
    labels: tuple[Sensitivity, ...]
    may_copy: bool
    ends_at: datetime | None

    @property
    def every_category(self) -> bool:
        return set(self.categories) == set(Category)


@dataclass(frozen=True, slots=True)
class Held:
    """One permission as its patient or its grantee sees it."""

    grant: Grant
    scope: Scope
    person: accounts.Person
    patient_name: str = ""
    looked_at: datetime | None = None

    @property
    def state(self) -> str:
        """One of: revoked, waiting, expired, ended, active."""
        now = timezone.now()
        if self.grant.revoked_at:
            return "revoked"
        if self.grant.ends_at and self.grant.ends_at <= now:
            return "ended"
        if self.grant.grantee_id is None:
            return "waiting" if self.grant.invitation_ends_at > now else "expired"
        return "active"


class Refused(Exception):
    """A permission that cannot be given; the text is one sentence for the person who asked."""


def grant(actor: Actor, email: str, *, scope: Scope) -> UUID:
    """Let one person see part of the actor's record. Returns the Grant's id.

    Whoever owns the address must confirm it before anything is visible, whether or not they have
    an account, so that this act never tells which. Raises `Denied` for anybody without a record,
    `Refused` for one's own address and for too many invitations in a day.
    """
    with acting_as(actor):
        patient = _lock(policy.require_own(actor, Action.SHARE))
        _refuse_misuse(patient, email)
        tokens = label_tokens(patient.pk)
        row = Grant(
            patient=patient,
            invited_email=email.lower(),
            categories=[category.value for category in scope.categories],
            labels=[tokens[label] for label in scope.labels],
            may_copy=scope.may_copy,
            ends_at=scope.ends_at,
            invitation_ends_at=timezone.now() + timedelta(days=settings.PHR_INVITATION_DAYS),
        )
        row.save()
        move_epoch(patient.pk)
        link = settings.PHR_ORIGIN + reverse("sharing:invitation", args=[row.pk])
        transaction.on_commit(lambda: mail.send(row.invited_email, "sharing/invitation", link=link))
        note("share", patient_id=patient.pk, subject=f"Grant/{row.pk}", basis="owner")
        return row.pk


def _refuse_misuse(patient: Patient, email: str) -> None:
    if email.lower() in accounts.verified_addresses(patient.user_id):
        raise Refused("This is your own address. Enter the address of the other person.")
    day_ago = timezone.now() - timedelta(days=1)
    if patient.grants.filter(created_at__gt=day_ago).count() >= settings.PHR_INVITATIONS_A_DAY:
        raise Refused(
            f"You have sent {settings.PHR_INVITATIONS_A_DAY} invitations in one day. Try again tomorrow."
        )


def _lock(patient: Patient) -> Patient:
    # Lock order everywhere: patient, then grant, then item.
    # NO KEY: an import that is adding records meanwhile must not hold up a revocation.
    return Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)


def move_epoch(patient_id: UUID) -> None:
    """Say that who may see this patient's record is changing; call before what changes it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT phr_move_epoch(%s)", [patient_id])


def invitation(actor: Actor, grant_id: UUID) -> Held:
    """The invitation for the actor's own verified address, or `Denied`."""
    with acting_as(actor):
        return _held_by_me(actor, _invitation(actor, grant_id))


def _invitation(actor: Actor, grant_id: UUID) -> Grant:
    row = None
    if actor.door is Door.SESSION and actor.user_id:
        mine = accounts.verified_addresses(actor.user_id)
        row = Grant.objects.waiting().filter(pk=grant_id, invited_email__in=mine).first()
    if row is None:
        raise Denied("accept", subject=f"Grant/{grant_id}")
    return row


def accept(actor: Actor, grant_id: UUID) -> UUID:
    """Bind an invitation to the actor, who owns the invited address. Returns the Patient's id."""
    with acting_as(actor):
        row = _invitation(actor, grant_id)
        move_epoch(row.patient_id)
        bound = Grant.objects.filter(pk=row.pk, grantee=None, revoked_at=None).update(
            grantee_id=actor.user_id, accepted_at=Now()
        )
        if not bound:
            raise Denied("accept", subject=f"Grant/{grant_id}")
        note(
            "accept", patient_id=row.patient_id, subject=f"Grant/{row.pk}", basis=f"grant:{row.pk}"
        )
        return row.patient_id


def revoke(actor: Actor, grant_id: UUID) -> None:
    """Take a permission back; it holds from the next request on. Doing it twice changes nothing."""
    with acting_as(actor):
        patient = _lock(policy.require_own(actor))
        row = Grant.objects.select_for_update().filter(pk=grant_id, patient=patient).first()
        if row is None:
            raise Denied("revoke", patient_id=patient.pk, subject=f"Grant/{grant_id}")
        if row.revoked_at is None:
            ledger.remember(Kind.REVOCATION, str(grant_id))
            row.revoked_at = Now()
            row.save(update_fields=["revoked_at"])
            move_epoch(patient.pk)
            note("revoke", patient_id=patient.pk, subject=f"Grant/{row.pk}", basis="owner")


def replay_revocations(actor: Actor) -> int:
    """After a restore: end again what the ledger says was taken back. For a job; returns how many."""
    ended = ledger.latest(Kind.REVOCATION)
    with acting_as(actor):
        rows = list(Grant.objects.filter(revoked_at=None).values_list("pk", "patient_id"))
    again = [row for row in rows if ledger.token(Kind.REVOCATION, str(row[0])) in ended]
    for grant_id, patient_id in again:
        _end_again(actor, grant_id, patient_id)
    return len(again)


def _end_again(actor: Actor, grant_id: UUID, patient_id: UUID) -> None:
    with acting_as(actor, about=patient_id):
        if Grant.objects.filter(pk=grant_id, revoked_at=None).update(revoked_at=Now()):
            note("revoke", patient_id=patient_id, subject=f"Grant/{grant_id}", basis="ledger")


def given(actor: Actor) -> list[Held]:
    """Every permission the actor ever gave, newest first: the one list of who has access (C50)."""
    with acting_as(actor):
        patient = policy.require_own(actor)
        rows = list(Grant.objects.filter(patient=patient).order_by("-created_at", "-id"))
        people = accounts.people({row.grantee_id for row in rows if row.grantee_id})
        looked = _last_looks(patient.pk)
        return [_held(row, people, looked) for row in rows]


def _last_looks(patient_id: UUID) -> dict[str, datetime]:
    looks = AuditEvent.objects.filter(
        patient_id=patient_id, action__in=[Action.READ, Action.COPY], basis__startswith="grant:"
    )
    return dict(looks.values_list("basis").annotate(Max("at")))


def _held(row: Grant, people: dict[UUID, accounts.Person], looked: dict[str, datetime]) -> Held:
    person = people.get(row.grantee_id) if row.grantee_id else None
    return Held(
        row,
        scope_of(row),
        person or accounts.Person(row.invited_email),
        looked_at=looked.get(f"grant:{row.pk}"),
    )


def scope_of(row: Grant) -> Scope:
    return Scope(
        categories=tuple(category for category in Category if category.value in row.categories),
        labels=tuple(labels_of(row.patient_id, row.labels)),
        may_copy=row.may_copy,
        ends_at=row.ends_at,
    )


@dataclass(frozen=True, slots=True)
class Receipt:
    """What somebody saw and copied under one permission (C53)."""

    held: Held
    seen: dict[UUID, datetime]
    copied: dict[UUID, datetime]


def receipt(actor: Actor, grant_id: UUID) -> Receipt:
    """The receipt of one of the actor's own permissions, or `Denied`."""
    with acting_as(actor):
        patient = policy.require_own(actor)
        row = Grant.objects.filter(pk=grant_id, patient=patient).first()
        if row is None:
            raise Denied("receipt", patient_id=patient.pk, subject=f"Grant/{grant_id}")
        people = accounts.people({row.grantee_id} if row.grantee_id else set())
        events = AuditEvent.objects.filter(patient_id=patient.pk, basis=f"grant:{row.pk}")
        return Receipt(
            _held(row, people, {}),
            _first_times(events.filter(action=Action.READ)),
            _first_times(events.filter(action=Action.COPY)),
        )


def _first_times(events: Iterable[AuditEvent]) -> dict[UUID, datetime]:
    times: dict[UUID, datetime] = {}
    for event in sorted(events, key=lambda event: event.at):
        for record in event.records:
            times.setdefault(record, event.at)
    return times


@dataclass(frozen=True, slots=True)
class Shared:
    """What a care provider finds when she comes in."""

    open: list[Held]
    waiting: list[Held]


def shared(actor: Actor, *, most: int = 100) -> Shared:
    """Who shares with the actor now, and the invitations waiting for her verified addresses."""
    with acting_as(actor):
        if actor.door is not Door.SESSION or actor.user_id is None:
            raise Denied("read")
        mine = Grant.objects.active().filter(grantee_id=actor.user_id).select_related("patient")
        addresses = accounts.verified_addresses(actor.user_id)
        waiting = Grant.objects.waiting().filter(invited_email__in=addresses)
        return Shared(
            [_held_by_me(actor, row) for row in mine.order_by("-created_at", "-id")[:most]],
            [_held_by_me(actor, row) for row in waiting.order_by("-created_at", "-id")[:most]],
        )


def _held_by_me(actor: Actor, row: Grant) -> Held:
    name = accounts.name_of(row.patient) if row.grantee_id == actor.user_id else ""
    return Held(row, scope_of(row), accounts.Person(""), patient_name=name)
