"""Files that nobody asked for: refused unless she chose otherwise, and nothing tells their sender."""

from datetime import timedelta
from http import HTTPStatus
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.utils import timezone
from pytest_django import Settings

from accounts import services as accounts
from accounts.acting import acting_as
from accounts.actors import Actor, Denied
from accounts.models import Practitioner
from phr import room
from phr.deliveries import Delivery
from phr.models import Binary, Record, Upload
from phr.services import deliveries, imports, looks, reviews, unasked, uploads
from rights.services import restriction
from sharing.models import DeliveryChoice, Notice, Offer, Role, Unasked
from sharing.services import offers
from sharing.services.recipients import Refused
from tests.cast import IMPORTER, PURGER, Cast, join, user_of
from tests.doors import sign_in
from tests.phr.test_deliveries import FILE, INWARD
from tests.phr.test_deliveries import send as deliver
from tests.raw import as_owner, open_walls
from tests.worlds.facilities import employ, opened

pytestmark = pytest.mark.django_db(databases=["default", "vault"])


@pytest.fixture(autouse=True)
def bob_is_verified(cast: Cast) -> None:
    bob = Practitioner.objects.get(user=cast.bob.user_id)
    accounts.verify_practitioner(cast.sam, bob.pk)


def send(actor: Actor, email: str = "alice@example.org", data: bytes = FILE) -> UUID:
    """What two requests do. Returns an id, of a Delivery or of nothing."""
    offer_id = offers.offer(actor, email)
    delivery_id, writer = unasked.begin(actor, offer_id, file_name="a.json")
    writer.write(data)
    writer.close()
    unasked.complete(actor, offer_id, delivery_id, size=writer.size)
    offers.finish(actor, offer_id)
    return delivery_id


def kept(actor: Actor) -> list[Delivery]:
    with acting_as(actor):
        return list(Delivery.objects.filter(received_at__isnull=False))


def test_it_is_refused_until_she_chooses_otherwise(cast: Cast) -> None:
    assert offers.choice(cast.alice) is Unasked.REFUSE
    send(cast.bob)
    assert kept(cast.alice) == []

    offers.choose(cast.alice, Unasked.KEEP)
    delivery_id = send(cast.bob)
    assert [row.pk for row in kept(cast.alice)] == [delivery_id]

    offers.choose(cast.alice, Unasked.REFUSE)
    send(cast.bob)
    assert [row.pk for row in kept(cast.alice)] == [delivery_id]
    said = [line.what for line in looks.log(cast.alice).lines]
    assert "chose that files which nobody asked for are kept apart" in said
    assert "chose that files which nobody asked for are refused" in said
    assert "sent a file in that you had not asked for" in said


def test_it_waits_for_her_and_what_is_sensitive_waits_for_a_second_yes(cast: Cast) -> None:
    offers.choose(cast.alice, Unasked.KEEP)
    imports.import_upload(IMPORTER, delivery_id := send(cast.bob))

    waits = uploads.upload(cast.alice, delivery_id)
    assert waits.state == "asking"
    assert waits.sender
    assert (waits.sender.words, waits.sender.delivery.grant_id) == ("Dr Bob Brown", None)
    assert waits.outlook
    assert (waits.outlook.new, waits.outlook.outside) == (1, {"Condition": 1})
    with acting_as(cast.alice):
        assert not Record.objects.exists()
        assert Notice.objects.get().kind == "delivery"

    reviews.confirm(cast.alice, delivery_id)
    imports.import_upload(IMPORTER, delivery_id)

    with acting_as(cast.alice):
        assert Record.objects.get().resource_type == "Observation"


