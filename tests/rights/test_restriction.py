"""Restriction (GDPR Art. 18): stored, shown to the person, used by nobody; policy and database agree."""

from collections.abc import Callable

import pytest
from django.db import ProgrammingError, connection
from django.http import Http404

from accounts.acting import acting_as
from accounts.actors import Actor, Denied, System
from accounts.models import Patient
from phr.services import entries, imports, looks, records, uploads
from phr.services.items import Item
from rights.services import erasures, restriction
from sharing.labels import Sensitivity
from sharing.policy import Action, Restricted
from sharing.services import granting, listing
from tests import raw
from tests.cast import ALL, IMPORTER, Cast, put_in, receive
from tests.doors import sign_in, text
from tests.worlds.synthea import lines

pytestmark = pytest.mark.django_db(databases=["default", "vault"])


@pytest.fixture
def resting(cast: Cast) -> Cast:
    put_in(cast.alice, b"".join(lines(3)))
    cast.share()
    restriction.restrict(cast.sam, cast.alice_id)
    return cast


def first(cast: Cast) -> Item:
    return records.timeline(cast.alice, cast.alice_id).items[0]


def test_nobody_else_sees_it_and_she_does(resting: Cast) -> None:
    with pytest.raises(Denied):
        records.timeline(resting.bob, resting.alice_id)

    assert records.timeline(resting.alice, resting.alice_id).items
    assert listing.shared(resting.bob).open == []


@pytest.mark.parametrize(
    "act",
    [
        lambda cast: granting.grant(cast.alice, "dora@example.org", scope=ALL),
        lambda cast: uploads.begin_upload(cast.alice, file_name="new.json"),
        lambda cast: records.classify(cast.alice, first(cast).id, labels=[Sensitivity.N]),
        lambda cast: records.own_or_denied(cast.alice, Action.SHARE),
        lambda cast: entries.enter(cast.alice, {"resourceType": "Condition"}),
        lambda cast: entries.entry(cast.alice, first(cast).id),
        lambda cast: entries.correct(cast.alice, first(cast).id, {}, reason="", version=1),
    ],
    ids=["share", "upload", "classify", "preview", "enter", "open-entry", "correct"],
)
def test_she_neither_adds_nor_changes_nor_shares(
    resting: Cast, act: Callable[[Cast], object]
) -> None:
    with pytest.raises(Restricted):
        act(resting)


def test_she_may_end_sharing_and_delete(resting: Cast) -> None:
    for held in listing.given(resting.alice):
        granting.revoke(resting.alice, held.grant.pk)
    erasures.erase_record(resting.alice, first(resting).id)

    assert len(records.timeline(resting.alice, resting.alice_id).items) == 2


def test_a_file_that_arrived_before_waits_until_it_is_lifted(cast: Cast) -> None:
    upload_id = receive(cast.alice, b"".join(lines(2)))
    restriction.restrict(cast.sam, cast.alice_id)

    assert imports.import_due(IMPORTER) == 0
    assert not imports.import_upload(IMPORTER, upload_id)
    restriction.lift(cast.sam, cast.alice_id)
    assert imports.import_due(IMPORTER) == 1
    assert uploads.upload(cast.alice, upload_id).state == "finished"


def test_only_staff_restrict_and_lift(cast: Cast) -> None:
    for actor in (cast.alice, cast.bob, Actor()):
        with pytest.raises(Denied):
            restriction.restrict(actor, cast.alice_id)


@pytest.mark.parametrize("door", ["web", "worker"])
def test_the_database_refuses_too(resting: Cast, door: str) -> None:
    actor = resting.alice if door == "web" else Actor.job(System.IMPORT)
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        acting_as(actor, about=resting.alice_id),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO phr_upload (id, patient_id, file_name_sealed, attempts, done, unit,"
            " imported, updated, duplicates, skipped)"
            " VALUES (gen_random_uuid(), %s, 'x', 0, 0, '', 0, 0, 0, 0)",
            [resting.alice_id],
        )


def test_her_log_says_so_and_a_replay_sets_it_again(resting: Cast) -> None:
    assert any("restricted" in line.what for line in looks.log(resting.alice).lines)
    raw.open_walls()
    with raw.as_owner(), connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_patient SET restricted_at = NULL")

    assert restriction.replay(Actor.job(System.RECONCILE)) == 1
    assert restriction.replay(Actor.job(System.RECONCILE)) == 0
    with acting_as(resting.alice):
        assert Patient.objects.get(pk=resting.alice_id).restricted_at


@pytest.mark.usefixtures("resting", "static_files")
def test_pages_say_it_in_plain_words() -> None:
    alice = sign_in("alice@example.org")

    assert "Your record is restricted" in text(alice.get("/records/"))
    uploading = text(alice.get("/records/upload/"))
    assert "nothing can be added to it" in uploading
    assert "data-upload" not in uploading
    answer = alice.get("/sharing/new/", follow=True)
    assert answer.status_code == 409
    assert "nothing can be added, changed or shared" in text(answer)
    assert isinstance(Restricted(), Http404)
