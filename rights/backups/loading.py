"""A database becomes what a set holds, in one transaction: all of it, locked, or nothing changed.

The roles lose their privileges before anything else and get none back here: whoever finds the
database afterwards, by whatever way, is let in nowhere until `reconcile` has come to its end.
"""

from collections.abc import Mapping

from psycopg import sql

from accounts import gate
from accounts.roles import CREATE_ROLES
from phr import privileges
from rights.backups import dump
from rights.backups.contents import SHAPE
from rights.backups.manifest import Manifest
from rights.backups.programs import PIECE, Feed, login, running
from rights.backups.repository import Kind, Repository

# Who waits longer than this for the tables says so instead.
PREPARE = f"""
SET client_min_messages = warning;
BEGIN;
SET LOCAL lock_timeout = '60s';
{CREATE_ROLES};
GRANT phr_judge TO CURRENT_USER;
DROP SCHEMA IF EXISTS public CASCADE;
CREATE SCHEMA public AUTHORIZATION pg_database_owner;
GRANT USAGE ON SCHEMA public TO PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO phr_judge;
"""
FINISH = """
SET LOCAL row_security = on;
REVOKE CREATE ON SCHEMA public FROM phr_judge;
REVOKE phr_judge FROM CURRENT_USER;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO phr_backup;
SET LOCAL ROLE phr_backup;
"""
TERMINATE = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND usename = current_user
      AND pid <> ALL (%s) AND pid <> pg_backend_pid()
"""


def shut(kind: Kind, *, spare: int) -> None:
    """Take everybody's privileges and end every connection.

    Except that of process `spare` of the vault's server: a number means another one elsewhere.
    """
    with login(kind) as opened, opened.cursor() as cursor:
        cursor.execute(CREATE_ROLES)
        cursor.execute("CREATE SCHEMA IF NOT EXISTS public")
        privileges.close(cursor)
    with login(kind) as opened:
        opened.execute(TERMINATE, [[spare] if kind is Kind.VAULT else [0]])


def load(repository: Repository, manifest: Manifest) -> None:
    """Put the set in the place of what is there, checked and locked.

    Raises `ProgramFailed` or `Unopenable`; the content is then what it was, though still shut.
    """
    quiet = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--set=VERBOSITY=terse")
    feed = _script(repository, manifest)
    with running(repository.kind, manifest.server, "psql", *quiet, "--file=-", feed=feed):
        pass


def _script(repository: Repository, manifest: Manifest) -> Feed:
    yield PREPARE.encode()
    reading = ("--file=-", "--schema=public", "--no-privileges", "--exit-on-error")
    feed = dump.plain(repository, manifest)
    with running(repository.kind, manifest.server, "pg_restore", *reading, feed=feed) as out:
        yield from iter(lambda: out.read(PIECE), b"")
    yield FINISH.encode()
    yield _check(manifest.tables, manifest.shape).encode()
    yield b"RESET ROLE;\n"
    yield _lock(manifest).encode()
    yield b"COMMIT;\n"


def _check(tables: Mapping[str, int], shape: str) -> str:
    """SQL that fails unless every table has its rows and everything that guards them is there."""
    counts = "".join(
        f"IF (SELECT count(*) FROM {_name(table)}) <> {rows}"  # noqa: S608 - from a manifest of ours
        f" THEN RAISE EXCEPTION 'not all rows of a table came back'; END IF;\n"
        for table, rows in tables.items()
    )
    same = f"IF ({SHAPE}) <> {_text(shape)} THEN RAISE EXCEPTION 'a wall is missing'; END IF;"
    return f"DO $check$ BEGIN {counts} {same} END $check$;\n"


def _lock(manifest: Manifest) -> str:
    table = _name(gate.TABLES[manifest.kind])
    at, origin = _text(manifest.started_at.isoformat()), _text(str(manifest.id))
    return (
        f"INSERT INTO {table} (id, mark) VALUES (1, 0) ON CONFLICT DO NOTHING;\n"  # noqa: S608
        f"UPDATE {table} SET locked_at = now(), restored_from = {origin}, snapshot_at = {at};\n"
    )


def _name(table: str) -> str:
    return sql.Identifier("public", table).as_string()


def _text(value: str) -> str:
    return sql.Literal(value).as_string()
