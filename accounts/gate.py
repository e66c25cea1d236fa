"""The lock: a database that was wound back, by whatever means, lets nobody in (DESIGN D10).

Both databases carry a mark that beat advances, the vault's first. Out of step by more than one
means that one of them was wound back. A restore of ours says so itself, in `locked_at`.
"""

import time
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from uuid import UUID

from django.db import Error, InterfaceError, OperationalError, connections, transaction
from psycopg.errors import LockNotAvailable

from accounts.acting import acting_as
from accounts.actors import Actor
from accounts.models import Portal
from accounts.vault.acting import in_vault
from accounts.vault.models import Pulse

REMEMBERED_SECONDS = 1.0
TABLES = {"default": "accounts_portal", "vault": "vault_pulse"}

_lock = Lock()
_open_until = 0.0
_was_open = False


@dataclass(frozen=True, slots=True)
class Post:
    """One database's side of the gate; there is none (mark 0) in a database that is new."""

    there: bool = False
    mark: int = 0
    locked_at: datetime | None = None
    restored_from: UUID | None = None
    snapshot_at: datetime | None = None


def closed() -> bool:
    """Whether nobody may be let in and no work may be done now.

    An open gate is remembered for a second; that is less than what the marks can tell apart. A
    main database that cannot be reached is not our question: what needs it fails by itself.
    """
    global _open_until, _was_open  # noqa: PLW0603 - one process-wide memory, guarded by the lock
    now = time.monotonic()
    with _lock:
        if now < _open_until:
            return False
    try:
        verdict = _verdict()
    except (OperationalError, InterfaceError):
        return False
    with _lock:
        if verdict is None:
            return not _was_open
        _was_open = not verdict
        _open_until = now + REMEMBERED_SECONDS if _was_open else 0.0
    return verdict


def _verdict() -> bool | None:
    """Whether it is closed; None while the vault cannot be reached, so that the last word holds.

    Raises `OperationalError` or `InterfaceError` when the main database cannot be reached.
    """
    try:
        portal = post("default")
    except Error as error:
        if _unreachable(error):
            raise
        return True
    if portal.locked_at:
        return True
    try:
        return out_of_step(portal, post("vault"))
    except Error as error:
        return None if _unreachable(error) else True


def _unreachable(error: Error) -> bool:
    """Else no such table, no privilege on it, or a lock that does not end: somebody is restoring."""
    away = isinstance(error, OperationalError | InterfaceError)
    return away and not isinstance(error.__cause__, LockNotAvailable)


def shut() -> bool:
    """What the databases say now. Raises `django.db.Error` when they cannot be asked."""
    portal = post("default")
    return bool(portal.locked_at) or out_of_step(portal, post("vault"))


def out_of_step(portal: Post, pulse: Post) -> bool:
    """The rule: neither is locked, and the vault is ahead by one step at the most."""
    if portal.locked_at or pulse.locked_at:
        return True
    if pulse.there != portal.there and max(pulse.mark, portal.mark) > 1:
        return True
    return not 0 <= pulse.mark - portal.mark <= 1


def forget() -> None:
    """Ask again at the next question."""
    global _open_until  # noqa: PLW0603
    with _lock:
        _open_until = 0.0


def post(alias: str) -> Post:
    """One side of the gate as it stands now. Raises `django.db.Error` when it cannot be asked."""
    table = TABLES[alias]
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        # A restore locks the tables: who waited for its end would hang instead of being told.
        cursor.execute(
            "SELECT to_regclass(%s) IS NOT NULL, set_config('lock_timeout', '1s', true)",
            [f"public.{table}"],
        )
        if not (cursor.fetchone() or (False,))[0]:
            return Post()
        cursor.execute(
            f"SELECT mark, locked_at, restored_from, snapshot_at FROM {table}"  # noqa: S608
        )
        row = cursor.fetchone()
    return Post(True, *row) if row else Post()  # noqa: FBT003


OPEN = """
    INSERT INTO {table} (id, mark) VALUES (1, %(mark)s) ON CONFLICT (id) DO UPDATE
    SET mark = %(mark)s, locked_at = NULL, restored_from = NULL, snapshot_at = NULL
"""


HOLD = """
    INSERT INTO {table} (id, mark, locked_at, snapshot_at) VALUES (1, 0, now(), %(since)s)
    ON CONFLICT (id) DO UPDATE
    SET locked_at = COALESCE({table}.locked_at, now()), snapshot_at = %(since)s
"""


def holding(alias: str, since: datetime | None) -> tuple[str, dict[str, datetime | None]]:
    """SQL that keeps one side of the gate closed until it is opened, however that is interrupted."""
    return HOLD.format(table=TABLES[alias]), {"since": since}


def opening(alias: str, mark: int) -> tuple[str, dict[str, int]]:
    """SQL that opens one side of the gate; `rights.services.reconciling` alone runs it."""
    return OPEN.format(table=TABLES[alias]), {"mark": mark}


def advance(actor: Actor) -> bool:
    """Move both marks one step on, the vault's first. Returns whether they moved.

    Killed between the two, the next run moves the second alone.
    """
    if shut():
        return False
    with in_vault(worker=True):
        Pulse.objects.get_or_create(pk=1)
        pulse = Pulse.objects.select_for_update().get(pk=1)
        with acting_as(actor):
            behind = Portal.objects.filter(pk=1, mark=pulse.mark).first()
        if behind is not None or pulse.mark == 0:
            pulse.mark += 1
            pulse.save(update_fields=["mark"])
    with acting_as(actor):
        Portal.objects.get_or_create(pk=1)
        Portal.objects.filter(pk=1, mark__lt=pulse.mark).update(mark=pulse.mark)
    return True
