"""What others send in: only with a permission, unseen by anybody else, hers to accept or refuse."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from pytest_django import Settings

from accounts.acting import acting_as
from accounts.actors import Actor, Denied
from phr import room, storage
from phr.deliveries import Delivery
from phr.models import Binary, Record, Upload
from phr.services import deliveries, imports, looks, records, reviews, uploads, waiting
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.scopes import Scope
from sharing.services import granting
from tests.cast import ALL, IMPORTER, PURGER, Cast
from tests.raw import as_owner, open_walls
from tests.worlds.files import pdf

pytestmark = pytest.mark.django_db(databases=["default", "vault"])
INWARD = Scope(
    (), (), may_copy=False, ends_at=None,
    inward_categories=(Category.LABORATORY,), inward_labels=(Sensitivity.N,),
)  # fmt: skip
LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
OBSERVATION = "http://terminology.hl7.org/CodeSystem/observation-category"
GLUCOSE = {
    "resourceType": "Observation",
    "id": "g",
    "status": "final",
    "category": [{"coding": [{"system": OBSERVATION, "code": "laboratory"}]}],
    "code": {"coding": [{"system": LOINC, "code": "2345-7", "display": "Glucose"}]},
    "effectiveDateTime": "2026-03-01",
    "valueQuantity": {"value": 5.4, "unit": "mmol/L"},
}
DRINKING = {
    "resourceType": "Condition",
    "id": "c",
    "code": {"coding": [{"system": SNOMED, "code": "7200002", "display": "Alcoholism"}]},
    "subject": {"display": "A"},
}
FILE = json.dumps(
    {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": GLUCOSE}, {"resource": DRINKING}],
    }
).encode()


def send(actor: Actor, patient_id: UUID, data: bytes = FILE, name: str = "a.json") -> UUID:
    """What a request does. Returns the Delivery's id."""
    delivery_id, writer = deliveries.begin(actor, patient_id, file_name=name)
    writer.write(data)
    writer.close()
    deliveries.complete(actor, patient_id, delivery_id, size=writer.size)
    return delivery_id


def sent(cast: Cast) -> UUID:
    """Bob may send test results in, sends them and more, and the file was looked through."""
    cast.share(INWARD)
    imports.import_upload(IMPORTER, delivery_id := send(cast.bob, cast.alice_id))
    return delivery_id


def kinds(cast: Cast) -> set[str]:
    with acting_as(cast.alice):
        return set(Record.objects.values_list("resource_type", flat=True))


def test_what_she_asked_for_is_added_once_she_accepts_and_says_who_sent_it(cast: Cast) -> None:
    delivery_id = sent(cast)
    waits = uploads.upload(cast.alice, delivery_id)
    assert waits.state == "asking"
    assert waits.sender
    assert waits.sender.words == "Dr Bob Brown"
    assert waits.outlook
    assert (waits.outlook.new, waits.outlook.outside) == (1, {"Condition": 1})
    assert kinds(cast) == set()

    reviews.confirm(cast.alice, delivery_id)
    imports.import_upload(IMPORTER, delivery_id)

    assert kinds(cast) == {"Observation"}
    done = uploads.upload(cast.alice, delivery_id)
    assert done.upload.skipped == 1
    with acting_as(cast.alice):
        row = Record.objects.get()
    (source,) = records.open_record(cast.alice, cast.alice_id, row.pk).sources
    assert source.sent_by == "Dr Bob Brown"
    assert [one.state for one in deliveries.sent(cast.bob)] == ["accepted"]


def test_what_she_did_not_ask_for_is_added_when_she_says_so(cast: Cast) -> None:
    delivery_id = sent(cast)

    reviews.confirm(cast.alice, delivery_id, outside_too=True)
    imports.import_upload(IMPORTER, delivery_id)

    assert kinds(cast) == {"Observation", "Condition"}


def test_nothing_of_it_is_seen_by_its_sender_or_anybody_else(cast: Cast) -> None:
    delivery_id = sent(cast)
    cast.share(ALL)

    with acting_as(cast.bob):
        assert not Upload.objects.exists()
        assert not Binary.objects.exists()
        assert Delivery.objects.get().pk == delivery_id
    with acting_as(cast.carol):
        assert not Delivery.objects.exists()
    with pytest.raises(Denied):
        uploads.original(cast.bob, delivery_id)


def test_what_is_refused_is_destroyed_and_its_sender_learns_that_it_was(cast: Cast) -> None:
    delivery_id = sent(cast)
    with acting_as(cast.alice):
        name = Binary.objects.get().name

    reviews.cancel(cast.alice, delivery_id)

    assert not storage.exists(name)
    with acting_as(cast.alice):
        assert not Upload.objects.exists()
        assert not Binary.objects.exists()
    (mine,) = deliveries.sent(cast.bob)
    assert (mine.state, mine.file_name, mine.patient_name) == ("refused", "a.json", "Alice Archer")
    said = [line.what for line in looks.log(cast.alice).lines]
    assert "refused a file that somebody sent in, and it was destroyed" in said
    assert "sent a file in" in said


@pytest.mark.parametrize("ended", ["never", "read only", "revoked", "paused"])
def test_nobody_sends_in_without_a_permission_to(cast: Cast, ended: str) -> None:
    if ended == "read only":
        cast.share(ALL)
    elif ended != "never":
        grant_id = cast.share(INWARD)
        (granting.revoke if ended == "revoked" else granting.pause)(cast.alice, grant_id)

    with pytest.raises(Denied):
        deliveries.begin(cast.bob, cast.alice_id, file_name="a.json")
    with acting_as(IMPORTER):
        assert not Delivery.objects.exists()


