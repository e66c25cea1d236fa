"""Leaving: an account is closed in the act that asks for it, and taken apart by workers afterwards."""

from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.sessions.models import Session
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet

from accounts import consents, mail
from accounts.acting import acting_as
from accounts.actors import Actor
from accounts.models import AuditEvent, LicenceCheck, Patient, Practitioner, User


def end_sessions(user_id: UUID) -> int:
    """End every session of a user, inside the caller's act. Returns how many there were."""
    devices = UserSession.objects.filter(user_id=user_id)
    keys = list(devices.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    devices.delete()
    return len(keys)


def close(user_id: UUID) -> None:
    """Nobody can sign in to this account any more; every session ends. Inside the caller's act."""
    User.objects.filter(pk=user_id).update(is_active=False)
    end_sessions(user_id)


def reopen(user_id: UUID) -> None:
    """The account can be signed in to again. Inside the caller's act."""
    User.objects.filter(pk=user_id).update(is_active=True)


def who_is_leaving(email: str, password: str) -> UUID | None:
    """The closed account that this address and password belong to; takes as long when there is none."""
    user = User.objects.filter(email=email.lower(), is_active=False).first()
    if user is None or not user.has_usable_password():
        make_password(password)
        return None
    return user.pk if check_password(password, user.password) else None


def is_patient_leaving(actor: Actor) -> bool:
    """Whether the actor's old record is still on its way out."""
    with acting_as(actor), connection.cursor() as cursor:
        cursor.execute("SELECT phr_leaving()")
        row = cursor.fetchone()
        return bool(row and row[0])


def addresses(user_id: UUID) -> list[str]:
    """Every e-mail address of a user, whether proved or not, in lower case."""
    rows = EmailAddress.objects.filter(user_id=user_id).values_list("email", flat=True)
    own = User.objects.filter(pk=user_id).values_list("email", flat=True)
    return sorted({address.lower() for address in (*rows, *own)})


def awaits_mail(actor: Actor, user_id: UUID) -> bool:
    """Whether a mail to any address of a user has not gone yet."""
    with acting_as(actor):
        found = addresses(user_id)
    return any(mail.waits_for(actor, address) for address in found)


def forget_mails(actor: Actor, user_id: UUID) -> int:
    """Drop what waits to be sent to any address of a user. Returns how many mails."""
    with acting_as(actor):
        found = addresses(user_id)
    return sum(mail.forget_address(actor, address) for address in found)


def forget_patient(actor: Actor, patient_id: UUID) -> int:
    """Delete the row of a patient whose record is purged; fails while anything hangs on it."""
    with acting_as(actor, about=patient_id), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        consents.end_keeping(actor, patient_id)
        return _delete(Patient.objects.filter(pk=patient_id, erasing_at__isnull=False))


def forget_user(actor: Actor, user_id: UUID) -> int:
    """Delete an account and everything about who she is. Returns how many rows.

    Where rows that stay name her, whichever they are, an empty shell stays too, so that other
    people's log and receipts still read as one and the same person; of a care professional who
    opened somebody's record the name and licence stay with it (GDPR Art. 17(3)(b) and (e)).
    """
    count = consents.forget_user(actor, user_id)
    with acting_as(actor):
        end_sessions(user_id)
        for rows in (
            EmailConfirmation.objects.filter(email_address__user_id=user_id),
            EmailAddress.objects.filter(user_id=user_id),
            Authenticator.objects.filter(user_id=user_id),
            User.groups.through.objects.filter(user_id=user_id),
            User.user_permissions.through.objects.filter(user_id=user_id),
        ):
            count += _delete(rows)
        looked = AuditEvent.objects.filter(actor_id=user_id, basis__startswith="grant:").exists()
        if not looked:
            count += _delete(LicenceCheck.objects.filter(practitioner__user_id=user_id))
            count += _delete(Practitioner.objects.filter(user_id=user_id))
        return count + _delete_or_empty(user_id)


def _delete_or_empty(user_id: UUID) -> int:
    # A job sees no rows of patients it is not about; the database's own keys know of every one.
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    try:
        with transaction.atomic():
            return _delete(User.objects.filter(pk=user_id))
    except IntegrityError:
        return _empty(user_id)


def _delete(rows: QuerySet[Any]) -> int:
    # One statement: the database's own keys say whether anything still hangs on the rows.
    return int(rows._raw_delete("default"))  # noqa: SLF001


def _empty(user_id: UUID) -> int:
    return User.objects.filter(pk=user_id).update(
        email=gone_address(user_id), password=make_password(None), is_active=False, last_login=None
    )


def gone_address(user_id: UUID) -> str:
    """What stands where an erased address stood; nobody can receive anything there (RFC 2606)."""
    return f"{user_id}@erased.invalid"
