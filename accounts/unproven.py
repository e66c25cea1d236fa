"""An address is somebody's once she has proved it, and not before: who proves it first has it.

Whoever begins an account chooses its password before she proves its address. So nothing of such an
account goes to who does prove the address: it ends, and she begins with a password of her own.
"""

from uuid import UUID

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts import mail
from accounts.acting import note
from accounts.leaving import end_sessions, gone_address
from accounts.models import User

PROVED = EmailAddress.objects.filter(user=OuterRef("pk"), verified=True)
# Nobody is signed in without a proved address: such an account has nothing in it.
BEGUN = Q(last_login=None, is_staff=False, is_superuser=False) & ~Q(Exists(PROVED))


def is_owned(email: str) -> bool:
    """Whether an account proved this address, or was ever used with it. Within an act."""
    proved = EmailAddress.objects.filter(email__iexact=email, verified=True).exists()
    return proved or User.objects.filter(~BEGUN, email=email.lower()).exists()


def take_back(email: str) -> int:
    """Take an address that nobody owns from all who began to use it and never proved it.

    An account that has another address loses this one and is told there, without a word about why; one
    that was only begun with it ends as an empty shell. Within the act of who has proved it now.
    Returns how many accounts ended.
    """
    # Who proves it at this moment keeps it: her row is waited for, and is no longer among these.
    rows = EmailAddress.objects.select_for_update(of=("self",)).select_related("user")
    for row in rows.filter(email__iexact=email, verified=False):
        row.delete()
        note("address", subject=f"User/{row.user_id}", basis="claim")
        if row.user.is_active and row.user.email != email.lower():
            mail.send(row.user.email, "accounts/address")
    begun = _begun(email).values_list("pk", flat=True)
    return sum(_end(user_id) for user_id in list(begun))


def _begun(email: str) -> QuerySet[User]:
    return User.objects.filter(BEGUN, email=email.lower())


def _end(user_id: UUID) -> int:
    end_sessions(user_id)
    note("account-end", subject=f"User/{user_id}", basis="claim")
    return User.objects.filter(pk=user_id).update(
        email=gone_address(user_id), password=make_password(None), is_active=False
    )
