"""The rule broken on purpose at one point, in memory or in the database, as long as a test lasts."""

import inspect
from dataclasses import dataclass
from importlib import import_module
from operator import attrgetter
from textwrap import dedent

import pytest
from django.db import connection

from tests.raw import as_owner

FUNCTION = "SELECT pg_get_functiondef(%s::regprocedure)"
POLICY = """
    SELECT pg_get_expr(polqual, polrelid) FROM pg_policy
    WHERE polname = %s AND polrelid = %s::regclass
"""


@dataclass(frozen=True)
class Mutant:
    """`old` becomes `new` wherever it stands in one piece of the rule.

    The piece is a function in Python (`sharing.policy:covers`), one of the database
    (`phr_grants()`), or who is let through by a wall (`phr_record_1 ON phr_record`).
    """

    piece: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.piece}: {' '.join(self.old.split())} -> {self.new or 'nothing'}"

    @property
    def in_memory(self) -> bool:
        return ":" in self.piece

    def put_in(self, patched: pytest.MonkeyPatch) -> None:
        """Break it. What is in the database goes with the transaction."""
        if self.in_memory:
            self._break_python(patched)
        elif " ON " in self.piece:
            self._break_wall()
        else:
            self._break_function()

    def broken(self, text: str) -> str:
        assert self.old in text, f"no longer there: {self}"
        return text.replace(self.old, self.new)

    def _break_python(self, patched: pytest.MonkeyPatch) -> None:
        name, _, path = self.piece.partition(":")
        module, (*within, last) = import_module(name), path.split(".")
        holder = attrgetter(".".join(within))(module) if within else module
        source = dedent(inspect.getsource(getattr(holder, last)))
        made: dict[str, object] = {}
        exec(self.broken(source), vars(module), made)  # noqa: S102 - our own source
        patched.setattr(holder, last, made[last])

    def _break_function(self) -> None:
        with as_owner(), connection.cursor() as cursor:
            cursor.execute("GRANT phr_judge TO CURRENT_USER")
            cursor.execute("GRANT CREATE ON SCHEMA public TO phr_judge")
            cursor.execute(FUNCTION, [self.piece])
            cursor.execute(self.broken(cursor.fetchall()[0][0]))

    def _break_wall(self) -> None:
        name, _, table = self.piece.partition(" ON ")
        with as_owner(), connection.cursor() as cursor:
            cursor.execute(POLICY, [name, table])
            rule = self.broken(cursor.fetchall()[0][0])
            cursor.execute(f"ALTER POLICY {name} ON {table} USING ({rule})")
