"""Two colleagues who work one case in the same moment."""

import threading

import pytest
from django.db import connections

from accounts.acting import acting_as
from rights.services import cases, desk
from tests.worlds.cases import Desk

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)


def test_a_case_is_closed_although_its_last_two_requests_end_at_once() -> None:
    world = Desk.enter()
    reference, _ = world.ask(place="california")
    first, second = (row.pk for row in world.requests(reference))
    for pk in (first, second):
        desk.decide(world.sam, pk, decision="granted", text="Yes.")

    def close() -> None:
        desk.close(world.tom, second)
        connections.close_all()

    with acting_as(world.sam):
        desk.close(world.sam, first)
        other = threading.Thread(target=close)
        other.start()
        other.join(timeout=0.5)
        assert other.is_alive(), "the colleague did not wait"
    other.join()

    assert cases.case(world.cast.alice, reference).case.closed_at
