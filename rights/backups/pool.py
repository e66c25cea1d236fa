"""The portal's files in the repository: each copied once, named by the list of every set it is in."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
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


@dataclass(frozen=True, slots=True)
class Pooled:
    """One file as it lies in the pool, encrypted under its patient's key; SHA-256 hexadecimal."""

    name: str
    size: int
    sha256: str


def put(repository: Repository, names: Iterable[str], known: dict[str, Pooled]) -> list[Pooled]:
    """Copy what is not in the pool yet and read it back. Returns what is there of `names`.

    A file that the store has lost is left out: the caller says so. Raises `Incomplete`.
    """
    there = set(repository.pooled())
    found = []
    for name in names:
        if name in there:
            found.append(known.get(name) or _in_pool(repository, name))
        elif storage.exists(name):
            found.append(_copy(repository, name))
    return found


def _copy(repository: Repository, name: str) -> Pooled:
    with storages["files"].open(name, "rb") as source, repository.writing(f"{POOL}/{name}") as out:
        copied = _measure(name, source, into=out)
    if _in_pool(repository, name) != copied:
        repository.remove_pooled(name)
        raise Incomplete("A file reads otherwise from the repository than from the store.")
    return copied


def _in_pool(repository: Repository, name: str) -> Pooled:
    with repository.reading(f"{POOL}/{name}") as source:
        return _measure(name, source)


def _measure(name: str, source: Any, *, into: Any = None) -> Pooled:
    """Read a file to its end, and copy it on the way."""
    digest, size = sha256(), 0
    while piece := source.read(PIECE):
        digest.update(piece)
        size += len(piece)
        if into is not None:
            into.write(piece)
    return Pooled(name, size, digest.hexdigest())


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
    """Bring one file back into the store unless it is there. Raises `Incomplete`."""
    if storage.exists(file.name):
        return False
    with repository.reading(f"{POOL}/{file.name}") as source, storage.arriving(file.name) as out:
        if _measure(file.name, source, into=out) != file:
            raise Incomplete("A file in the repository is not the one that was put there.")
    return True
