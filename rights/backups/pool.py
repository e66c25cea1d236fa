"""The portal's files in the repository: each copied once, named by the list of every set it is in."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from random import SystemRandom
from typing import Any

import orjson
from django.core.files.storage import storages

from phr import storage
from rights.backups.dump import Incomplete
from rights.backups.manifest import Manifest
from rights.backups.programs import PIECE
from rights.backups.repository import POOL, Repository
from rights.backups.sealing import Sealed, seal, unseal

LIST = "list"
READ_AGAIN = 20


@dataclass(frozen=True, slots=True)
class Pooled:
    """One file as it lies in the pool, encrypted under its patient's key; SHA-256 hexadecimal."""

    name: str
    size: int
    sha256: str


def put(repository: Repository, names: Iterable[str], known: dict[str, Pooled]) -> list[Pooled]:
    """Copy what is not soundly in the pool yet and read it back. Returns what is there of `names`.

    Of files that earlier sets name (`known`) the sizes are compared, and a few are read again. One
    that the store has lost is left out: the caller says so. Raises `Incomplete`.
    """
    there = repository.pooled()
    again = set(SystemRandom().sample(there, min(READ_AGAIN, len(there))))
    found, left = [], set(there)
    for name in names:
        earlier = known.get(name)
        if earlier and name in left and _seems_sound(repository, earlier, read=name in again):
            found.append(earlier)
        elif storage.exists(name):
            copied = _copy(repository, name)
            found += [copied] if earlier in {None, copied} else []
        elif name in left and not earlier:
            found.append(_in_pool(repository, name))
    return found


def _seems_sound(repository: Repository, file: Pooled, *, read: bool) -> bool:
    if read:
        return is_sound(repository, file)
    with suppress(OSError):
        return repository.pooled_size(file.name) == file.size
    return False


def is_sound(repository: Repository, file: Pooled) -> bool:
    """Whether the pool has it and can be read, to its last byte, as it was put there."""
    try:
        return _in_pool(repository, file.name) == file
    except Incomplete:
        return False


def _copy(repository: Repository, name: str) -> Pooled:
    with storages["files"].open(name, "rb") as source, repository.writing(f"{POOL}/{name}") as out:
        copied = _measure(name, source, into=out)
    if _in_pool(repository, name) != copied:
        repository.remove_pooled(name)
        raise Incomplete("A file reads otherwise from the repository than from the store.")
    return copied


def _in_pool(repository: Repository, name: str) -> Pooled:
    with _opened(repository, name) as source:
        return _measure(name, source)


def _opened(repository: Repository, name: str) -> Any:
    try:
        return repository.reading(f"{POOL}/{name}")
    except OSError as error:
        raise Incomplete("A file in the repository cannot be read.") from error


def _measure(name: str, source: Any, *, into: Any = None) -> Pooled:
    """Read a file to its end, and copy it on the way."""
    digest, size = sha256(), 0
    for piece in _pieces(source):
        digest.update(piece)
        size += len(piece)
        if into is not None:
            into.write(piece)
    return Pooled(name, size, digest.hexdigest())


def _pieces(source: Any) -> Iterator[bytes]:
    """Tells what cannot be read from what cannot be written."""
    try:
        while piece := source.read(PIECE):
            yield piece
    except OSError as error:
        raise Incomplete("A file cannot be read to its end.") from error


def write_list(repository: Repository, place: str, key: bytes, files: Iterable[Pooled]) -> Sealed:
    """The files of one set: one JSON line each, sealed."""
    lines = (orjson.dumps(file) + b"\n" for file in files)
    with repository.writing(f"{place}/{LIST}") as out:
        return seal(out, key, LIST, lines)


def read_list(repository: Repository, manifest: Manifest) -> Iterator[Pooled]:
    """The files of a finished set. Raises `Unopenable` where the list was changed."""
    rest = b""
    with repository.reading(f"{manifest.id}/{LIST}") as source:
        for piece in unseal(source, manifest.key(), LIST, manifest.list):
            *lines, rest = (rest + piece).split(b"\n")
            yield from (Pooled(**orjson.loads(line)) for line in lines)


def sweep(repository: Repository, kept: Iterable[Manifest]) -> int:
    """Remove what no set of `kept` names. Returns how many files went."""
    idle = set(repository.pooled())
    for manifest in kept:
        if not idle:
            break
        idle.difference_update(file.name for file in read_list(repository, manifest))
    for name in idle:
        repository.remove_pooled(name)
    return len(idle)


def fetch(repository: Repository, file: Pooled) -> bool:
    """Bring one file back into the store unless it is there.

    Raises `Incomplete` where the pool does not have it as it was, and OSError where it cannot be
    stored.
    """
    if storage.exists(file.name):
        return False
    with _opened(repository, file.name) as source, storage.arriving(file.name) as out:
        if _measure(file.name, source, into=out) != file:
            raise Incomplete("A file in the repository is not the one that was put there.")
    return True
