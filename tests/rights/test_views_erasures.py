"""Deleting one record: asked twice, hidden at once, destroyed by the worker with its files."""

import re
from uuid import UUID

import pytest
from django.test import Client

from accounts.acting import acting_as
from accounts.actors import Actor, System
from phr import integrity, storage
from phr.models import Binary, Record
from rights import saga
from tests.cast import PASSWORD, PURGER
from tests.doors import sign_in, text, visitor
from tests.standing import Standing
from tests.worlds.shared_record import Shared

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]


@pytest.fixture(scope="module")
def world(standing: Standing) -> Shared:
    with standing.built():
        return Shared.enter()


def let_time_pass(browser: Client) -> None:
    """The last proof of who this is was six minutes ago."""
    session = browser.session
    for proof in session["account_authentication_methods"]:
        proof["at"] -= 360
    session.save()


def names_of(record_id: UUID, actor: Actor) -> set[str]:
    with acting_as(actor):
        rows = Binary.objects.filter(records__record_id=record_id)
        return set(rows.values_list("name", flat=True))


def test_it_says_what_will_happen_and_a_look_changes_nothing(world: Shared) -> None:
    alice = sign_in("alice@example.org")
    page = text(alice.get(f"/rights/erase/{world.ids['record_id']}/"))

    assert "Delete" in page
    assert re.search(r"Backups from before may hold it until \d+ \w+ 20\d\d\.", page)
    assert alice.get(f"/records/{world.ids['record_id']}/").status_code == 200


def test_it_is_gone_at_once_for_everybody_and_destroyed_by_the_worker(world: Shared) -> None:
    record_id, cast = world.ids["record_id"], world.cast
    alice, bob = sign_in("alice@example.org"), sign_in("bob@example.org")
    shared = f"/shared/{cast.alice_id}/{record_id}/"
    picture = f"{shared}pictures/{world.ids['picture_id']}/"
    files = names_of(record_id, cast.alice)
    assert len(files) == 2
    assert bob.get(shared).status_code == bob.get(picture).status_code == 200

    answer = alice.post(f"/rights/erase/{record_id}/", follow=True)

    assert "The item is deleted." in text(answer)
    for browser, address in (
        (alice, f"/records/{record_id}/"),
        (alice, f"/rights/erase/{record_id}/"),
        (bob, shared),
        (bob, picture),
        (bob, f"{shared}files/{world.ids['original_id']}/"),
    ):
        assert browser.get(address).status_code == 404
    assert files <= set(storage.names())

    assert saga.carry_on_due(PURGER) == 1
    assert not files & set(storage.names())
    with acting_as(PURGER, about=cast.alice_id):
        assert not Record.objects.filter(pk=record_id).exists()
    found = integrity.check(Actor.job(System.INTEGRITY))
    assert not found.rows_without_file
    assert not files & set(found.files_without_row)
    assert alice.get(f"/records/upload/{world.ids['upload_id']}/original/").status_code == 404


def test_the_log_keeps_the_act_without_the_items_name(world: Shared) -> None:
    alice = sign_in("alice@example.org")
    alice.post(f"/rights/erase/{world.ids['record_id']}/")
    saga.carry_on_due(PURGER)

    page = text(alice.get("/sharing/log/?mine=on"))

    assert "deleted an item" in page
    assert "destroyed a deleted item for good" in page
    assert ".png" not in page.split("<main", 1)[1]


def test_the_password_is_asked_again_before_it_is_shown_or_done(world: Shared) -> None:
    address = f"/rights/erase/{world.ids['record_id']}/"
    alice = sign_in("alice@example.org")
    let_time_pass(alice)

    for answer in (alice.get(address), alice.post(address)):
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/accounts/reauthenticate/?next=")
    assert alice.get(f"/records/{world.ids['record_id']}/").status_code == 200

    asked = alice.get(address).headers["Location"]
    assert alice.post(asked, {"password": "wrong"}).status_code == 200
    assert alice.get(address).status_code == 302
    back = alice.post(asked, {"password": PASSWORD, "next": address})
    assert back.headers["Location"] == address
    assert alice.get(address).status_code == 200


@pytest.mark.parametrize("name", ["bob", "lou", "carol"])
def test_nobody_deletes_for_another(world: Shared, name: str) -> None:
    other = sign_in(f"{name}@example.org")

    assert other.post(f"/rights/erase/{world.ids['record_id']}/").status_code == 404
    assert saga.carry_on_due(PURGER) == 0


def test_what_was_deleted_can_be_followed_until_no_backup_has_it(world: Shared) -> None:
    alice = sign_in("alice@example.org")
    assert "nothing in this list" in text(alice.get("/rights/erasures/"))
    alice.post(f"/rights/erase/{world.ids['record_id']}/")

    page = text(alice.get("/rights/erasures/"))
    reference = re.search(r"/rights/erasures/([A-Z2-7-]{19})/", page)
    assert reference, page
    assert "Hidden" in page
    assert "Hidden from everyone" in text(visitor().get(reference[0]))
    saga.carry_on_due(PURGER)
    assert "nothing in this list" in text(alice.get("/rights/erasures/")), "no backup was made"
