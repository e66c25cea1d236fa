"""What the ledger says of a restriction: that it is granted always, that it ended never too soon."""

from uuid import UUID

import pytest
from django.db import connection
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts import ledger
from accounts.acting import acting_as
from accounts.actors import Actor, System
from accounts.ledger import Kind
from accounts.models import Patient, User
from rights.casework import Refused
from rights.services import cases, desk, restriction
from tests import raw
from tests.worlds.cases import Desk

pytestmark = pytest.mark.django_db(databases=["default", "vault"])


@pytest.fixture
def desk_world() -> Desk:
    return Desk.enter()


def rests(desk_world: Desk) -> bool:
    with acting_as(desk_world.cast.alice):
        return Patient.objects.get(pk=desk_world.cast.alice_id).restricted_at is not None


def said() -> list[str]:
    return [entry.state for entry in ledger.entries(Kind.RESTRICTION)]


def granted(desk_world: Desk) -> UUID:
    _, pk = desk_world.ask("restriction")
    desk.decide(desk_world.sam, pk, decision="granted", text="Yes.")
    return pk


def test_one_lift_of_two_restrictions_ends_one(
    desk_world: Desk, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    first, second = granted(desk_world), granted(desk_world)

    with django_capture_on_commit_callbacks(execute=True):
        desk.lift(desk_world.sam, first, text="It ends.")
    assert rests(desk_world)
    assert "lifted" not in said()

    with django_capture_on_commit_callbacks(execute=True):
        desk.lift(desk_world.tom, second, text="It ends.")
    assert not rests(desk_world)
    assert said()[-1] == "lifted"


def test_the_ledger_says_lifted_only_after_the_commit_and_not_when_granted_again(
    desk_world: Desk, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    pk = granted(desk_world)

    with django_capture_on_commit_callbacks() as later:
        desk.lift(desk_world.sam, pk, text="It ends.")
    assert said() == ["restricted"]
    granted(desk_world)
    for write in later:
        write()

    assert said() == ["restricted", "restricted"]


def test_an_older_vault_lifts_nothing_that_was_granted_since(desk_world: Desk) -> None:
    granted(desk_world)
    patient, actor = str(desk_world.cast.alice_id), Actor.job(System.RECONCILE)
    ledger.remember(Kind.RESTRICTION, patient, state="lifted")
    raw.open_walls()
    move = "UPDATE accounts_patient SET restricted_at = clock_timestamp() + %s::interval"

    for by, lifted in (("1 minute", 0), ("-1 minute", 1)):
        with raw.as_owner(), connection.cursor() as cursor:
            cursor.execute(f"{move} WHERE id = %s", [by, patient])
        assert restriction.replay(actor) == lifted
        assert rests(desk_world) is not bool(lifted)


def test_what_is_refused_is_not_in_the_ledger(desk_world: Desk) -> None:
    reference, pk = desk_world.ask("restriction")
    cases.withdraw(desk_world.cast.alice, reference)

    with pytest.raises(Refused):
        desk.decide(desk_world.sam, pk, decision="granted", text="Yes.")
    with pytest.raises(Refused):
        desk.lift(desk_world.sam, pk, text="It ends.")

    assert said() == []
    assert not rests(desk_world)


def test_the_database_asks_who_stands_behind_the_desks_door(desk_world: Desk) -> None:
    User.objects.filter(pk=str(desk_world.tom.user_id)).update(is_active=False)
    for user_id in (desk_world.cast.bob.user_id, desk_world.tom.user_id):
        assert user_id is not None
        with acting_as(Actor.staff(user_id)), connection.cursor() as cursor:
            cursor.execute("SELECT phr_restrict(%s, true)", [desk_world.cast.alice_id])
            assert cursor.fetchone() == (False,)
    assert not rests(desk_world)

    restriction.restrict(desk_world.sam, desk_world.cast.alice_id)
    assert rests(desk_world)
