"""What happens to permissions: granting, accepting, changing, pausing, revoking."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from accounts import ledger, mail
from accounts import services as accounts
from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied
from accounts.ledger import Kind
from accounts.models import Patient
from sharing import policy
from sharing.models import AccessRequest, Grant, NoticeKind, Path
from sharing.policy import Action
from sharing.scopes import Scope, seal_agreement, whole
from sharing.services import attestations, emergencies, notices
from sharing.services.ending import end_passed_on
from sharing.services.listing import one_waiting
from sharing.services.recipients import Recipient, bind, bound_alike, refuse_beyond, tell
from sharing.services.recipients import Refused as Refused  # noqa: PLC0414 - its name to all callers

FLOOD = 5
END_EACH = """
    UPDATE sharing_grant SET revoked_at = statement_timestamp()
    WHERE patient_id = %s AND id = ANY (%s::uuid[])
"""


def grant(actor: Actor, to: str | Recipient, *, scope: Scope, agreement: str = "") -> UUID:
    """Let a person or a facility see part of the actor's record. Returns the Grant's id.

    `to` is an e-mail address, or who was chosen in the directory. `agreement` is the text she
    agreed to, to be kept. Whoever owns the address must confirm it before anything is visible,
    whether or not they have an account, so that this act never tells which. Raises `Denied` for
    anybody without a record, and for who is not in the directory; `Refused` for one's own address,
    for a facility that closes, and for too many invitations in a day.
    """
    with acting_as(actor):
        patient = lock(actor, Action.SHARE)
        if isinstance(to, Recipient) and to.acts and to.acts.may_manage:
            scope = whole(scope)
        row = scope.drawn_up(patient)
        bind(row, to if isinstance(to, Recipient) else Recipient(to))
        refuse_beyond(actor, row)
        if row.accepted_at is None:
            _refuse_many(patient, settings.PHR_INVITATIONS_A_DAY)
        _refuse_flood(patient)
        _give(row, agreement)
        tell(actor, row)
        return row.pk


def _give(row: Grant, agreement: str) -> None:
    """Keep a permission that was drawn up; who is not yet bound to it is invited."""
    row.invitation_ends_at = timezone.now() + timedelta(days=settings.PHR_INVITATION_DAYS)
    row.agreement_sealed = seal_agreement(row, agreement)
    row.save(force_insert=True)
    move_epoch(row.patient_id)
    if row.accepted_at is None:
        link = settings.PHR_ORIGIN + reverse("sharing:invitation", args=[row.pk])
        address = row.invited_email
        transaction.on_commit(lambda: mail.send(address, "sharing/invitation", link=link))
    note("share", patient_id=row.patient_id, subject=f"Grant/{row.pk}", basis="owner")


def change(actor: Actor, grant_id: UUID, *, scope: Scope, agreement: str = "") -> UUID:
    """Put another permission in the place of one: the same person, another scope, a new agreement.

    The earlier one ends in the same transaction and stays readable. Returns the new Grant's id.
    Raises `Denied` for what is not the actor's own, `Refused` for what has ended, and for too many
    invitations in a day: to change one that nobody has accepted yet sends another.
    """
    with acting_as(actor):
        old = _own(actor, grant_id, Action.SHARE)
        if old.revoked_at or (old.ends_at and old.ends_at <= timezone.now()):
            raise Refused("This sharing has ended. You can share again.")
        if old.via_id and scope.may_reshare:
            raise Refused("This was passed on to them. They cannot pass it on again.")
        if old.path in {Path.EMERGENCY, Path.LINK}:
            raise Refused("This cannot be changed. End it, and make another one.")
        if old.accepted_at is None:
            # Who made a mistake in the last invitation of a day can still narrow it.
            _refuse_many(old.patient, 2 * settings.PHR_INVITATIONS_A_DAY)
        row = (whole(scope) if old.may_manage else scope).drawn_up(old.patient)
        bound_alike(row, old)
        refuse_beyond(actor, row)
        _end(actor, old)
        _give(row, agreement)
        return row.pk


def _own(actor: Actor, grant_id: UUID, action: Action = Action.REVOKE) -> Grant:
    """One of the actor's own permissions, held until the end of the act."""
    patient = lock(actor, action)
    rows = Grant.objects.select_for_update(of=("self",)).select_related("patient")
    row = rows.filter(policy.alterable(actor), pk=grant_id, patient=patient).first()
    if row is None:
        raise Denied(action.value, patient_id=patient.pk, subject=f"Grant/{grant_id}")
    return row


def _refuse_many(patient: Patient, most: int) -> None:
    """Count what she sent by mail, so neither a change of what was accepted, nor what was passed on."""
    day_ago = timezone.now() - timedelta(days=1)
    given = patient.grants.filter(created_at__gt=day_ago).exclude(invited_email="")
    given = given.exclude(via__isnull=False, replaces=None)
    sent = given.exclude(replaces__isnull=False, accepted_at__lt=F("created_at"))
    if sent.count() >= most:
        raise Refused(f"You have sent {most} invitations in one day. Try again tomorrow.")


def _refuse_flood(patient: Patient) -> None:
    """Whom she shares with is told each time: nobody fills the notices of facilities."""
    given = patient.grants.filter(created_at__gt=timezone.now() - timedelta(days=1))
    if given.count() >= FLOOD * settings.PHR_INVITATIONS_A_DAY:
        raise Refused("You have shared very often in one day. Try again tomorrow.")


