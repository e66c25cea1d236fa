"""Where backups lie, over Django's storage API: one folder for each set, one pool of files.

`<id>/dump` and `<id>/list` (encrypted) and `<id>/manifest.json`, written last: a set without it is
not finished. `files/<name>` holds the portal's files, encrypted already and never changed, once for
all sets whose list names them. `repository` is an empty file that tells a repository without sets
from a folder whose disk is away.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from django.core.files.storage import FileSystemStorage, Storage, storages

POOL = "files"
MANIFEST = "manifest.json"
MARKER = "repository"
UNFINISHED = ".part"


class Kind(StrEnum):
    """Which database a set holds; `default` comes with the files."""

    DEFAULT = "default"
    VAULT = "vault"


class Away(OSError):
    """The folder is not there, or not a repository: nothing can be said of what it holds."""


STORES = {Kind.DEFAULT: "backups", Kind.VAULT: "vault_backups"}


class Repository:
    """The sets of one kind."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self._storage: Storage = storages[STORES[kind]]

    @contextmanager
    def writing(self, name: str) -> Iterator[IO[bytes]]:
        """A new file, whole under its name at the end of the block or not there at all."""
        if not isinstance(self._storage, FileSystemStorage):
            with self._storage.open(name, "wb") as remote:
                yield remote
            return
        path = Path(self._storage.path(name))
        _make_folder(path.parent)
        unfinished = path.with_name(path.name + UNFINISHED)
        unfinished.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(unfinished, flags, 0o600), "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        unfinished.replace(path)
        _make_durable(path.parent)

    def reading(self, name: str) -> Any:
        """The bytes of a stored file. Raises OSError when it is not there."""
        return self._storage.open(name, "rb")

    def pools(self, name: str) -> bool:
        """Whether a file is in the pool."""
        return self._storage.exists(f"{POOL}/{name}")

    def pooled_size(self, name: str) -> int:
        """Bytes. Raises OSError when it is not there."""
        return self._storage.size(f"{POOL}/{name}")

    def begin(self) -> None:
        """Make a folder a repository; one that is stays as it is."""
        if not self.is_there():
            with self.writing(MARKER):
                pass

    def is_there(self) -> bool:
        return MARKER in self._list("")[1]

    def sets(self) -> set[UUID]:
        """The sets of which the repository has anything at all. Raises `Away`."""
        # One listing shows both: nobody can unmount the disk in between.
        folders, files = self._list("")
        if MARKER not in files:
            raise Away(
                f"The backups of `{self.kind}` are away: no file `{MARKER}` in their folder."
            )
        found = set()
        for name in folders:
            with suppress(ValueError):
                found.add(UUID(name))
        return found

    def pooled(self) -> list[str]:
        """Names in the pool of files, unfinished ones too."""
        return self._list(POOL)[1]

    def remove_set(self, set_id: UUID) -> None:
        """Remove a set, its manifest first; removing it twice is no error."""
        self._storage.delete(f"{set_id}/{MANIFEST}")
        for name in self._list(str(set_id))[1]:
            self._storage.delete(f"{set_id}/{name}")
        self._storage.delete(str(set_id))

    def remove_pooled(self, name: str) -> None:
        self._storage.delete(f"{POOL}/{name}")

    def _list(self, folder: str) -> tuple[list[str], list[str]]:
        try:
            return self._storage.listdir(folder)
        except FileNotFoundError:
            return [], []


def _make_folder(folder: Path) -> None:
    """Only ours, and each folder above it that is not there yet: `parents` would open those to all."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _make_durable(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
