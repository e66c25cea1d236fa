"""A stream, encrypted in chunks, so that no plaintext of a backup ever touches a disk.

AES-256-GCM (NIST SP 800-38D) over chunks of 256 KiB, each with a 16-byte tag. The key is HKDF of the
set's random key and the part's name; the nonce is the chunk's number and a final flag, so that cut,
swapped or reordered chunks do not open.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import IO, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from accounts import keys

CHUNK = 256 * 1024
TAG = 16


@dataclass(frozen=True, slots=True)
class Sealed:
    """What is stored of one part: `size` in bytes and SHA-256 (hexadecimal) of the ciphertext."""

    size: int
    sha256: str


class Sealer:
    """Takes plaintext as it arrives and hands ciphertext on."""

    def __init__(self, out: IO[bytes], key: bytes, place: str) -> None:
        self._out, self._cipher = out, _cipher(key, place)
        self._rest, self._number, self._size = bytearray(), 0, 0
        self._sha = sha256()

    def write(self, data: bytes) -> None:
        self._rest += data
        # The last full chunk waits: only `close` knows whether it is the final one.
        while len(self._rest) > CHUNK:
            self._put(bytes(self._rest[:CHUNK]), final=False)
            del self._rest[:CHUNK]

    def close(self) -> Sealed:
        self._put(bytes(self._rest), final=True)
        return Sealed(self._size, self._sha.hexdigest())

    def _put(self, plain: bytes, *, final: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._number, final=final), plain, None)
        self._out.write(sealed)
        self._sha.update(sealed)
        self._size += len(sealed)
        self._number += 1


def seal(out: IO[bytes], key: bytes, place: str, pieces: Iterable[bytes]) -> Sealed:
    """Seal a whole stream."""
    sealer = Sealer(out, key, place)
    for piece in pieces:
        sealer.write(piece)
    return sealer.close()


def unseal(source: Any, key: bytes, place: str, expected: Sealed) -> Iterator[bytes]:
    """Yield the plaintext; the very end compares the hash of all that was read.

    Raises `accounts.keys.Unopenable` where anything was changed, cut or swapped.
    """
    cipher, digest, number = _cipher(key, place), sha256(), 0
    block = source.read(CHUNK + TAG)
    while True:
        following = source.read(CHUNK + TAG)
        digest.update(block)
        try:
            yield cipher.decrypt(_nonce(number, final=not following), block, None)
        except InvalidTag as error:
            raise keys.Unopenable("a backup is damaged") from error
        if not following:
            break
        block, number = following, number + 1
    if digest.hexdigest() != expected.sha256:
        raise keys.Unopenable("a backup is damaged")


def _cipher(key: bytes, place: str) -> AESGCM:
    return AESGCM(keys.derive(key, f"backup:{place}".encode()))


def _nonce(number: int, *, final: bool) -> bytes:
    return struct.pack(">QI", number, int(final))
