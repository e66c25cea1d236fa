"""Opaque references for billing: keyed for one facility, so that nobody else resolves them (S21)."""

import hmac
import os
from hashlib import blake2b, sha256
from uuid import UUID

from accounts import keys
from sharing.models import UsageKey

MARK, REST = 8, 24


def key_of(organization_id: UUID) -> bytes:
    """The facility's key, made when it is first asked for. Within an open act."""
    row = UsageKey.objects.filter(pk=organization_id).first()
    if row is None:
        sealed = keys.seal_portal(_place(organization_id), os.urandom(32))
        UsageKey.objects.bulk_create(
            [UsageKey(organization_id=organization_id, key_sealed=sealed)], ignore_conflicts=True
        )
        row = UsageKey.objects.get(pk=organization_id)
    return keys.unseal_portal(_place(organization_id), bytes(row.key_sealed))


def known_key(organization_id: UUID) -> bytes | None:
    """The same where there is one."""
    if not UsageKey.objects.filter(pk=organization_id).exists():
        return None
    return key_of(organization_id)


def _place(organization_id: UUID) -> str:
    return f"sharing_usagekey/{organization_id}"


def mark(key: bytes) -> bytes:
    """The first 8 bytes of every reference of the facility whose key this is."""
    return hmac.digest(key, b"facility", sha256)[:MARK]


def reference(key: bytes, subject: str) -> bytes:
    """The 32 bytes that stand for `subject`, such as `Record/<id>` (HMAC-SHA256, cut)."""
    return mark(key) + hmac.digest(key, f"used:{subject}".encode(), sha256)[:REST]


def weakly(subject: str) -> list[bytes]:
    """What somebody without any key could make of `subject`, such as `Record/<id>`, to compare with."""
    pk = UUID(subject.rpartition("/")[2])
    found = [pk.bytes]
    for text in (subject, f"used:{subject}", str(pk), pk.hex, pk.bytes):
        raw = text if isinstance(text, bytes) else text.encode()
        found += [sha256(raw).digest(), hmac.digest(b"", raw, sha256), blake2b(raw).digest()]
    return found
