"""Whatever tells of a patient: what each kind of actor reads, changes, deletes and adds of it in SQL.

`walls.toml` says it, table by table. A table that it does not name with an actor shows her no row of
alice's, and takes none from her: none is changed or deleted by a statement that reads nothing (it
passes by the policies of reading), and none like those there are is added, in her name or another's.
"""

import json
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import Error, connection, transaction

from accounts.acting import acting_as
from accounts.actors import Actor
from sharing.models import Authority, Role
from sharing.services import granting
from sharing.services.recipients import ActsFor, Recipient
from tests.cast import ALL, IMPORTER, Cast, join
from tests.raw import WALLED, owner
from tests.worlds import by_code
from tests.worlds.facilities import employ, opened
from tests.worlds.walled import NARROW, Kept, kept_for

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"], transaction=True),
    pytest.mark.slow,
    pytest.mark.timeout(600),
]
SAID = tomllib.loads((Path(__file__).parent / "walls.toml").read_text())
ACTS = ActsFor(Authority.CHOSEN)
# Columns that say who did something: tried with the actor's own name, too.
NAMES = {"person_id", "by_id", "sender_id", "grantee_id", "actor_id", "asked_by"}
MAY = "SELECT has_table_privilege(%s, %s)"
COLUMN = """
    SELECT attname::text FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0
      AND NOT attisdropped AND has_column_privilege(attrelid, attnum, 'UPDATE') LIMIT 1
"""
ADD = "INSERT INTO {0} SELECT * FROM jsonb_populate_record(NULL::{0}, %s)"


@pytest.fixture
def kept(cast: Cast) -> Kept:
    return kept_for(cast)


def actors(at: Kept) -> Iterator[tuple[str, Actor, bool]]:
    """Each kind of actor, and whether the database is told that it is about another patient."""
    alice, facility = at.cast.alice, opened(at.cast, name="Harbour Clinic")
    granting.grant(alice, Recipient(organization_id=facility), scope=NARROW)
    dana, mary = (Actor.session(join(f"{name}@example.org").pk) for name in ("dana", "mary"))
    granting.accept(dana, granting.grant(alice, Recipient("dana@example.org", ACTS), scope=NARROW))
    manages = Recipient("mary@example.org", replace(ACTS, may_manage=True))
    granting.accept(mary, granting.grant(alice, manages, scope=ALL))
    nina = employ(at.cast, facility, "nina@example.org", Role.NURSE)
    yield "a stranger", Actor.session(join("zoe@example.org").pk), False
    yield "a person", at.cast.bob, False
    yield "a nurse", nina, False
    yield (
        "an administrator",
        employ(at.cast, facility, "ada@example.org", Role.ADMINISTRATOR),
        False,
    )
    yield "who looks for her", dana, False
    yield "who manages", mary, False
    yield "who acts for her", replace(mary, acting_for=at.cast.alice_id), False
    yield "who acts for another", replace(mary, acting_for=at.cast.carol_id), False
    yield "who opened a link", by_code.linked(at.cast, NARROW), False
    yield "staff", at.cast.sam, False
    yield "a worker", IMPORTER, False
    yield "a worker about another", IMPORTER, True
    yield "she, about another", alice, True


def hers(at: Kept) -> dict[str, list[dict[str, Any]]]:
    """Rows of alice's of each table."""
    found: dict[str, list[dict[str, Any]]] = {}
    with owner() as unwalled:
        for (name,) in unwalled.execute(WALLED).fetchall():
            rows = unwalled.execute(
                f"SELECT to_jsonb(t) FROM {name} t WHERE {of(name)} LIMIT 20",  # noqa: S608
                [at.cast.alice_id],
            )
            found[name] = [row for (row,) in rows]
    return found


def of(name: str) -> str:
    return "id = %s" if name == "accounts_patient" else "patient_id = %s"


def tried(statement: str, *values: str | UUID) -> bool:
    """Whether a row was reached: also where the row as it would become is refused for its form."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)
            transaction.set_rollback(True)
            return bool(cursor.rowcount > 0)
    except Error as error:
        refused = ("permission denied", "row-level security", "not for this actor")
        return not any(words in str(error) for words in refused)


def adds(name: str, row: dict[str, Any], actor: Actor) -> bool:
    fresh = {key: str(uuid4()) if key == "id" else value for key, value in row.items()}
    if "serial" in fresh:
        fresh["serial"] = 1_000_000
    own = {key: str(actor.user_id) for key in NAMES & set(fresh) if actor.user_id}
    return any(tried(ADD.format(name), json.dumps(fresh | names)) for names in ({}, own))


def done(name: str, rows: list[dict[str, Any]], actor: Actor, about: UUID) -> Iterator[str]:
    """What the actor does to alice's rows of a table."""
    with connection.cursor() as cursor:
        cursor.execute(COLUMN, [name])
        column = cursor.fetchone()
    if tried(f"SELECT 1 FROM {name} WHERE {of(name)}", about):  # noqa: S608
        yield "read"
    if column and tried(f'UPDATE {name} SET "{column[0]}" = NULL'):  # noqa: S608
        yield "change"
    if tried(f"DELETE FROM {name}"):  # noqa: S608
        yield "delete"
    if any(adds(name, row, actor) for row in rows):
        yield "add"


def test_each_actor_gets_what_is_said_and_nothing_else(kept: Kept) -> None:
    everybody = list(actors(kept))
    rows, found = hers(kept), dict[str, dict[str, list[str]]]()
    for who, actor, elsewhere in everybody:
        does = found.setdefault(who, {})
        with acting_as(actor, about=uuid4() if elsewhere else None):
            for name in sorted(rows):
                for verb in done(name, rows[name], actor, kept.cast.alice_id):
                    does.setdefault(verb, []).append(name)

    assert found == SAID
