"""Files: encrypted in chunks, readable by range, under random names (DESIGN D6).

Layout: 22-byte header (magic, format, random salt), then chunks of 64 KiB plaintext, each
AES-256-GCM with a 16-byte tag. The object key is HKDF(blob subkey, salt). The chunk's number and a
final flag are bound to it, so cut, swapped or reordered chunks do not open: in format 1 they are
the nonce; in format 2, of files that come in pieces, they are part of the associated data, and a
random nonce stands before each chunk, because an interrupted chunk may come again with other bytes.
"""

from __future__ import annotations

import os
import secrets
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from shutil import disk_usage
from tempfile import TemporaryFile
from types import TracebackType
from typing import Self, cast
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, storages

from accounts import keys

MAGIC = b"PHRB1\x00"
MAGIC_OF_PIECES = b"PHRB2\x00"
SALT = 16
HEADER = len(MAGIC) + SALT
CHUNK = 64 * 1024
TAG = 16
NONCE = 12


def new_name() -> str:
    return secrets.token_hex(16)


def _cipher(patient_id: UUID, salt: bytes) -> AESGCM:
    return AESGCM(keys.derive(keys.subkey(patient_id, keys.Purpose.BLOB), b"object", salt))


def _nonce(number: int, *, final: bool) -> bytes:
    return struct.pack(">QI", number, int(final))


def _aad(patient_id: UUID, binary_id: UUID) -> bytes:
    return patient_id.bytes + binary_id.bytes


@dataclass(frozen=True, slots=True)
class _Seal:
    """Opens the chunks of one file; `stored` is how many bytes of nonce stand before each."""

    cipher: AESGCM
    aad: bytes
    stored: int

    @property
    def step(self) -> int:
        return self.stored + CHUNK + TAG

    def close(self, number: int, plain: bytes, *, final: bool) -> bytes:
        if not self.stored:
            return self.cipher.encrypt(_nonce(number, final=final), plain, self.aad)
        nonce = os.urandom(NONCE)
        aad = self.aad + _nonce(number, final=final)
        return nonce + self.cipher.encrypt(nonce, plain, aad)

    def open(self, number: int, block: bytes, *, final: bool) -> bytes:
        if not self.stored:
            return self.cipher.decrypt(_nonce(number, final=final), block, self.aad)
        nonce, aad = block[:NONCE], self.aad + _nonce(number, final=final)
        if len(nonce) < NONCE:
            raise InvalidTag
        return self.cipher.decrypt(nonce, block[NONCE:], aad)


def _seal_of(header: bytes, patient_id: UUID, binary_id: UUID) -> _Seal:
    magic, salt = header[: len(MAGIC)], header[len(MAGIC) :]
    if magic not in {MAGIC, MAGIC_OF_PIECES} or len(header) != HEADER:
        raise keys.Unopenable("not a file of ours")
    stored = 0 if magic == MAGIC else NONCE
    return _Seal(_cipher(patient_id, salt), _aad(patient_id, binary_id), stored)


