"""Opaque sensitivity tokens: a stolen dump does not say who has which kind of record (DESIGN D4)."""

import hmac
from collections.abc import Iterable
from hashlib import sha256
from uuid import UUID

from accounts import keys
from sharing.labels import Sensitivity

_BLOCK = sha256().block_size


def keyed(key: bytes, text: str) -> int:
    """HMAC-SHA256 cut to a signed 64-bit number, as PostgreSQL's bigint holds it."""
    return int.from_bytes(hmac.digest(key, text.encode(), sha256)[:8], "big", signed=True)


class Keyed:
    """The same under one key, made many times: what a key does to a hash is done once.

    HMAC as RFC 2104 writes it. Raises ValueError for a key longer than a block of SHA-256.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) > _BLOCK:
            raise ValueError("the key is too long")
        padded = key.ljust(_BLOCK, b"\0")
        self._inner = sha256(bytes(byte ^ 0x36 for byte in padded))
        self._outer = sha256(bytes(byte ^ 0x5C for byte in padded))

    def digest(self, text: str) -> bytes:
        """HMAC-SHA256, 32 bytes."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(text.encode())
        outer.update(inner.digest())
        return outer.digest()

    def token(self, text: str) -> int:
        """What `keyed` gives."""
        return int.from_bytes(self.digest(text)[:8], "big", signed=True)


def label_tokens(patient_id: UUID) -> dict[Sensitivity, int]:
    """Every sensitivity label's token for this patient; another patient's tokens differ."""
    key = keys.subkey(patient_id, keys.Purpose.INDEX)
    return {label: keyed(key, f"label:{label.value}") for label in Sensitivity}


def labels_of(patient_id: UUID, tokens: Iterable[int]) -> list[Sensitivity]:
    """The labels behind tokens, in the order of `Sensitivity`."""
    wanted = set(tokens)
    return [label for label, token in label_tokens(patient_id).items() if token in wanted]


def joined(patient_id: UUID, tokens: Iterable[int]) -> list[int]:
    """These labels as they stand together: what is sensitive or not sorted is not ordinary too."""
    ordinary = label_tokens(patient_id)[Sensitivity.N]
    return sorted({*tokens} - {ordinary}) or [ordinary]
