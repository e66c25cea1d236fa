"""Raw SQL through the portal's roles and, where a test plays the attacker, as the tables' owner."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from django.db import connection, connections
from psycopg import sql

from accounts.actors import Actor

# Tables that hold one patient's rows: a column says whose, or the row is the patient.
WALLED = """
    SELECT DISTINCT c.relname::text FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
    JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped AND a.attnum > 0
    WHERE c.relkind IN ('r', 'p') AND (a.attname = 'patient_id' OR c.relname = 'accounts_patient')
    ORDER BY 1
"""

# Every table that is walled even against its owner.
FORCED = """
    SELECT relname::text FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relforcerowsecurity ORDER BY 1
"""


def login(alias: str = "default") -> psycopg.Connection[tuple[Any, ...]]:
    """A connection of its own as the account that the portal signs in with: the owner."""
    settings = connections[alias].settings_dict
    return psycopg.connect(
        host=settings["HOST"] or None,
        port=settings["PORT"] or None,
        user=settings["USER"],
        password=settings["PASSWORD"],
        dbname=settings["NAME"],
    )


@contextmanager
def owner(alias: str = "default") -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """The owner, with every wall open for it as long as the block lasts; commits at its end."""
    with login(alias) as opened:
        tables = [name for (name,) in opened.execute(FORCED)]
        opened.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for name in tables:
            opened.execute(f"CREATE POLICY test_owner ON {name} TO CURRENT_USER USING (true)")
        yield opened
        for name in tables:
            opened.execute(f"DROP POLICY test_owner ON {name}")


@contextmanager
def seeing(alias: str = "default") -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Whoever makes backups sees every row and changes none; quicker than to open every wall."""
    with login(alias) as opened:
        opened.execute("SET ROLE phr_backup")
        yield opened
        opened.rollback()


@contextmanager
def as_role(
    role: str, actor: Actor | None = None, *, about: UUID | None = None, alias: str = "default"
) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """A connection of its own in one of the portal's roles; what is done is rolled back."""
    with login(alias) as opened:
        tell(opened, role, actor, about)
        yield opened
        opened.rollback()


def tell(
    opened: psycopg.Connection[tuple[Any, ...]],
    role: str,
    actor: Actor | None = None,
    about: UUID | None = None,
) -> None:
    """What `acting_as` tells the database, said in SQL."""
    opened.execute(
        "SELECT set_config('role', %s, true), set_config('phr.actor', %s, true),"
        " set_config('phr.door', %s, true), set_config('phr.about', %s, true),"
        " set_config('phr.link', %s, true), set_config('phr.acting_for', %s, true)",
        [
            role,
            str(actor.user_id or "") if actor else "",
            actor.door.value if actor else "",
            str(about or ""),
            str(actor.grant_id or "") if actor else "",
            str(actor.acting_for or "") if actor else "",
        ],
    )


def ids(statement: str, *values: Any) -> set[UUID]:
    """The first column of a SELECT on the connection that the portal itself works through."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return {row[0] for row in cursor.fetchall()}


def touched(statement: str) -> int:
    """How many rows a statement changes on the connection that the portal itself works through."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.rowcount)


def every(table: str, tail: LiteralString = "") -> sql.Composed:
    """SELECT every column of every row of a table."""
    return sql.SQL("SELECT * FROM {} ").format(sql.Identifier(table)) + sql.SQL(tail)


def count(table: str) -> int:
    """How many rows of a table the portal's own connection gets to see now."""
    with connection.cursor() as cursor:
        cursor.execute(every(table))
        return len(cursor.fetchall())


def open_walls() -> None:
    """Let the tables' owner through the walls for the rest of this transaction."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        # Longer than autovacuum needs to give way; the gate set a second for this transaction.
        cursor.execute("SET LOCAL lock_timeout = '20s'")
        cursor.execute(FORCED)
        for (name,) in cursor.fetchall():
            cursor.execute(f"CREATE POLICY test_owner ON {name} TO CURRENT_USER USING (true)")


@contextmanager
def as_owner() -> Iterator[None]:
    """Work as the tables' owner, to make rows that no service would make."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('role', 'none', true)")
    yield
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('role', 'phr_web', true)")
