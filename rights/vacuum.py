"""Space of deleted rows, made free: until then PostgreSQL keeps what they said in the tables' files."""

from psycopg import sql
from psycopg.errors import LockNotAvailable

from phr.privileges import LISTED
from rights.backups.programs import login

# The vault first: a key is worth more than any row.
ALIASES = ("vault", "default")


def tables(alias: str) -> list[str]:
    """Every table whose rows a job may delete or empty: an erasure leaves dead rows in no other."""
    found = (name for name, (_, worker, _) in LISTED[alias].items() if _takes_away(worker))
    return sorted(found)


def _takes_away(privileges: str) -> bool:
    return "delete" in privileges or "update" in privileges


def vacuum() -> bool:
    """VACUUM them as their owner. Returns whether all were: not when somebody else works at one.

    Each on a connection and in transactions of its own. What a transaction that is still open may
    see stays until the next time.
    """
    return all(_vacuum(alias) for alias in ALIASES)


def _vacuum(alias: str) -> bool:
    with login(alias) as opened:
        opened.autocommit = True
        # Autovacuum gives way to whoever waits for longer than `deadlock_timeout`, and to nobody
        # who does not wait.
        opened.execute("SET lock_timeout = '3s'")
        named = sql.SQL(", ").join(map(sql.Identifier, tables(alias)))
        # To give pages back to the disk it would wait seconds for each table, and stop everybody.
        vacuum_all = sql.SQL("VACUUM (TRUNCATE FALSE) {}").format(named)
        try:
            opened.execute(vacuum_all)
        except LockNotAvailable:
            return False
    return True
