"""What is left of an erasure and of whom it was about, so that two ways to its end can be compared."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils import timezone
from psycopg import sql

from accounts import ledger, mail
from accounts.acting import acting_as
from accounts.actors import Actor
from accounts.ledger import Kind
from accounts.vault.acting import in_vault
from accounts.vault.models import LedgerEntry
from phr import storage
from rights import expected, saga
from rights.models import Erasure
from rights.services import erasures
from tests import raw
from tests.cast import PURGER
from tests.sweep import TABLES
from tests.worlds.leaving import Leaver

# When and where something happened differs from run to run; what, how much and in which order may not.
EVENTS = """
    SELECT action, outcome, cardinality(records) FROM accounts_auditevent
    WHERE patient_id = ANY (%s) AND action <> 'read'
"""
INSTANTS = {"issued_at", "hidden_at", "purge_after", "reference"}


@dataclass(frozen=True)
class Ending:
    """The certificates without instants, the ledger, the stages of the page, and what names her."""

    certificates: tuple[dict[str, Any], ...]
    ledger: tuple[str, bool, bool]
    stages: tuple[tuple[str, bool, bool], ...]
    steps: tuple[str, ...]
    ids: tuple[UUID | None, ...]
    rows: Counter[str]
    events: Counter[tuple[Any, ...]]
    files: frozenset[str]
    mails: tuple[bool, ...]


def ending(
    erasure_id: UUID, ids: tuple[UUID, ...], *, files: frozenset[str], addresses: tuple[str, ...]
) -> Ending:
    """How an erasure stands. `ids` are hers, `files` the names of files that it is to destroy."""
    with acting_as(PURGER):
        row = Erasure.objects.get(pk=erasure_id)
    followed = erasures.follow(Actor(), row.reference)
    rows = naming(ids)
    return Ending(
        certificates=tuple(_timeless(one.facts) for one in followed.certificates if one.genuine),
        ledger=_ledger(erasure_id),
        stages=tuple(
            (stage.title, stage.at is not None, stage.certificate is not None)
            for stage in expected.stages(followed)
        ),
        steps=tuple(sorted(row.steps)),
        ids=(row.patient_id, row.user_id, row.record_id),
        rows=Counter({table: len(found) for table, found in rows.items() if found}),
        events=_events(ids),
        files=files & set(storage.names()),
        mails=tuple(mail.waits_for(PURGER, address) for address in addresses),
    )


def _timeless(facts: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in facts.items() if name not in INSTANTS}
    return kept | {"done": [one["what"] for one in facts["done"]]}


def _ledger(erasure_id: UUID) -> tuple[str, bool, bool]:
    """The kind of its entry, whether it still tells of whom, and whether it says when it forgot."""
    with in_vault(worker=True):
        entry = LedgerEntry.objects.get(pk=erasure_id)
    return entry.kind, entry.token is not None, entry.emptied_at is not None


def remembered(user_id: UUID) -> list[UUID]:
    """The entries of the ledger by which an account would be erased (again)."""
    token = ledger.token(Kind.ERASURE, f"user {user_id}")
    return [row.pk for row in ledger.entries(Kind.ERASURE) if bytes(row.token or b"") == token]


def naming(ids: tuple[UUID, ...]) -> dict[str, list[str]]:
    """Every row of both databases in which one of these ids stands, by table."""
    sought = [f"%{one}%" for one in ids]
    found: dict[str, list[str]] = {}
    for alias in ("default", "vault"):
        with raw.seeing(alias) as opened:
            for (table,) in opened.execute(TABLES).fetchall():
                query = sql.SQL("SELECT one::text FROM {} one WHERE one::text LIKE ANY (%s)")
                rows = opened.execute(query.format(sql.Identifier(table)), [sought]).fetchall()
                found[table] = sorted(row for (row,) in rows)
    return found


def _events(ids: tuple[UUID, ...]) -> Counter[tuple[Any, ...]]:
    with raw.seeing() as opened:
        return Counter(opened.execute(EVENTS, [list(ids)]).fetchall())


def within(seconds: float = 10) -> Iterator[None]:
    """Again and again: the database may not have noticed yet that a killed worker is gone."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield
        time.sleep(0.05)
    raise AssertionError("it never came to that")


@dataclass(frozen=True)
class Story:
    """Somebody's erasure on its way, and what is to be gone at its end."""

    user_id: UUID
    patient_id: UUID
    erasure_id: UUID
    files: frozenset[str] = frozenset()
    addresses: tuple[str, ...] = ()

    @classmethod
    def of(cls, leaver: Leaver) -> "Story":
        """Her account's, by what the ledger says."""
        assert leaver.actor.user_id
        [erasure_id] = remembered(leaver.actor.user_id)
        return cls(
            leaver.actor.user_id, leaver.patient_id, erasure_id, leaver.files, leaver.addresses
        )

    @property
    def ids(self) -> tuple[UUID, ...]:
        return self.user_id, self.patient_id

    def ending(self) -> Ending:
        return ending(self.erasure_id, self.ids, files=self.files, addresses=self.addresses)

    def steps(self) -> set[str]:
        with acting_as(PURGER):
            return set(Erasure.objects.get(pk=self.erasure_id).steps)

    def let_time_pass(self) -> None:
        """Until no worker has a lease on it, and no mail is waited for any more."""
        with acting_as(PURGER):
            row = Erasure.objects.filter(pk=self.erasure_id)
            row.update(due_at=timezone.now(), hidden_at="2026-01-01T00:00:00Z")

    def finish(self) -> None:
        """A worker that nobody kills comes to the end."""
        for _ in within():
            self.let_time_pass()
            saga.carry_on(PURGER, self.erasure_id)
            with acting_as(PURGER):
                if Erasure.objects.get(pk=self.erasure_id).finished_at:
                    break
