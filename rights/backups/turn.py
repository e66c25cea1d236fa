"""One at a time: whoever makes, expires, restores or reconciles holds this lock in the vault.

It belongs to a connection of its own, so that it ends with the process, however that ends.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg.errors import LockNotAvailable

from rights.backups.programs import login

NUMBER = 0x7068725F62616B  # "phr_bak"
# The server learns that a killed process is gone a little later.
PATIENCE_MS = 2000


class Busy(Exception):
    """Another backup, expiry, restore or reconciliation is running."""


@contextmanager
def turn() -> Iterator[int]:
    """Hold the turn; yields the number of the server process that holds it. Raises `Busy`."""
    with login("vault") as opened:
        opened.autocommit = True
        try:
            opened.execute(f"SET lock_timeout = {PATIENCE_MS}")
            opened.execute("SELECT pg_advisory_lock(%s)", [NUMBER])
        except LockNotAvailable as error:
            raise Busy("Another backup, expiry, restore or reconciliation is running.") from error
        yield opened.info.backend_pid
        # Closing the connection would do, only a moment later.
        opened.execute("SELECT pg_advisory_unlock(%s)", [NUMBER])
