"""What lets a person in, once taken away, stays away: also after a restore of an older database.

A password that was replaced, a second factor or an address that was removed, a recovery code that
was used is noted in the ledger before it goes. Django tells of every one, whichever page or command
asked for it.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from django.db.models.signals import post_save, pre_delete

from accounts import ledger
from accounts.acting import acting_as, note
from accounts.actors import Actor
from accounts.ledger import Kind
from accounts.models import User

# Two servers' clocks: what was noted shortly before the snapshot may be missing from it.
CLOCKS = timedelta(minutes=1)


def remember_password(user_id: UUID) -> None:
    """Note that the password up to now is to be good for nothing. Call before it is replaced."""
    ledger.remember(Kind.PASSWORD, str(user_id))


def _authenticator_goes(instance: Authenticator, **_: Any) -> None:
    ledger.remember(Kind.AUTHENTICATOR, _authenticator(instance))


def _address_goes(instance: EmailAddress, **_: Any) -> None:
    ledger.remember(Kind.ADDRESS, _address(instance))


def _code_is_used(
    instance: Authenticator,
    created: bool,  # noqa: FBT001 - what Django sends
    update_fields: frozenset[str] | None,
    **_: Any,
) -> None:
    """All codes go with one that was used; when they were looked at is saved field by field."""
    codes = instance.type == Authenticator.Type.RECOVERY_CODES
    if codes and not created and update_fields is None:
        ledger.remember(Kind.AUTHENTICATOR, _authenticator(instance))


post_save.connect(_code_is_used, sender=Authenticator, dispatch_uid="ledger")
pre_delete.connect(_authenticator_goes, sender=Authenticator, dispatch_uid="ledger")
pre_delete.connect(_address_goes, sender=EmailAddress, dispatch_uid="ledger")


def _authenticator(row: Authenticator) -> str:
    return f"{row.user_id}|{row.type}|{row.created_at.isoformat()}"


def _address(row: EmailAddress) -> str:
    return f"{row.user_id}|{row.email.lower()}"


def replay(actor: Actor, *, since: datetime | None = None) -> int:
    """After a restore: take away again what was taken away after `since`. Returns how many.

    Nobody knows the newer password, so that its owner has to ask for a link by mail.
    """
    after = since - CLOCKS if since else None
    return (
        _passwords(actor, set(ledger.latest(Kind.PASSWORD, since=after)))
        + _authenticators(actor, set(ledger.latest(Kind.AUTHENTICATOR, since=after)))
        + _addresses(actor, set(ledger.latest(Kind.ADDRESS, since=after)))
    )


def _passwords(actor: Actor, gone: set[bytes]) -> int:
    if not gone:
        return 0
    with acting_as(actor):
        usable = User.objects.exclude(password__startswith="!")  # noqa: S106 - none can be used
        keys = usable.values_list("pk", flat=True)
        found = [pk for pk in keys.iterator() if ledger.token(Kind.PASSWORD, str(pk)) in gone]
        for pk in found:
            User.objects.filter(pk=pk).update(password=make_password(None))
            note("password", subject=f"User/{pk}", basis="ledger")
    return len(found)


def _authenticators(actor: Actor, gone: set[bytes]) -> int:
    if not gone:
        return 0
    with acting_as(actor):
        rows = Authenticator.objects.only("user_id", "type", "created_at").iterator()
        found = [
            row for row in rows if ledger.token(Kind.AUTHENTICATOR, _authenticator(row)) in gone
        ]
        for row in found:
            row.delete()
            note("authenticator", subject=f"User/{row.user_id}", basis="ledger")
    return len(found)


def _addresses(actor: Actor, gone: set[bytes]) -> int:
    if not gone:
        return 0
    with acting_as(actor):
        rows = EmailAddress.objects.select_related("user").iterator()
        found = [row for row in rows if ledger.token(Kind.ADDRESS, _address(row)) in gone]
        for row in found:
            row.delete()
            _leave(row.user, row.email)
            note("address", subject=f"User/{row.user_id}", basis="ledger")
    return len(found)


def _leave(user: User, email: str) -> None:
    """Whoever owns the removed address now must not be able to ask for a new password with it."""
    if user.email.lower() != email.lower():
        return
    other = EmailAddress.objects.filter(user=user, verified=True).first()
    User.objects.filter(pk=user.pk).update(email=other.email if other else nowhere(user.pk))


def nowhere(user_id: UUID) -> str:
    """An address that nobody can receive mail at (RFC 2606); staff must help this person."""
    return f"{user_id}@removed.invalid"
