"""A hold that is confirmed in the very moment in which a worker looks which holds there are."""

import threading
from collections.abc import Callable

import pytest
from django.db import connections

from accounts.acting import acting_as
from accounts.actors import Denied
from rights import saga
from rights.models import Erasure, Hold
from rights.services import erasures, holds, placing
from tests.cast import PURGER, Cast
from tests.worlds.held import HOLDER, ask, in_force, item, una

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)


def beside(work: Callable[[], object]) -> threading.Thread:
    def run() -> None:
        work()
        connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_confirmation_on_its_way_is_waited_for(cast: Cast) -> None:
    colleague, row = una(), item(cast)
    hold_id = ask(cast, row)
    erasure_id = erasures.erase_record(cast.alice, row.pk)
    with acting_as(colleague):
        placing.confirm_hold(colleague, hold_id)
        worker = beside(lambda: saga.carry_on(PURGER, erasure_id))
        worker.join(timeout=0.5)
        assert worker.is_alive(), "the worker did not wait"
    worker.join()

    with acting_as(HOLDER):
        assert Hold.objects.get(pk=hold_id).rehomed_at
    assert in_force(cast) == {row.pk}


def test_a_confirmation_that_comes_too_late_is_refused(cast: Cast) -> None:
    colleague, row = una(), item(cast)
    hold_id = ask(cast, row)
    erasure_id = erasures.erase_record(cast.alice, row.pk)
    refused: list[Denied] = []

    def confirm() -> None:
        try:
            placing.confirm_hold(colleague, hold_id)
        except Denied as denied:
            refused.append(denied)

    with acting_as(PURGER):
        Erasure.objects.filter(pk=erasure_id).update(attempts=1)
    with acting_as(PURGER, about=cast.alice_id):
        holds.rehome_record(PURGER, cast.alice_id, row.pk)
        late = beside(confirm)
        late.join(timeout=0.5)
        assert late.is_alive(), "staff did not wait"
    late.join()

    assert len(refused) == 1
    assert in_force(cast) == set()
