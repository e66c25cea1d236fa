"""Token Status Lists (draft-ietf-oauth-status-list, JWT form): which permissions have ended.

A list has `SIZE` entries of one bit: 0 is VALID, 1 is INVALID (section 7.1 of the draft). Half of
the entries are permissions, in an order that only a key of the portal knows, so that neighbours say
nothing. The others are decoys that turn INVALID bit by bit, so that a count says nothing.
"""

import zlib
from array import array
from base64 import urlsafe_b64encode
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import shake_256
from struct import unpack
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.urls import reverse
from joserfc import jwt
from joserfc.jwk import ECKey

from accounts import keys

BITS = 1
SIZE = 2**17
PERMISSIONS = SIZE // 2
TYPE = "statuslist+jwt"
CONTENT_TYPE = f"application/{TYPE}"
ALGORITHM = "ES256"
# Of the decoys so many are INVALID at first and, after so many days, at last.
FIRST, LAST, DAYS = 0.1, 0.9, 1826
# How many points the curve P-256 has (FIPS 186-5; SEC 2 section 2.4.2).
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def gap() -> tuple[str, list[int]]:
    """SQL for the tables' owner that has serials go on in a list of its own, and gives the first.

    A whole list is left out between: so many permissions may have been given since a backup.
    """
    fresh = "(last_value / %s + 2) * %s"
    serials = "sharing_grant_serial"
    return f"SELECT setval('{serials}', {fresh}, false) FROM {serials}", [PERMISSIONS] * 2  # noqa: S608


def place(serial: int) -> tuple[int, int]:
    """The number of the list that has the permission with this serial, and its index there."""
    number, own = divmod(serial, PERMISSIONS)
    return number, _order(number)[own]


def _drawn(key: bytes, number: int, size: int) -> tuple[int, ...]:
    """A number of 64 bits for each index of a list, which only the key gives (SHAKE256, FIPS 202)."""
    return unpack(f"<{size}Q", shake_256(key + b"%d" % number).digest(8 * size))


def _order(number: int) -> Sequence[int]:
    """Every index of a list, in the secret order: first permissions by serial, then decoys."""
    return _ordered(keys.portal_key("status-order"), number, SIZE)


@lru_cache(maxsize=16)
def _ordered(key: bytes, number: int, size: int) -> Sequence[int]:
    # The same for ever, and as long to make as ten pages; as numbers of four bytes half a megabyte.
    return array("I", sorted(range(size), key=_drawn(key, number, size).__getitem__))


def bits(number: int, serials: Collection[int], made_up_to: int, now: datetime) -> bytes:
    """The list's entries, packed: index 0 is the lowest bit of the first byte (section 4.1).

    `serials` are those of the permissions that have not ended; every other one below `made_up_to`
    has, also where its row was erased.
    """
    packed, first = bytearray(SIZE // 8), number * PERMISSIONS
    drawn = _drawn(keys.portal_key("status-order"), number, SIZE)
    set_decoys = int(_share(now) * 2**32)
    for own, index in enumerate(_order(number)):
        if own < PERMISSIONS:
            ended = first + own < made_up_to and first + own not in serials
        else:
            ended = drawn[index] & 0xFFFFFFFF < set_decoys
        if ended:
            packed[index >> 3] |= 1 << (index & 7)
    return bytes(packed)


def _share(now: datetime) -> float:
    gone = (now - _BEGAN).total_seconds() / 86400 / DAYS
    return FIRST + (LAST - FIRST) * min(max(gone, 0.0), 1.0)


def compressed(packed: bytes) -> str:
    """DEFLATE in the ZLIB format, base64url without padding (section 4.1)."""
    return urlsafe_b64encode(zlib.compress(packed, 9)).rstrip(b"=").decode()


def address(number: int) -> str:
    """Where a list is served; the `uri` of a referenced token (section 6)."""
    return settings.PHR_ORIGIN + reverse("sharing:status_list", args=[number])


def signed(number: int, packed: bytes, now: datetime) -> str:
    """The Status List Token of section 5.1, signed with ECDSA on P-256 (RFC 7518 section 3.4)."""
    issued, ttl = int(now.timestamp()), settings.PHR_STATUS_SECONDS
    claims: dict[str, Any] = {
        "iss": settings.PHR_ORIGIN,
        "sub": address(number),
        "iat": issued,
        "exp": issued + 3 * ttl,
        "ttl": ttl,
        "status_list": {"bits": BITS, "lst": compressed(packed)},
    }
    key = _key()
    header = {"alg": ALGORITHM, "typ": TYPE, "kid": key.thumbprint()}
    return jwt.encode(header, claims, key, algorithms=[ALGORITHM])


def _key() -> ECKey:
    """The signing key, derived from the secret that is kept outside the database."""
    secret = 1 + int.from_bytes(keys.portal_key("status-list")) % (_ORDER - 1)
    point = ec.derive_private_key(secret, ec.SECP256R1()).public_key().public_numbers()
    numbers = {"x": point.x, "y": point.y, "d": secret}
    told = {name: _encoded(number.to_bytes(32)) for name, number in numbers.items()}
    return ECKey.import_key({"kty": "EC", "crv": "P-256", **told})


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def public_keys() -> dict[str, Sequence[dict[str, Any]]]:
    """The JWK Set (RFC 7517) that tokens verify with."""
    key = _key()
    told = {"kid": key.thumbprint(), "use": "sig", "alg": ALGORITHM}
    return {"keys": [{**key.as_dict(private=False), **told}]}
