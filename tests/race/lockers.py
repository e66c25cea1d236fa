"""Somebody who holds a row for a while: the patient's, a permission's, or the item that all read."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import psycopg

from tests.race.world import NEWER, World
from tests.raw import login

TABLES = ("accounts_patient", "sharing_grant", "phr_record", "phr_remark")
ROWS = {
    "patient": "SELECT 1 FROM accounts_patient WHERE id = %s FOR UPDATE",
    "grant": "SELECT 1 FROM sharing_grant WHERE id = ANY (%s) FOR UPDATE",
    "item": "UPDATE phr_record SET body_sealed = %s WHERE id = %s",
}
HELD_SECONDS = 0.25


@contextmanager
def let_through() -> Iterator[None]:
    """The owner of the tables, who is nobody of the portal, sees the rows that it is to hold."""
    with login() as opened:
        for table in TABLES:
            opened.execute(f"CREATE POLICY race_owner ON {table} TO CURRENT_USER USING (true)")
    yield
    with login() as opened:
        for table in TABLES:
            opened.execute(f"DROP POLICY race_owner ON {table}")


class Locker:
    """Holds one kind of row from `hold` until a little after the answer, or for a quarter second.

    Of the item it writes what nobody may see, which shows when it lets go: after the answer.
    """

    def __init__(self, world: World, kind: str) -> None:
        self.kind, self._answered, self._holds = kind, Event(), Event()
        values: dict[str, list[Any]] = {
            "patient": [world.cast.alice_id],
            "grant": [[world.person, world.facility, world.link, world.manager]],
            "item": [world.sealed(NEWER), world.record],
        }
        self._thread = Thread(target=self._keep, args=(ROWS[kind], values[kind]))

    def hold(self) -> None:
        """Take the row, and come back when it is held."""
        self._thread.start()
        self._holds.wait()

    def let_go(self) -> None:
        """Say that the answer came, and come back when the row is free."""
        self._answered.set()
        self._thread.join()

    def _keep(self, statement: str, values: list[Any]) -> None:
        try:
            with login() as opened:
                _patiently(opened, statement, values)
                self._holds.set()
                waits = None if self.kind == "item" else HELD_SECONDS
                self._answered.wait(waits)
                if self.kind == "item":
                    time.sleep(0.05)
        finally:
            self._holds.set()


def _patiently(opened: psycopg.Connection[Any], statement: str, values: list[Any]) -> None:
    opened.execute("SET LOCAL lock_timeout = '20s'")
    opened.execute(statement, values)
