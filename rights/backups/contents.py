"""What a database holds, asked of the database itself: the other side of every self-check."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from accounts import gate
from phr.privileges import BACKUP
from rights.backups.repository import Kind

# What ends by itself and must not come back: sessions, counters, links in mail, waiting mail.
LEFT_OUT = (
    "account_emailconfirmation",
    "accounts_outgoingmail",
    "django_cache",
    "django_session",
    "usersessions_usersession",
)
TABLES = """
    SELECT c.relname::text FROM pg_catalog.pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1
"""
# Walled tables of which `phr_backup` would see fewer rows than there are, and without an error.
UNSEEN = """
    SELECT c.relname::text FROM pg_catalog.pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND c.relrowsecurity AND (
        NOT EXISTS (
            SELECT 1 FROM pg_catalog.pg_policy p
            WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd IN ('r', '*')
              AND %(role)s::regrole::oid = ANY (p.polroles)
              AND pg_catalog.pg_get_expr(p.polqual, p.polrelid) = 'true')
        OR EXISTS (
            SELECT 1 FROM pg_catalog.pg_policy p
            WHERE p.polrelid = c.oid AND NOT p.polpermissive
              AND (p.polroles = '{0}' OR %(role)s::regrole::oid = ANY (p.polroles))))
    ORDER BY 1
"""
# Walls, policies, functions, triggers, constraints and indexes by name and by what guards them.
# Conditions are left out: PostgreSQL may write the same one differently after a restore.
SHAPE = """
    SELECT pg_catalog.md5(pg_catalog.string_agg(thing, E'\\n' ORDER BY thing COLLATE "C")) FROM (
        SELECT pg_catalog.format('table %s %s %s', relname, relrowsecurity, relforcerowsecurity)
        FROM pg_catalog.pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
        UNION ALL
        SELECT pg_catalog.format('policy %s %s %s %s %s', c.relname, polname, polcmd,
            polpermissive, ARRAY(
                SELECT rolname FROM pg_catalog.pg_roles r WHERE r.oid = ANY (polroles) ORDER BY 1))
        FROM pg_catalog.pg_policy JOIN pg_catalog.pg_class c ON c.oid = polrelid
        UNION ALL
        SELECT pg_catalog.format('function %s %s %s %s %s', proname, prosecdef, proconfig,
            CASE WHEN prosecdef THEN pg_catalog.pg_get_userbyid(proowner) END,
            pg_catalog.md5(prosrc))
        FROM pg_catalog.pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL
        SELECT pg_catalog.format('trigger %s %s %s', c.relname, tgname, tgenabled)
        FROM pg_catalog.pg_trigger JOIN pg_catalog.pg_class c ON c.oid = tgrelid
        WHERE NOT tgisinternal
        UNION ALL
        SELECT pg_catalog.format('constraint %s %s %s', c.relname, conname, convalidated)
        FROM pg_catalog.pg_constraint JOIN pg_catalog.pg_class c ON c.oid = conrelid
        WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
        UNION ALL
        SELECT pg_catalog.format('index %s %s', tablename, indexname)
        FROM pg_catalog.pg_indexes WHERE schemaname = 'public'
    ) things (thing)
"""
# An archive made for a person is short-lived: it is made again, not brought back.
FILES = """
    SELECT name FROM phr_binary WHERE complete_at IS NOT NULL AND use <> 'export'
    UNION ALL SELECT name FROM rights_heldfile WHERE complete_at IS NOT NULL
"""
_AS_BACKUP = sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(BACKUP))
KEKS = "SELECT id FROM vault_keyencryptionkey ORDER BY id"


class Blind(Exception):
    """A backup would be missing rows without saying so; one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What one snapshot holds. `tables` counts the rows that a backup of it must hold."""

    at: datetime
    server: int
    snapshot: str
    tables: dict[str, int]
    shape: str
    mark: int
    keks: tuple[str, ...]


def look(opened: psycopg.Connection[Any], kind: Kind) -> Contents:
    """Begin a snapshot as `phr_backup`, export it and count everything in it.

    Lasts until the connection's transaction ends. Raises `Blind` when the role cannot see it all.
    """
    opened.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    opened.read_only = True
    opened.execute(_AS_BACKUP)
    at, snapshot = _one(opened, "SELECT transaction_timestamp(), pg_export_snapshot()")
    refuse_blindness(opened)
    return Contents(
        at=at,
        server=opened.info.server_version // 10_000,
        snapshot=snapshot,
        tables=count(opened),
        shape=shape(opened),
        mark=_mark(opened, kind),
        keks=tuple(_column(opened, KEKS)) if kind is Kind.VAULT else (),
    )


def refuse_blindness(opened: psycopg.Connection[Any]) -> None:
    """Raise `Blind` unless every walled table shows `phr_backup` every row."""
    unseen = [name for (name,) in opened.execute(UNSEEN, {"role": BACKUP})]
    if unseen:
        raise Blind(
            f"A backup would not see all rows of {', '.join(unseen)}: run manage.py migrate."
        )


def count(opened: psycopg.Connection[Any]) -> dict[str, int]:
    """Rows by table, of all that is not left out."""
    tables = [name for name in _column(opened, TABLES) if name not in LEFT_OUT]
    return {
        name: _one(opened, sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name)))[0]
        for name in tables
    }


def shape(opened: psycopg.Connection[Any]) -> str:
    return str(_one(opened, SHAPE)[0])


def files(opened: psycopg.Connection[Any]) -> list[str]:
    """Names of the files that rows of the snapshot need."""
    return _column(opened, FILES)


def files_now(opened: psycopg.Connection[Any]) -> list[str]:
    """The same of this moment, on a connection that is in no snapshot yet."""
    opened.execute(_AS_BACKUP)
    return files(opened)


def keys(opened: psycopg.Connection[Any]) -> list[UUID]:
    """Whose keys the vault holds."""
    opened.execute(_AS_BACKUP)
    return _column(opened, "SELECT patient_id FROM vault_patientkey")


def keys_under(opened: psycopg.Connection[Any], kek_id: str) -> list[UUID]:
    """Whose keys one KEK wraps."""
    opened.execute(_AS_BACKUP)
    rows = opened.execute("SELECT patient_id FROM vault_patientkey WHERE kek_id = %s", [kek_id])
    return [row[0] for row in rows]


def _mark(opened: psycopg.Connection[Any], kind: Kind) -> int:
    found = _column(opened, f"SELECT mark FROM {gate.TABLES[kind]}")  # noqa: S608 - names of ours
    return int(found[0]) if found else 0


def _one(opened: psycopg.Connection[Any], statement: Any) -> Any:
    return opened.execute(statement).fetchall()[0]


def _column(opened: psycopg.Connection[Any], statement: Any) -> list[Any]:
    return [row[0] for row in opened.execute(statement)]
