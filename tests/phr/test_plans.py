"""Query plans at scale: no page reads a whole table, through the walls as well as through the rule."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from accounts.actors import Actor
from phr.services import looks, records
from sharing.categories import Category
from tests.cast import Cast, put_in
from tests.worlds.bulk import multiply_grants, multiply_records
from tests.worlds.synthea import lines

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(databases=["default", "vault"]),
]
RECORDS, GRANTS = 20_000, 2_000
LARGE = ("phr_record", "phr_provenance", "sharing_grant", "accounts_patient")
# Rows that one page may have to look at and leave aside, of 20 000.
MOST_PASSED_OVER = 1_500


@pytest.fixture
def crowd(cast: Cast) -> Cast:
    """Alice with very many records, bob with very many patients."""
    put_in(cast.alice, b"".join(lines(300, seed=9)))
    grant_id = cast.share()
    multiply_grants(grant_id, GRANTS)
    multiply_records(cast.alice_id, RECORDS)
    return cast


@contextmanager
def plans() -> Iterator[list[str]]:
    """The plan of every SELECT that runs inside the block, as it ran."""
    found: list[str] = []

    def explain(execute: Callable[..., Any], sql: str, params: Any, *rest: Any) -> Any:
        if sql.startswith("SELECT") and "set_config" not in sql:
            with connection.connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {sql}", params)
                found.append("\n".join(line for (line,) in cursor.fetchall()))
        return execute(sql, params, *rest)

    with connection.execute_wrapper(explain):
        yield found


def check(found: list[str]) -> None:
    assert found
    for plan in found:
        assert not re.search(rf"Seq Scan on ({'|'.join(LARGE)})\b", plan), plan
        for passed in re.findall(r"Rows Removed by Filter: (\d+)", plan):
            assert int(passed) <= MOST_PASSED_OVER, plan


NARROWINGS: list[dict[str, Any]] = [
    {},
    {"category": Category.LABORATORY},
    {"text": "blood"},
    {"text": "zebra"},
]


def test_a_page_reads_what_it_shows_and_so_does_the_log(crowd: Cast) -> None:
    for actor in (crowd.alice, crowd.bob):
        check(of_the_timeline(crowd, actor))
    with plans() as found:
        looks.log(crowd.alice)
    check(found)


def of_the_timeline(crowd: Cast, actor: Actor) -> list[str]:
    first = records.timeline(actor, crowd.alice_id)
    with plans() as found:
        for narrowing in NARROWINGS:
            records.timeline(actor, crowd.alice_id, **narrowing)
        records.timeline(actor, crowd.alice_id, after=first.after)
        records.open_record(actor, crowd.alice_id, first.items[0].id)
    return found
