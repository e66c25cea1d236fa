"""The ledger of rights: what was exercised is written in the vault first, to be replayed later."""

import hmac
from collections.abc import Collection, Iterable
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from django.db import connections
from django.db.models.functions import Now

from accounts import keys
from accounts.vault.acting import in_vault
from accounts.vault.models import LedgerEntry


class Kind(StrEnum):
    """What was exercised; the newest entry of one kind and subject is what holds."""

    ADDRESS = "address"
    AUTHENTICATOR = "authenticator"
    ERASURE = "erasure"
    HOLD = "hold"
    IMPORT = "import"
    NEWS = "news"
    PAUSE = "pause"
    PASSWORD = "password"  # noqa: S105 - a kind of entry
    RECORD = "record"
    RESTRICTION = "restriction"
    REVOCATION = "revocation"
    STANDING = "standing"


REMEMBER = """
    INSERT INTO vault_ledgerentry (id, kind, token, state)
    SELECT gen_random_uuid(), %s, token, '' FROM unnest(%s::bytea[]) AS token
"""


def token(kind: Kind, subject: str) -> bytes:
    """HMAC-SHA256 of an id under a key kept outside both databases: it can be compared, not read."""
    return tokens(kind, [subject])[0]


def tokens(kind: Kind, subjects: Iterable[str]) -> list[bytes]:
    """The same of several ids, in their order."""
    key = keys.portal_key("ledger")
    return [hmac.digest(key, f"{kind}|{subject}".encode(), sha256) for subject in subjects]


def remember(kind: Kind, subject: str, *, state: str = "", entry_id: UUID | None = None) -> UUID:
    """Write that a right was exercised, committed at once. Call before the act itself commits.

    `subject` is an id (a patient's, a Grant's, …). Returns the entry's id. When the act then fails,
    a replay ends what the person wanted ended: the safe side.
    """
    fields = {"id": entry_id} if entry_id else {}
    with in_vault():
        row = LedgerEntry(kind=kind.value, token=token(kind, subject), state=state, **fields)
        row.save(force_insert=True)
    return row.pk


def remember_each(kind: Kind, subjects: Iterable[str]) -> None:
    """The same for many subjects at once: one statement, however many there are."""
    with in_vault(), connections["vault"].cursor() as cursor:
        cursor.execute(REMEMBER, [kind.value, tokens(kind, subjects)])


def entries(kind: Kind, *, since: datetime | None = None) -> list[LedgerEntry]:
    """What still can be replayed, oldest first; `since` leaves out what a backup knows already."""
    with in_vault(worker=True):
        rows = LedgerEntry.objects.filter(kind=kind.value, token__isnull=False)
        later = rows.filter(made_at__gte=since) if since else rows
        return list(later.order_by("made_at", "id"))


def latest(kind: Kind, *, since: datetime | None = None) -> dict[bytes, LedgerEntry]:
    """Token → the entry that was written last."""
    return {bytes(row.token or b""): row for row in entries(kind, since=since)}


def close(entry: LedgerEntry, *, state: str) -> None:
    """Write a further entry about whom an earlier one was about, whoever that is."""
    with in_vault(worker=True):
        LedgerEntry(kind=entry.kind, token=entry.token, state=state).save(force_insert=True)


def empty(before: datetime, *, but: Collection[UUID] = ()) -> int:
    """Forget whom entries made before that instant were about. Returns how many were emptied."""
    with in_vault(worker=True):
        rows = LedgerEntry.objects.filter(token__isnull=False, made_at__lt=before)
        return rows.exclude(pk__in=but).update(token=None, emptied_at=Now())


def empty_entry(entry_id: UUID) -> None:
    """Forget whom one entry was about: nothing is left that could bring back what it ended."""
    with in_vault(worker=True):
        rows = LedgerEntry.objects.filter(pk=entry_id, token__isnull=False)
        rows.update(token=None, emptied_at=Now())