@pytest.mark.parametrize("who", ["nobody", "refuses", "rests", "is full", "has many", "said no"])
def test_nothing_tells_its_sender_who_is_there(cast: Cast, settings: Settings, who: str) -> None:
    offers.choose(cast.alice, Unasked.REFUSE if who == "refuses" else Unasked.KEEP)
    if who == "rests":
        restriction.restrict(cast.sam, cast.alice_id)
    elif who == "is full":
        settings.PHR_PATIENT_MOST_BYTES = settings.PHR_UNASKED_MOST_BYTES - 1
    elif who == "has many":
        settings.PHR_UNASKED_MOST = 0
    elif who == "said no":
        reviews.cancel(cast.alice, send(cast.bob))
    before = len(kept(cast.alice))

    send(cast.bob, "nobody@example.org" if who == "nobody" else "alice@example.org")

    assert len(kept(cast.alice)) == before
    with acting_as(cast.bob):
        assert not Delivery.objects.exists()
        assert not DeliveryChoice.objects.exists()
        assert not Notice.objects.exists()
    assert deliveries.sent(cast.bob) == []


def test_what_is_kept_shows_its_sender_nothing_either(cast: Cast) -> None:
    offers.choose(cast.alice, Unasked.KEEP)
    reviews.cancel(cast.alice, send(cast.bob))

    with acting_as(cast.bob):
        assert not Delivery.objects.exists()
        assert not Upload.objects.exists()
        assert not Binary.objects.exists()
    assert deliveries.sent(cast.bob) == []


@pytest.mark.usefixtures("static_files")
@pytest.mark.parametrize("address", ["alice@example.org", "nobody@example.org"])
def test_the_pages_answer_the_same(cast: Cast, address: str) -> None:
    offers.choose(cast.alice, Unasked.KEEP)
    client = sign_in("bob@example.org")
    begun = client.post("/shared/send/", {"email": address})
    assert (begun.status_code, begun["Location"][:13]) == (HTTPStatus.FOUND, "/shared/send/")

    empty = client.post(begun["Location"], {"files": SimpleUploadedFile("a.json", b"")})
    assert empty["Location"] == begun["Location"]
    done = client.post(begun["Location"], {"files": SimpleUploadedFile("a.json", FILE)})

    assert (done.status_code, done["Location"]) == (HTTPStatus.FOUND, "/shared/")
    assert b"If somebody here has this address" in client.get("/shared/").content
    assert client.get(begun["Location"]).status_code == HTTPStatus.NOT_FOUND
    assert len(kept(cast.alice)) == (address == "alice@example.org")


def test_what_cannot_be_read_fills_the_same_few_places(cast: Cast, settings: Settings) -> None:
    settings.PHR_UNASKED_MOST = 2
    offers.choose(cast.alice, Unasked.KEEP)
    for _ in range(3):
        imports.import_upload(IMPORTER, send(cast.bob, data=b"junk"))
    first, _ = kept(cast.alice)
    with acting_as(cast.alice):
        assert Upload.objects.exclude(failed_at=None).count() == 2
        assert Notice.objects.count() == 2

    uploads.dismiss(cast.alice, first.pk)
    send(cast.bob, data=b"junk")
    assert len(kept(cast.alice)) == 3


def test_too_large_is_too_large_for_everybody(cast: Cast, settings: Settings) -> None:
    offers.choose(cast.alice, Unasked.KEEP)
    settings.PHR_UNASKED_MOST_BYTES = 10
    said = set()
    for address in ("alice@example.org", "nobody@example.org"):
        offer_id = offers.offer(cast.bob, address)
        delivery_id, writer = unasked.begin(cast.bob, offer_id, file_name="a.json")
        with pytest.raises(room.TooLarge) as refusal:
            writer.write(b"eleven byte")
        said.add(str(refusal.value))
        writer.abandon()
        unasked.abandon(cast.bob, delivery_id)
    assert len(said) == 1
    with acting_as(cast.alice):
        assert not Upload.objects.exists()
        assert not Delivery.objects.exists()


def test_only_who_was_verified_sends_and_only_so_often(cast: Cast, settings: Settings) -> None:
    offers.choose(cast.alice, Unasked.KEEP)
    for actor in (cast.carol, Actor(), Actor.session(user_of(cast.bob), acting_for=cast.carol_id)):
        with pytest.raises(Denied):
            offers.offer(actor, "alice@example.org")
    settings.PHR_OFFERS_A_DAY = 2
    offers.offer(cast.bob, "alice@example.org")
    offers.offer(cast.bob, "nobody@example.org")
    with pytest.raises(Refused):
        offers.offer(cast.bob, "somebody@example.org")

    open_walls()
    with as_owner():
        Offer.objects.update(made_at=F("made_at") - timedelta(days=2))
    assert offers.forget_old(PURGER) == 2


