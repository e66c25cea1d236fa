"""What `acting_as` tells the database ends with its transaction, and leaves nothing to the next."""

import contextlib
from uuid import UUID

import pytest
from django.db import connection, connections, transaction
from django.test import Client

from accounts import keys
from accounts.acting import acting_as
from accounts.models import User
from tests.cast import IMPORTER, PURGER, Cast
from tests.raw import count, ids
from tests.worlds.walled import Kept, kept_for, walled_for_web

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)


@pytest.fixture
def kept(cast: Cast) -> Kept:
    return kept_for(cast)


def context() -> tuple[str, ...]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user::text, COALESCE(current_setting('phr.actor', true), ''),"
            " COALESCE(current_setting('phr.door', true), ''),"
            " COALESCE(current_setting('phr.about', true), '')"
        )
        row = cursor.fetchone()
    assert row is not None
    return tuple(row)


def backend() -> set[UUID]:
    return ids("SELECT pg_backend_pid()")


def test_nested_acts_restore_what_was_told(cast: Cast) -> None:
    with acting_as(cast.alice):
        outer = context()
        with acting_as(PURGER, about=cast.carol_id):
            assert context() == ("phr_worker", "", "system", str(cast.carol_id))
            with acting_as(cast.bob):
                assert context() == ("phr_web", str(cast.bob.user_id), "session", "")
            assert context()[0] == "phr_worker"
        assert context() == outer == ("phr_web", str(cast.alice.user_id), "session", "")


def test_the_same_actor_within_stays_with_the_same_patient(cast: Cast) -> None:
    with acting_as(IMPORTER, about=cast.alice_id), acting_as(IMPORTER):
        assert context()[3] == str(cast.alice_id)


def test_a_failing_act_restores_what_was_told(cast: Cast) -> None:
    with acting_as(cast.alice):
        outer = context()
        with pytest.raises(LookupError), acting_as(PURGER, about=cast.carol_id):
            raise LookupError
        assert context() == outer


def test_an_act_inside_another_transaction_leaves_nothing_behind(cast: Cast) -> None:
    with transaction.atomic():
        with acting_as(cast.alice):
            assert context()[1] == str(cast.alice.user_id)
        assert context() == ("phr_web", "", "", "")


@pytest.mark.parametrize("fails", [False, True])
def test_the_context_ends_with_its_transaction(kept: Kept, fails: bool) -> None:
    with contextlib.suppress(ZeroDivisionError), acting_as(kept.cast.alice):
        assert count("phr_record") // int(not fails) > 0

    assert context() == ("phr_web", "", "", "")
    for name in walled_for_web():
        assert count(name) == 0, name


@pytest.mark.usefixtures("static_files")
def test_two_requests_on_one_connection_do_not_meet(kept: Kept) -> None:
    """Alice's page, then carol's, then nobody's, all through the connection of this thread."""
    pid = backend()
    for name, own in (("alice", kept.covered[0]), ("carol", kept.carols)):
        client = Client()
        client.force_login(User.objects.get(email=f"{name}@example.org"))
        answer = client.get("/records/")
        assert answer.status_code == 200
        assert str(own.pk) in answer.content.decode()
        other = kept.carols if own is not kept.carols else kept.covered[0]
        assert str(other.pk) not in answer.content.decode()
        assert client.get(f"/records/{other.pk}/").status_code == 404
        assert context() == ("phr_web", "", "", "")
    assert Client().get("/records/").status_code == 302
    assert backend() == pid
    assert count("phr_record") == 0


def test_the_vault_forgets_whose_key_was_asked_for(cast: Cast) -> None:
    keys.forget_all()
    assert keys.has_key(cast.alice_id)
    with connections["vault"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM vault_patientkey")
        assert cursor.fetchone() == (0,)
