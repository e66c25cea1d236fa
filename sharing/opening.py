"""What is sealed with a link: for whom it is, and the secret and the key that open it."""

import hmac
import os
from hashlib import sha256

from accounts import keys
from sharing.health_links import SECRET_BYTES
from sharing.models import ShareLink


def lookup(secret: bytes) -> bytes:
    """What the database finds a link by: HMAC-SHA256 under a key that it does not know."""
    return hmac.digest(keys.portal_key("link"), secret, sha256)


def seal(link: ShareLink, recipient: str) -> None:
    """Give a link that is being made a new secret and key, and the name it is for."""
    both = os.urandom(2 * SECRET_BYTES)
    link.lookup = lookup(both[:SECRET_BYTES])
    link.secret_sealed = _seal(link, "secret", both)
    link.recipient_sealed = _seal(link, "recipient", recipient.encode())


def recipient_of(link: ShareLink) -> str:
    """For whom its patient said that it is."""
    return _unseal(link, "recipient", bytes(link.recipient_sealed)).decode()


def secret_and_key(link: ShareLink) -> tuple[bytes, bytes] | None:
    """The 256-bit secret of its address and the 256-bit key of its files; None once it has ended."""
    if link.secret_sealed is None:
        return None
    both = _unseal(link, "secret", bytes(link.secret_sealed))
    return both[:SECRET_BYTES], both[SECRET_BYTES:]


def _seal(link: ShareLink, field: str, plaintext: bytes) -> bytes:
    return keys.seal(link.patient_id, keys.Purpose.BODY, _place(link, field), plaintext)


def _unseal(link: ShareLink, field: str, sealed: bytes) -> bytes:
    return keys.unseal(link.patient_id, keys.Purpose.BODY, _place(link, field), sealed)


def _place(link: ShareLink, field: str) -> str:
    return f"sharing_sharelink/{link.pk}/{field}"
