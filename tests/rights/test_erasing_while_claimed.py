"""Who stands in for a dependent deletes her record while its owner is taking it over."""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, connections

from accounts import ledger
from accounts.actors import Actor, Denied
from accounts.ledger import Kind
from rights.services import erasures
from sharing.models import Authority
from sharing.services import granting, handovers
from sharing.services.dependents import Draft
from tests.cast import ORDINARY, Cast
from tests.raw import as_role, owner, tell
from tests.sharing.test_dependents import aged, opened
from tests.test_walls_races import until_it_waits

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)
GUARDED = Draft("Old Sam", aged(80), Authority.GUARDIAN)
HIDDEN = """
    SELECT p.erasing_at IS NOT NULL, u.is_active, p.opened_by_id IS NULL
    FROM accounts_patient p JOIN accounts_user u ON u.id = p.user_id WHERE p.id = %s
"""


def alone(act: Any, pids: list[int]) -> Any:
    """Do something on a connection of its own, and say which that is."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            pids.append(cursor.fetchone()[0])
        return act()
    finally:
        connections.close_all()


def meanwhile(patient_id: UUID, act: Any) -> "Future[Any]":
    """Begin an act while the record is being claimed; it ends after the claim does."""
    with owner() as behind:
        (secret,) = behind.execute("SELECT lookup FROM sharing_handover").fetchone() or (b"",)
    pids: list[int] = []
    with as_role("phr_web", Actor()) as claimer, ThreadPoolExecutor(1) as pool:
        claimer.execute("SELECT phr_claim(%s)", [secret])
        running = pool.submit(alone, act, pids)
        while not pids:
            time.sleep(0.01)
        assert until_it_waits(running, pids[0])
        claimer.commit()
    with owner() as behind:
        assert behind.execute(HIDDEN, [patient_id]).fetchone() == (False, True, True)
    return running


def test_whoever_took_the_record_over_keeps_it(cast: Cast) -> None:
    patient_id, acting = opened(cast.bob, GUARDED)
    handovers.name(cast.bob, patient_id, email="sam@elsewhere.example")

    erased = meanwhile(patient_id, lambda: erasures.erase_dependent(acting))

    with pytest.raises(Denied):
        erased.result()
    assert not ledger.entries(Kind.ERASURE)


def hide(actor: Actor, patient_id: UUID) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        tell(connection.connection, "phr_web", actor)
        cursor.execute("SELECT phr_hide(%s)", [patient_id])
        (done,) = cursor.fetchone()
        cursor.execute("COMMIT")
        return bool(done)


def test_the_database_asks_after_it_has_waited(cast: Cast) -> None:
    patient_id, acting = opened(cast.bob, GUARDED)
    handovers.name(cast.bob, patient_id, email="sam@elsewhere.example")

    assert meanwhile(patient_id, lambda: hide(acting, patient_id)).result() is False


def test_who_gives_something_meanwhile_is_told_that_there_is_nothing(cast: Cast) -> None:
    patient_id, acting = opened(cast.bob, GUARDED)
    handovers.name(cast.bob, patient_id, email="sam@elsewhere.example")

    given = meanwhile(
        patient_id, lambda: granting.grant(acting, "carol@example.org", scope=ORDINARY)
    )

    with pytest.raises(Denied):
        given.result()