def lock(actor: Actor, action: Action) -> Patient:
    """The actor's own record, held until the end of the act: nobody else changes what she shares."""
    patient = policy.require_own(actor, action)
    # Lock order everywhere: patient, then grant, then item.
    # NO KEY: an import that is adding records meanwhile must not hold up a revocation.
    held = Patient.objects.select_for_update(no_key=True).filter(pk=patient.pk).first()
    if held is None:  # Who kept it for her lost it while this waited.
        raise Denied(action.value, patient_id=patient.pk, subject=f"Patient/{patient.pk}")
    return held


def move_epoch(patient_id: UUID) -> None:
    """Say that who may see this patient's record is changing; call before what changes it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT phr_move_epoch(%s)", [patient_id])


def accept(actor: Actor, grant_id: UUID) -> UUID:
    """Bind an invitation to the actor, who owns the invited address. Returns the Patient's id."""
    with acting_as(actor):
        row = one_waiting(actor, grant_id)
        move_epoch(row.patient_id)
        open_ = Grant.objects.filter(~_opened_by(actor), pk=row.pk, grantee=None, revoked_at=None)
        bound = open_.update(grantee_id=actor.user_id, accepted_at=Now())
        if not bound:
            raise Denied("accept", subject=f"Grant/{grant_id}")
        note(
            "accept", patient_id=row.patient_id, subject=f"Grant/{row.pk}", basis=f"grant:{row.pk}"
        )
        notices.tell(actor, NoticeKind.ACCEPTED, patient_id=row.patient_id, grant_id=row.pk)
        return row.patient_id


def _opened_by(actor: Actor) -> Exists:
    """Of a record that she opened for somebody she takes nothing, whichever address it was sent to."""
    return Exists(Patient.objects.filter(pk=OuterRef("patient_id"), opened_by=actor.user_id))


def revoke(actor: Actor, grant_id: UUID) -> None:
    """Take a permission back; it holds from the next request on. Doing it twice changes nothing.

    What was passed on from it ends too.
    """
    with acting_as(actor):
        row = _own(actor, grant_id)
        if row.revoked_at is None:
            _end(actor, row)
            attestations.ask(actor, row.patient_id, [row.pk])
            notices.tell_holders(actor, NoticeKind.ENDED, [row])


def _end(actor: Actor, row: Grant) -> None:
    ledger.remember(Kind.REVOCATION, str(row.pk))
    row.revoked_at = Now()
    row.save(update_fields=["revoked_at"])
    end_passed_on(actor, row.patient_id, [row.pk], basis="owner")
    move_epoch(row.patient_id)
    note("revoke", patient_id=row.patient_id, subject=f"Grant/{row.pk}", basis="owner")


def revoke_all(actor: Actor) -> int:
    """Take back every permission and invitation at once. Returns how many.

    Needs nothing but the two databases.
    """
    with acting_as(actor):
        patient = lock(actor, Action.REVOKE)
        rows = Grant.objects.select_for_update().filter(policy.alterable(actor), patient=patient)
        rows = rows.filter(revoked_at=None)
        held = list(rows.only("path", "grantee_id", "organization_id", "accepted_at"))
        ids = [row.pk for row in held]
        if ids:
            ledger.remember_each(Kind.REVOCATION, map(str, ids))
            _end_each(patient, ids)
            move_epoch(patient.pk)
            attestations.ask(actor, patient.pk, ids)
            notices.tell_holders(actor, NoticeKind.ENDED, held)
            note("revoke-all", patient_id=patient.pk, basis="owner")
        emergencies.disarm(actor)
        _refuse_waiting(patient)
        return len(ids)


def _end_each(patient: Patient, ids: list[UUID]) -> None:
    """End many at once, named by one value: a statement with ten thousand is slow to put together."""
    with connection.cursor() as cursor:
        cursor.execute(END_EACH, [patient.pk, ids])


def _refuse_waiting(patient: Patient) -> None:
    """Say no to whoever asks for access and waits; who asked is not told."""
    AccessRequest.objects.filter(
        email__in=accounts.verified_addresses(patient.user_id), granted_at=None, refused_at=None
    ).update(refused_at=Now())


def pause(actor: Actor, grant_id: UUID) -> None:
    """Let an accepted permission give nothing until it is resumed; holds at once."""
    with acting_as(actor):
        row = _own(actor, grant_id)
        if row.accepted_at and row.paused_at is None and row.revoked_at is None:
            ledger.remember(Kind.PAUSE, str(row.pk), state="paused")
            _set_paused(row, Now(), "pause")
            notices.tell_holders(actor, NoticeKind.PAUSED, [row])


def resume(actor: Actor, grant_id: UUID) -> None:
    """Let a paused permission give again what it covers."""
    with acting_as(actor):
        row = _own(actor, grant_id, Action.SHARE)
        if row.paused_at and row.revoked_at is None:
            _set_paused(row, None, "resume")
            notices.tell_holders(actor, NoticeKind.RESUMED, [row])
            # Only once it is done: what fails must not let a restored backup go on sharing.
            subject = str(row.pk)
            transaction.on_commit(lambda: ledger.remember(Kind.PAUSE, subject, state="resumed"))


def _set_paused(row: Grant, at: Now | None, action: str) -> None:
    move_epoch(row.patient_id)
    Grant.objects.filter(pk=row.pk, patient_id=row.patient_id).update(paused_at=at)
    note(action, patient_id=row.patient_id, subject=f"Grant/{row.pk}", basis="owner")
