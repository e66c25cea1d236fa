"""A change of authority that commits while somebody waits for a row (security.md, finding 2).

Each race runs twice: as the walls are, and with the UPDATE policy put back to the naive form that
asks with the statement's old snapshot. The naive arm must leak; else the race was not run.
"""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connection, connections

from accounts.actors import Actor, Denied
from phr.models import Record
from phr.services import remarks
from sharing.services import granting
from tests.cast import ALL, Cast
from tests.raw import as_role, login
from tests.worlds.kept import keep

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)

LOCKING = [
    "SELECT updated_at FROM phr_record WHERE id = %s FOR UPDATE",
    "SELECT updated_at FROM phr_record WHERE id = %s FOR NO KEY UPDATE",
    "SELECT updated_at FROM phr_record WHERE id = %s FOR SHARE",
    "UPDATE phr_record SET hidden_at = NULL WHERE id = %s RETURNING updated_at",
]


@contextmanager
def naive_wall() -> Iterator[None]:
    """The UPDATE policy asks what the SELECT policy asks, once, before it waits."""
    with login() as opened:
        rows = opened.execute(
            "SELECT polname::text, polcmd, pg_get_expr(polqual, polrelid),"
            " pg_get_expr(coalesce(polwithcheck, polqual), polrelid) FROM pg_policy"
            " WHERE polrelid = 'phr_record'::regclass AND polcmd IN ('r', 'w')"
            " AND polroles = ARRAY['phr_web'::regrole::oid]"
        ).fetchall()
    rules = {command: rule for _, command, *rule in rows}
    (name,) = [name for name, command, *_ in rows if command == "w"]
    alter = f"ALTER POLICY {name} ON phr_record"
    change(f"{alter} USING ({rules['r'][0]}) WITH CHECK (true)")
    try:
        yield
    finally:
        change(f"{alter} USING ({rules['w'][0]}) WITH CHECK ({rules['w'][1]})")


def change(statement: str) -> None:
    with login() as opened:
        opened.execute(statement)


def waits(pid: int) -> bool:
    with login() as opened:
        row = opened.execute("SELECT cardinality(pg_blocking_pids(%s))", [pid]).fetchone()
    return row is not None and row[0] > 0


def until_it_waits(running: "Future[Any]", pid: int) -> bool:
    """Whether the statement came to wait for a lock; False when it ended before."""
    for _ in range(500):
        if running.done():
            return False
        if waits(pid):
            return True
        time.sleep(0.01)
    raise AssertionError("it neither waits nor ends")


def race(actor: Actor, row: Record, statement: str, taking_away: str, whose: UUID) -> list[Any]:
    """What `statement` brings `actor` when it waits while her authority is taken away."""
    with (
        owner_of("phr_record", "sharing_grant") as writer,
        as_role("phr_web", actor) as reader,
        ThreadPoolExecutor(1) as pool,
    ):
        writer.execute("UPDATE phr_record SET updated_at = 'epoch' WHERE id = %s", [row.pk])
        writer.execute(taking_away, [whose])
        running = pool.submit(lambda: reader.execute(statement, [row.pk]).fetchall())
        until_it_waits(running, reader.info.backend_pid)
        writer.commit()
        return running.result(timeout=20)


@contextmanager
def owner_of(*tables: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """The owner, let through the walls of some tables, with a transaction to hold open."""
    for table in tables:
        change(f"CREATE POLICY race_owner ON {table} TO CURRENT_USER USING (true)")
    try:
        with login() as opened:
            yield opened
    finally:
        for table in tables:
            change(f"DROP POLICY race_owner ON {table}")


@pytest.mark.parametrize("statement", LOCKING)
def test_an_owner_who_lost_her_account_while_waiting_gets_nothing(
    cast: Cast, statement: str
) -> None:
    taking_away = "UPDATE accounts_user SET is_active = false WHERE id = %s"
    assert cast.alice.user_id is not None

    assert race(cast.alice, keep(cast.alice_id), statement, taking_away, cast.alice.user_id) == []


@pytest.mark.parametrize("statement", LOCKING)
def test_the_naive_wall_leaks_to_that_owner(cast: Cast, statement: str) -> None:
    taking_away = "UPDATE accounts_user SET is_active = false WHERE id = %s"
    assert cast.alice.user_id is not None

    with naive_wall():
        leaked = race(cast.alice, keep(cast.alice_id), statement, taking_away, cast.alice.user_id)

    assert [value.year for (value,) in leaked] == [1970]


REVOKING = "UPDATE sharing_grant SET revoked_at = now() WHERE id = %s"


@pytest.mark.parametrize("statement", LOCKING)
def test_a_revoked_grantee_never_waits_for_a_row(cast: Cast, statement: str) -> None:
    row, grant_id = keep(cast.alice_id), cast.share()

    assert race(cast.bob, row, statement, REVOKING, grant_id) == []


@pytest.mark.parametrize("statement", LOCKING)
def test_the_naive_wall_leaks_to_that_grantee(cast: Cast, statement: str) -> None:
    row, grant_id = keep(cast.alice_id), cast.share()

    with naive_wall():
        leaked = race(cast.bob, row, statement, REVOKING, grant_id)

    assert [value.year for (value,) in leaked] == [1970]


def test_a_grantee_who_holds_the_permission_still_locks_nothing(cast: Cast) -> None:
    """No grantee can hold up a patient's own act by locking her rows."""
    row = keep(cast.alice_id)
    cast.share()

    with as_role("phr_web", cast.bob) as reader:
        assert reader.execute("SELECT id FROM phr_record").fetchall() == [(row.pk,)]
        for statement in LOCKING:
            assert reader.execute(statement, [row.pk]).fetchall() == []


def test_an_invitation_revoked_while_it_is_accepted_stays_revoked(cast: Cast) -> None:
    """The patient's revocation commits while the invited person's acceptance waits."""
    grant_id = granting.grant(cast.alice, "bob@example.org", scope=ALL)
    accepting = (
        "UPDATE sharing_grant SET grantee_id = %s, accepted_at = now()"
        " WHERE id = %s AND grantee_id IS NULL RETURNING id"
    )
    with (
        owner_of("sharing_grant") as writer,
        as_role("phr_web", cast.bob) as bob,
        ThreadPoolExecutor(1) as pool,
    ):
        writer.execute(REVOKING, [grant_id])
        values = [cast.bob.user_id, grant_id]
        running = pool.submit(lambda: bob.execute(accepting, values).fetchall())
        assert until_it_waits(running, bob.info.backend_pid)
        writer.commit()
        assert running.result(timeout=20) == []


def test_a_note_that_waits_while_its_permission_ends_is_not_written(cast: Cast) -> None:
    """Whoever writes holds what lets her before she is judged, so nothing decided earlier is kept."""
    grant_id = cast.share()
    with (
        owner_of("accounts_patient", "sharing_grant") as writer,
        ThreadPoolExecutor(1) as pool,
    ):
        held = "SELECT id FROM accounts_patient WHERE id = %s FOR NO KEY UPDATE"
        assert writer.execute(held, [cast.alice_id]).fetchall() == [(cast.alice_id,)]
        writer.execute(REVOKING, [grant_id])
        pid = pool.submit(own_pid).result(timeout=20)
        running = pool.submit(remarks.write_note, cast.bob, cast.alice_id, text="Too late")
        assert until_it_waits(running, pid)
        writer.commit()

        with pytest.raises(Denied):
            running.result(timeout=20)
        pool.submit(connections.close_all).result(timeout=20)


def own_pid() -> int:
    """The process behind the portal's connection of this thread."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])