def test_taken_back_while_a_file_arrives_it_is_not_received(cast: Cast) -> None:
    grant_id = cast.share(INWARD)
    delivery_id, writer = deliveries.begin(cast.bob, cast.alice_id, file_name="a.json")
    writer.write(FILE)
    writer.close()
    granting.revoke(cast.alice, grant_id)

    with pytest.raises(Denied):
        deliveries.complete(cast.bob, cast.alice_id, delivery_id, size=writer.size)
    deliveries.abandon(cast.bob, cast.alice_id, delivery_id)

    assert not storage.exists(writer.name)
    with acting_as(IMPORTER, about=cast.alice_id):
        assert not Delivery.objects.exists()
        assert not Upload.objects.exists()


def test_the_database_refuses_a_delivery_that_no_permission_lets_in(cast: Cast) -> None:
    inward = cast.share(INWARD)
    outward = cast.share(ALL)
    row = {"sender_id": cast.bob.user_id, "file_name_sealed": b"-"}
    wrong: list[dict[str, Any]] = [
        {"patient_id": cast.alice_id, "grant_id": outward},
        {"patient_id": cast.carol_id, "grant_id": inward},
        {"patient_id": cast.alice_id, "grant_id": inward, "sender_id": cast.carol.user_id},
        {"patient_id": cast.alice_id, "grant_id": inward, "outside_too": True},
    ]
    with acting_as(cast.bob):
        for one in wrong:
            with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                Delivery.objects.create(**{**row, **one})
        Delivery.objects.create(**row, patient_id=cast.alice_id, grant_id=inward)


def test_its_sender_cannot_accept_it(cast: Cast) -> None:
    delivery_id = sent(cast)
    with pytest.raises(Denied):
        reviews.confirm(cast.bob, delivery_id)
    with acting_as(cast.bob):
        Delivery.objects.filter(pk=delivery_id).update(accepted_at=timezone.now())
    assert [one.state for one in deliveries.sent(cast.bob)] == ["waiting"]


def test_yes_to_everything_says_yes_to_nothing_that_was_sent_in(cast: Cast) -> None:
    sent(cast)
    assert reviews.confirm_all(cast.alice) == 0


def test_what_nobody_answers_for_goes(cast: Cast, settings: Settings) -> None:
    delivery_id = sent(cast)
    for days in (settings.PHR_UPLOAD_WAIT_DAYS, 8):
        with acting_as(PURGER):
            rows = Upload.objects.filter(pk=delivery_id)
            for row in rows:
                ago = timedelta(days=days)
                reminded = row.reminded_at and row.reminded_at - ago
                previewed = row.previewed_at and row.previewed_at - ago
                rows.update(previewed_at=previewed, reminded_at=reminded)
        waiting.expire(PURGER)

    assert [one.state for one in deliveries.sent(cast.bob)] == ["expired"]
    with acting_as(PURGER):
        assert not Upload.objects.exists()


def test_what_cannot_be_read_is_told_to_its_sender(cast: Cast) -> None:
    cast.share(INWARD)
    imports.import_upload(IMPORTER, send(cast.bob, cast.alice_id, b"\x00nothing", "a.bin"))
    assert [one.state for one in deliveries.sent(cast.bob)] == ["unreadable"]


def test_her_room_is_counted_and_not_told(cast: Cast, settings: Settings) -> None:
    cast.share(INWARD)
    settings.PHR_PATIENT_MOST_BYTES = 100
    _, writer = deliveries.begin(cast.bob, cast.alice_id, file_name="a.pdf")
    with pytest.raises(room.NotTaken):
        writer.write(pdf())
    writer.abandon()

    settings.PHR_PATIENT_MOST_BYTES = 10**9
    settings.PHR_DELIVERIES_MOST = 1
    send(cast.bob, cast.alice_id)
    with pytest.raises(room.NotTaken, match="has not answered"):
        deliveries.begin(cast.bob, cast.alice_id, file_name="b.json")


def test_what_she_said_yes_to_she_can_still_turn_away_until_it_is_added(cast: Cast) -> None:
    delivery_id = sent(cast)
    with acting_as(cast.alice):
        name = Binary.objects.get().name
    reviews.confirm(cast.alice, delivery_id, outside_too=True)

    reviews.cancel(cast.alice, delivery_id)

    assert not storage.exists(name)
    assert [one.state for one in deliveries.sent(cast.bob)] == ["refused"]
    with pytest.raises(Denied):
        uploads.upload(cast.alice, delivery_id)
    assert kinds(cast) == set()


def test_what_the_database_refuses_to_let_go_keeps_its_file(cast: Cast) -> None:
    delivery_id = sent(cast)
    open_walls()
    with as_owner():
        row = Upload.objects.select_related("original").get(pk=delivery_id)
        assert row.original
        name = row.original.name
        with connection.cursor() as cursor:
            cursor.execute("REVOKE DELETE ON phr_upload FROM phr_web")

    with pytest.raises(DatabaseError), transaction.atomic():
        reviews.cancel(cast.alice, delivery_id)

    assert storage.exists(name)


def test_a_delivery_that_broke_off_is_cleared_away_with_its_file(cast: Cast) -> None:
    cast.share(INWARD)
    whole = send(cast.bob, cast.alice_id)
    _, writer = deliveries.begin(cast.bob, cast.alice_id, file_name="a.json")
    writer.close()
    open_walls()
    with as_owner():
        Binary.objects.update(created_at=timezone.now() - timedelta(hours=3))

    assert uploads.clear_leftovers(PURGER) == 1

    with as_owner():
        assert [row.pk for row in Delivery.objects.all()] == [whole]
        assert [row.pk for row in Upload.objects.all()] == [whole]
