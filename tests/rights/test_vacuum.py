"""After an erasure no dead row is left, in the vault's table of keys first of all."""

import pytest
from psycopg import sql

from accounts.actors import Actor
from rights import saga, vacuum
from rights.models.erasures import Scope
from rights.services import erasures
from rights.steps import steps_of
from tests import raw
from tests.cast import PURGER, Cast, put_in
from tests.worlds.synthea import lines

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)
TOUCHED = {
    "vault": ["vault_patientkey"],
    "default": ["phr_record", "phr_recordversion", "phr_binary", "accounts_patient",
                "accounts_user", "account_emailaddress"],
}  # fmt: skip


def dead(alias: str, table: str) -> int:
    """Rows and pointers to rows that the next VACUUM finds, by its own word."""
    said: list[str] = []
    with raw.login(alias) as owner:
        owner.autocommit = True
        owner.add_notice_handler(lambda notice: said.append(notice.message_primary or ""))
        owner.execute(sql.SQL("VACUUM (VERBOSE) {}").format(sql.Identifier(table)))
    counted = [line for line in "\n".join(said).splitlines() if line.startswith("tuples:")]
    return int(counted[0].split()[1])


def test_nothing_dead_is_left_of_who_is_erased(cast: Cast) -> None:
    put_in(cast.alice, b"".join(lines(3)))
    reference = erasures.erase_everything(cast.alice, account=True, undo_hours=0)
    saga.carry_on_due(PURGER)

    assert "vacuum" in erasures.follow(Actor(), reference).steps
    for alias, tables in TOUCHED.items():
        assert set(tables) <= set(vacuum.tables(alias))
        assert {table: dead(alias, table) for table in tables} == dict.fromkeys(tables, 0)


def test_it_is_done_before_a_certificate_says_that_all_is_destroyed() -> None:
    names = [step.name for step in steps_of(Scope.ACCOUNT)]
    assert names.index("verify") < names.index("vacuum") < names.index("unreadable")


def test_a_table_that_somebody_else_works_at_is_waited_for(cast: Cast) -> None:
    reference = erasures.erase_everything(cast.alice, account=False, undo_hours=0)
    with raw.login("vault") as busy:
        busy.execute("LOCK vault_pulse IN SHARE MODE")
        saga.carry_on_due(PURGER)
    waiting = erasures.follow(Actor(), reference)

    assert "verify" in waiting.steps
    assert "vacuum" not in waiting.steps
    assert vacuum.vacuum()