@pytest.mark.parametrize("changed", ["choice", "verification", "hour", "sender"])
def test_it_is_asked_again_when_all_is_here(cast: Cast, changed: str) -> None:
    offers.choose(cast.alice, Unasked.KEEP)
    offer_id = offers.offer(cast.bob, "alice@example.org")
    delivery_id, writer = unasked.begin(cast.bob, offer_id, file_name="a.json")
    writer.write(FILE)
    writer.close()
    if changed == "choice":
        offers.choose(cast.alice, Unasked.REFUSE)
    elif changed == "verification":
        with as_owner():
            Practitioner.objects.update(verified_at=None, verified_by=None)
    elif changed == "hour":
        open_walls()
        with as_owner():
            Offer.objects.update(made_at=timezone.now() - timedelta(hours=2))

    sender = cast.carol if changed == "sender" else cast.bob
    if changed in {"hour", "sender"}:
        with pytest.raises(Denied):
            unasked.complete(sender, offer_id, delivery_id, size=writer.size)
    else:
        unasked.complete(sender, offer_id, delivery_id, size=writer.size)

    assert kept(cast.alice) == []


def test_a_facility_sends_for_itself_while_she_sees_there(cast: Cast) -> None:
    offers.choose(cast.alice, Unasked.KEEP)
    facility = opened(cast)
    nina = employ(cast, facility, "nina@example.org", Role.NURSE)
    imports.import_upload(IMPORTER, delivery_id := send(nina))

    sender = uploads.upload(cast.alice, delivery_id).sender
    assert sender
    assert sender.delivery.organization_id == facility
    with acting_as(nina):
        assert not Delivery.objects.exists()


def test_the_database_takes_it_only_for_who_keeps_such_files(cast: Cast) -> None:
    offers.choose(cast.alice, Unasked.KEEP)
    rose = Actor.session(join("rose@example.org").pk)
    for sender, about in (
        (cast.bob, cast.carol_id),
        (cast.bob, cast.alice_id),
        (rose, cast.alice_id),
    ):
        with (
            acting_as(sender),
            pytest.raises(DatabaseError, match="row-level security"),
            transaction.atomic(),
        ):
            Delivery(patient_id=about, sender_id=sender.user_id, file_name_sealed=b"-").save(
                force_insert=True
            )
    offer_id = offers.offer(cast.bob, "alice@example.org")
    with acting_as(cast.bob):
        Delivery(patient_id=cast.alice_id, sender_id=cast.bob.user_id, file_name_sealed=b"-").save(
            force_insert=True
        )
    for stranger in (cast.carol, cast.sam, Actor.staff(user_of(cast.sam))):
        with acting_as(stranger), connection.cursor() as cursor:
            cursor.execute("SELECT phr_unasked(%s)", [offer_id])
            assert cursor.fetchone() == (None,)


def test_what_waits_unasked_takes_no_room_of_what_she_asked_for(
    cast: Cast, settings: Settings
) -> None:
    offers.choose(cast.alice, Unasked.KEEP)
    settings.PHR_DELIVERIES_MOST = 1
    send(cast.bob)
    cast.share(INWARD)
    delivery_id = deliver(cast.bob, cast.alice_id)
    assert delivery_id in {row.pk for row in kept(cast.alice)}


@pytest.mark.usefixtures("static_files")
def test_her_page_says_and_keeps_what_she_chose(cast: Cast) -> None:
    client = sign_in("alice@example.org")
    assert b"Refuse it" in client.get("/sharing/unasked/").content
    client.post("/sharing/unasked/", {"unasked": "keep"})
    assert offers.choice(cast.alice) is Unasked.KEEP
