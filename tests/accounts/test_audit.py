"""The trail only grows, says everything its code commits to, and keeps no secrets in the clear."""

import os
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connections, transaction
from psycopg.errors import InsufficientPrivilege

from accounts import audit, keys, sealer
from accounts import services as accounts
from accounts.acting import acting_as, note
from accounts.actors import Actor
from accounts.models import AuditEvent
from tests.cast import SEALER, Cast
from tests.raw import as_role, login, owner

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)


def events() -> list[AuditEvent]:
    with acting_as(SEALER):
        return list(AuditEvent.objects.order_by("number"))


def written(cast: Cast, **fields: Any) -> AuditEvent:
    with acting_as(cast.alice):
        note("read", patient_id=cast.alice_id, **fields)
    return events()[-1]


@pytest.mark.parametrize("table", ["accounts_auditevent", "accounts_auditseal"])
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}", "TRUNCATE {} CASCADE"]
)
def test_even_the_owner_is_refused_by_the_database(cast: Cast, table: str, statement: str) -> None:
    written(cast)
    sealer.seal_audit(SEALER)
    column = "sequence" if table.endswith("seal") else "number"

    with (
        owner() as opened,
        pytest.raises(InsufficientPrivilege, match="only grows"),
        opened.transaction(),
    ):
        opened.execute(statement.format(table, column, column))

    with owner() as opened:
        row = opened.execute(f"SELECT 1 FROM {table}").fetchone()  # noqa: S608
    assert row == (1,)


def test_the_roles_may_add_an_event_and_read_only_their_own(cast: Cast) -> None:
    written(cast)
    for actor, sees in ((cast.alice, True), (cast.bob, False), (cast.carol, False)):
        with as_role("phr_web", actor) as opened:
            rows = opened.execute(
                "SELECT 1 FROM accounts_auditevent WHERE patient_id = %s", [cast.alice_id]
            ).fetchall()
            assert bool(rows) == sees


@pytest.mark.parametrize(
    "name", [field.attname for field in AuditEvent._meta.fields if field.name != "mac"]
)
def test_the_code_commits_to_every_column(cast: Cast, name: str) -> None:
    row = written(cast, records=[uuid4()], subject="Record/1", detail={"note": "x"})
    before = audit.canonical(row)
    setattr(row, name, other(getattr(row, name)))

    assert audit.canonical(row) != before
    assert audit.mac(row) != bytes(row.mac)


def other(value: Any) -> Any:
    """A different value of the same type."""
    if isinstance(value, UUID) or value is None:
        return uuid4()
    if isinstance(value, list):
        return [uuid4()]
    if hasattr(value, "year"):
        return value + timedelta(microseconds=1)
    if isinstance(value, bytes | memoryview):
        return bytes(value) + b"x"
    return value + type(value)(1)


def test_a_row_read_back_says_what_was_written(cast: Cast) -> None:
    row = written(cast, records=[uuid4(), uuid4()], subject="Record/1", detail={"a": 1})

    assert audit.mac(row) == bytes(row.mac)


def test_a_detail_is_sealed_and_gone_with_the_patients_key(cast: Cast) -> None:
    row = written(cast, detail={"note": "canary-4711"})
    assert audit.detail(row) == {"note": "canary-4711"}
    assert b"canary" not in bytes(row.detail_sealed or b"")
    sealer.seal_audit(SEALER)

    destroy_key(cast.alice_id)

    assert audit.detail(row) == {}
    verdict = sealer.verify(SEALER)
    assert (verdict.code, verdict.events) == (0, len(events()))


def destroy_key(patient_id: UUID) -> None:
    """What an erasure does at its end."""
    with transaction.atomic(using="vault"), connections["vault"].cursor() as cursor:
        cursor.execute(
            "SELECT set_config('role', 'phr_worker', true), set_config('phr.about', %s, true)",
            [str(patient_id)],
        )
        cursor.execute("DELETE FROM vault_patientkey")
        assert cursor.rowcount == 1
    keys.forget(patient_id)


def test_a_detail_moved_to_another_event_does_not_open(cast: Cast) -> None:
    one, two = (written(cast, detail={"note": note}) for note in ("first", "second"))
    one.detail_sealed = two.detail_sealed

    assert audit.detail(one) == {}


def test_numbers_lead_from_event_to_event(cast: Cast) -> None:
    del cast
    rows = events()

    assert [row.previous_number for row in rows] == [0, *[row.number for row in rows[:-1]]]
    assert len({row.writer for row in rows}) == 1


def test_an_act_that_was_rolled_back_leaves_no_hole(cast: Cast) -> None:
    last = written(cast)

    def act_and_fail() -> None:
        with transaction.atomic():
            with acting_as(cast.alice):
                note("read", patient_id=cast.alice_id)
            raise LookupError

    with pytest.raises(LookupError):
        act_and_fail()

    after = written(cast)

    assert after.previous_number == last.number
    assert after.number == last.number + 2
    sealer.seal_audit(SEALER)
    assert sealer.verify(SEALER).code == 0


def test_a_forked_process_writes_with_a_pen_of_its_own() -> None:
    """The processes of a Celery worker are forks of one that has the code loaded."""
    mine = audit._pen.writer
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.write(writer, audit._pen.writer.bytes)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    theirs = UUID(bytes=os.read(reader, 16))
    os.close(reader)
    os.close(writer)
    assert theirs != mine == audit._pen.writer


def test_a_failed_sign_in_does_not_say_what_was_typed() -> None:
    accounts.note_failed_sign_in(Actor(request_id="r" * 32))

    (row,) = events()
    assert (row.action, row.outcome, row.actor_id, row.subject) == ("sign-in", "denied", None, "")
    assert row.detail_sealed is None


def test_no_column_of_the_trail_could_hold_words() -> None:
    """Ids, times, codes and ciphertext: a title or a search term has no place to go."""
    with login() as opened:
        rows = opened.execute(
            "SELECT column_name, COALESCE(character_maximum_length, 0)"
            " FROM information_schema.columns WHERE table_name = 'accounts_auditevent'"
            " AND data_type IN ('text', 'character varying')"
        ).fetchall()

    assert {name for name, _ in rows} == {
        "door", "system", "action", "outcome", "subject", "basis", "request_id",
    }  # fmt: skip
    assert all(0 < length <= 80 for _, length in rows)