def _create(name: str) -> File[bytes]:
    """Open a new file for writing; Django's local storage makes folder and mode only in `save`."""
    store = storages["files"]
    if not isinstance(store, FileSystemStorage):
        return store.open(name, "wb")
    Path(store.base_location).mkdir(parents=True, exist_ok=True, mode=0o700)
    only_ours = os.open(store.path(name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    return File(os.fdopen(only_ours, "wb"), name)


class Writer:
    """Takes plaintext as it arrives and keeps only ciphertext. `size` bytes, SHA-256 `digest`."""

    def __init__(self, name: str, patient_id: UUID, binary_id: UUID) -> None:
        header = MAGIC + os.urandom(SALT)
        self.name = name
        self._begin(_seal_of(header, patient_id, binary_id), _create(name))
        self._out.write(header)

    def _begin(self, seal: _Seal, out: File[bytes]) -> None:
        self.size = 0
        self._sha = sha256()
        self._seal, self._out = seal, out
        self._number = 0
        self._rest = b""

    def write(self, data: bytes) -> None:
        self.size += len(data)
        self._sha.update(data)
        self._rest += data
        start = 0
        # The last full chunk waits: only `close` knows whether it is the final one.
        while len(self._rest) - start > CHUNK:
            self._put(self._rest[start : start + CHUNK], final=False)
            start += CHUNK
        self._rest = self._rest[start:]

    def _put(self, plain: bytes, *, final: bool) -> None:
        self._out.write(self._seal.close(self._number, plain, final=final))
        self._number += 1

    def close(self) -> None:
        """Write the final chunk and make the file durable."""
        self._put(self._rest, final=True)
        self._out.flush()
        os.fsync(self._out.fileno())
        self._out.close()

    def abandon(self) -> None:
        """Close and destroy what was written so far."""
        self._out.close()
        destroy(self.name)

    @property
    def digest(self) -> bytes:
        return self._sha.digest()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()


class Shredder(Writer):
    """Does the work of a `Writer` and keeps nothing: under a key that nobody has, without a name."""

    def __init__(self) -> None:
        self.name = ""
        cipher = AESGCM(AESGCM.generate_key(256))
        # Unnamed from the beginning: it is gone with the process, too.
        self._begin(_Seal(cipher, b"", 0), File(TemporaryFile(), self.name))  # noqa: SIM115

    def abandon(self) -> None:
        self._out.close()


def put(name: str, patient_id: UUID, binary_id: UUID, chunks: Iterable[bytes]) -> Writer:
    """Store a whole file; returns the closed writer with its size and digest."""
    with Writer(name, patient_id, binary_id) as writer:
        for chunk in chunks:
            writer.write(chunk)
    return writer


def begin_pieces(name: str) -> None:
    """Make the durable beginning of a file that comes in pieces; `add_piece` writes the rest."""
    with _create(name) as out:
        out.write(MAGIC_OF_PIECES + os.urandom(SALT))
        out.flush()
        os.fsync(out.fileno())


def add_piece(
    name: str, patient_id: UUID, binary_id: UUID, data: bytes, *, start: int, final: bool
) -> None:
    """Write whole chunks from byte `start` on, over whatever an interrupted piece left; durable.

    `start` is a multiple of `CHUNK`, and so is the length of `data` unless the file ends with it
    (`final`). Raises FileNotFoundError, and `Unopenable` where less than `start` bytes are there.
    """
    path = Path(cast("FileSystemStorage", storages["files"]).path(name))
    with path.open("r+b") as out:
        seal = _seal_of(out.read(HEADER), patient_id, binary_id)
        first = start // CHUNK
        if out.seek(0, os.SEEK_END) < HEADER + first * seal.step:
            raise keys.Unopenable("cut")
        out.truncate(HEADER + first * seal.step)
        out.seek(0, os.SEEK_END)
        for at in range(0, len(data), CHUNK):
            last = final and at + CHUNK >= len(data)
            out.write(seal.close(first + at // CHUNK, data[at : at + CHUNK], final=last))
        out.flush()
        os.fsync(out.fileno())


def free_bytes() -> int:
    """How much room the place of the files has left, in bytes."""
    place = Path(cast("FileSystemStorage", storages["files"]).base_location)
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    return disk_usage(place).free


def read(
    name: str, patient_id: UUID, binary_id: UUID, *, start: int = 0, length: int | None = None
) -> Iterator[bytes]:
    """Yield plaintext from byte `start` on, `length` bytes or to the end, in pieces of at most 64 KiB.

    Raises `accounts.keys.Unopenable` where the file is damaged, cut or belongs elsewhere.
    """
    with storages["files"].open(name, "rb") as source:
        seal = _seal_of(source.read(HEADER), patient_id, binary_id)
        first = start // CHUNK
        source.seek(HEADER + first * seal.step)
        yield from _cut(_open_chunks(source, seal, first), start - first * CHUNK, length)


def _open_chunks(source: File[bytes], seal: _Seal, number: int) -> Iterator[bytes]:
    block = source.read(seal.step)
    while True:
        following = source.read(seal.step)
        try:
            yield seal.open(number, block, final=not following)
        except InvalidTag as error:
            raise keys.Unopenable("damaged or moved") from error
        if not following:
            return
        block, number = following, number + 1


def _cut(plain: Iterator[bytes], skip: int, length: int | None) -> Iterator[bytes]:
    left = length
    for piece in plain:
        part = piece[skip:] if left is None else piece[skip : skip + left]
        skip = 0
        if part:
            yield part
        if left is not None:
            left -= len(part)
            if left <= 0:
                return


def destroy(name: str) -> None:
    """Remove a file; removing it twice is no error."""
    storages["files"].delete(name)


@contextmanager
def arriving(name: str) -> Iterator[File[bytes]]:
    """A file that comes back as it once was stored: whole under its name in the end, or not there."""
    store = storages["files"]
    is_local = isinstance(store, FileSystemStorage)
    unfinished = f"{name}.part" if is_local else name
    destroy(unfinished)
    try:
        with _create(unfinished) as out:
            yield out
            if is_local:
                out.flush()
                os.fsync(out.fileno())
    except BaseException:
        destroy(unfinished)
        raise
    if is_local:
        Path(store.path(unfinished)).replace(store.path(name))


def exists(name: str) -> bool:
    return storages["files"].exists(name)


def names() -> list[str]:
    """The names of all files that are stored."""
    try:
        return storages["files"].listdir("")[1]
    except FileNotFoundError:
        return []
