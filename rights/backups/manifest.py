"""What a backup set is, said by itself: enough to restore it when every database is lost.

The manifest is not secret. Its MAC, under a key that lies in no database and no backup, shows that
the portal wrote it and that nobody changed it since.
"""

import hmac
import os
from base64 import b64decode, b64encode
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

import orjson

from accounts import keys
from rights.backups.repository import MANIFEST, Kind, Repository
from rights.backups.sealing import Sealed

FORMAT = 1


class Untrue(Exception):
    """A manifest cannot be read, was changed, or was written by another portal; one sentence."""


class Unfinished(Untrue):
    """There is no manifest: the set was never finished; one sentence."""


@dataclass(frozen=True, slots=True)
class SetKey:
    """The random key of one set, and how it is wrapped."""

    key: bytes
    kek_id: str
    wrapped: str

    @classmethod
    def new(cls, set_id: UUID) -> "SetKey":
        key = os.urandom(32)
        kek_id, wrapped = keys.provider().wrap(key, _aad(set_id))
        return cls(key, kek_id, b64encode(wrapped).decode())


@dataclass(frozen=True, slots=True)
class Manifest:
    """One finished set. `tables` counts rows; `keks` names every KEK that it takes to use it."""

    id: UUID
    kind: Kind
    started_at: datetime
    finished_at: datetime
    expires_at: datetime
    kek_id: str
    wrapped: str
    keks: tuple[str, ...]
    server: int
    mark: int
    tables: dict[str, int]
    shape: str
    dump: Sealed
    list: Sealed
    files: int
    files_missing: int

    def key(self) -> bytes:
        """The set's key. Raises `accounts.keys.KeyProblem` or `Unopenable` without the right KEK."""
        return keys.provider().unwrap(self.kek_id, b64decode(self.wrapped), _aad(self.id))

    @property
    def size(self) -> int:
        return self.dump.size + self.list.size

    @property
    def rows(self) -> int:
        return sum(self.tables.values())


def write(repository: Repository, manifest: Manifest) -> None:
    """Finish a set."""
    body = orjson.dumps({"format": FORMAT, **asdict(manifest)}, option=orjson.OPT_SORT_KEYS)
    whole = orjson.dumps({"manifest": b64encode(body).decode(), "mac": _mac(body)})
    with repository.writing(f"{manifest.id}/{MANIFEST}") as out:
        out.write(whole)


def read(repository: Repository, set_id: UUID) -> Manifest:
    """The manifest of a set. Raises `Untrue`, or `Unfinished` where there is none."""
    try:
        with repository.reading(f"{set_id}/{MANIFEST}") as source:
            whole = orjson.loads(source.read())
        body, mac = b64decode(whole["manifest"]), str(whole["mac"])
    except FileNotFoundError as error:
        raise Unfinished(f"The backup {set_id} has no manifest: it was never finished.") from error
    except OSError as error:
        raise Untrue(f"The manifest of the backup {set_id} cannot be read.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise Untrue(f"The manifest of the backup {set_id} is damaged.") from error
    if not hmac.compare_digest(mac, _mac(body)):
        raise Untrue(f"The manifest of the backup {set_id} was not written by this portal.")
    found = _parse(orjson.loads(body))
    if (found.id, found.kind) != (set_id, repository.kind):
        raise Untrue(f"The manifest of the backup {set_id} belongs to another one.")
    return found


def every(repository: Repository) -> list[Manifest]:
    """Every finished set. Raises `Untrue` when one of them cannot be read: nothing may be missed."""
    found = []
    for set_id in repository.sets():
        with suppress(Unfinished):
            found.append(read(repository, set_id))
    return found


def finished(repository: Repository) -> list[Manifest]:
    """Every set that has a manifest of ours, oldest first; others are passed over."""
    found = []
    for set_id in repository.sets():
        try:
            found.append(read(repository, set_id))
        except Untrue:
            continue
    return sorted(found, key=lambda one: one.started_at)


def _parse(given: dict[str, object]) -> Manifest:
    fields: dict[str, object] = {name: given[name] for name in Manifest.__dataclass_fields__}
    for name in ("started_at", "finished_at", "expires_at"):
        fields[name] = datetime.fromisoformat(str(given[name]))
    for name in ("dump", "list"):
        fields[name] = Sealed(**given[name])  # type: ignore[arg-type]
    fields |= {
        "id": UUID(str(given["id"])),
        "kind": Kind(str(given["kind"])),
        "keks": tuple(given["keks"]),  # type: ignore[arg-type]
    }
    return Manifest(**fields)  # type: ignore[arg-type]


def _mac(body: bytes) -> str:
    return hmac.digest(keys.portal_key("backup-manifest"), body, sha256).hex()


def _aad(set_id: UUID) -> bytes:
    return b"backup|" + set_id.bytes
