"""Bringing a backup back. What comes back is locked until `rights.services.reconciling` is done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from uuid import UUID

from django.db import connections

from accounts import gate
from accounts.actors import Actor
from rights.backups import dump, loading, manifest, pool
from rights.backups.dump import Incomplete
from rights.backups.manifest import Manifest, Untrue
from rights.backups.pool import Pooled
from rights.backups.repository import Kind, Repository
from rights.backups.turn import turn
from rights.services import backups

SHUT = (
    "The content is what it was, but the portal is shut: run manage.py restore again, or manage.py"
    " reconcile to open it."
)
NO_FILES = "The database came back, but not all of its files: run manage.py restore again."


class Halfway(Exception):
    """A restore has begun and did not come to its end; what to do now, in sentences."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back. `files` counts those that had to be copied.

    The names of files that did not come back: `lost` are in no place any more, and `damaged` are
    in the repository, but not as they were put there.
    """

    manifest: Manifest
    files: int = 0
    lost: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)


def restore(actor: Actor, set_id: UUID, *, agreed: Callable[[Manifest], bool]) -> Restored | None:
    """Put a set in the place of a database and leave it locked; None when it was not agreed to.

    Needs the repository and the keys alone: the catalogue may be lost. Everything is verified
    before anything is changed. Killed at any point, it may be run again; no event is written, as
    nobody may write before `reconcile`, which notes it. Raises one of `backups.FAILURES` when
    nothing was changed, and `Halfway` when the portal is shut.
    """
    del actor
    with turn() as holder:
        repository = _where(set_id)
        chosen = manifest.read(repository, set_id)
        dump.check(repository, chosen)
        files = list(pool.read_list(repository, chosen))
        if not agreed(chosen):
            return None
        try:
            with _telling(SHUT):
                loading.shut(repository.kind, spare=holder)
                loading.load(repository, chosen)
            with _telling(NO_FILES):
                return _fetch(repository, chosen, files)
        finally:
            for alias in connections:
                connections[alias].close()
            gate.forget()


@contextmanager
def _telling(state: str) -> Iterator[None]:
    try:
        yield
    except backups.FAILURES as error:
        raise Halfway(f"{state} {backups.told(error)}") from error


def _fetch(repository: Repository, chosen: Manifest, files: list[Pooled]) -> Restored:
    """A file that is lost does not keep the others from coming back."""
    count, done = 0, Restored(chosen)
    for file in files:
        try:
            count += pool.fetch(repository, file)
        except Incomplete:
            (done.damaged if repository.pools(file.name) else done.lost).append(file.name)
    return replace(done, files=count)


def _where(set_id: UUID) -> Repository:
    places = [Repository(kind) for kind in Kind]
    for repository in places:
        if repository.is_there() and set_id in repository.sets():
            return repository
    for repository in places:
        repository.sets()  # one that is away may be the one that has it
    raise Untrue(f"There is no backup {set_id}.")
