"""The pages of asking, answering, passing on and sending in."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings

from accounts import services as accounts
from accounts.actors import Actor
from accounts.models import Practitioner
from phr.services import deliveries, imports, uploads
from sharing.categories import Category
from sharing.models import Role
from sharing.services import granting, listing, members, requests
from tests.cast import IMPORTER, Cast, join
from tests.doors import sign_in, text
from tests.phr.test_deliveries import FILE, INWARD
from tests.sharing.test_passing_on import ON
from tests.sharing.test_requests import WISH
from tests.worlds.facilities import FACTS, employ, opened

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]


def verified(cast: Cast) -> None:
    bob = Practitioner.objects.get(user=cast.bob.user_id)
    accounts.verify_practitioner(cast.sam, bob.pk)


def test_a_request_is_granted_narrower_than_it_was_asked_for(cast: Cast) -> None:
    verified(cast)
    asked = {"email": "alice@example.org", "reason": "Monday", "categories": ["laboratory"]}
    asked |= {"sensitive": ["HIV"], "may_copy": "on", "inward": ["laboratory"]}
    answer = sign_in("bob@example.org").post("/shared/ask/", asked, follow=True)
    assert "If somebody here has this address" in text(answer)

    alice = sign_in("alice@example.org")
    (one,) = requests.waiting(cast.alice)
    page = text(alice.get("/sharing/requests/"))
    assert "Dr Bob Brown" in page
    page = text(alice.get(f"/sharing/requests/{one.request.pk}/"))
    assert "Monday" in page
    assert "Tick each kind yourself" in page
    form = text(alice.get(f"/sharing/requests/{one.request.pk}/grant/"))
    assert form.count(" checked") == 5, "results, inward results, copies, no passing on, care"
    chosen = {"categories": ["laboratory"], "may_copy": "no", "purpose": "TREAT"}
    url = f"/sharing/requests/{one.request.pk}/grant/"
    page = text(alice.post(url, chosen))
    assert "Dr Bob Brown" in page
    assert "Our staff have checked the licence, and no more." in page
    assert alice.post(url, chosen | {"confirmed": "yes"}).status_code == 302

    (held,) = listing.given(cast.alice)
    assert (held.scope.may_copy, held.scope.inward_categories) == (False, ())
    assert held.state == "active"


def test_of_who_asks_for_a_facility_its_law_is_said_and_that_hers_is_not_known(cast: Cast) -> None:
    pk = opened(cast)
    nina = employ(cast, pk, "nina@example.org", Role.NURSE)
    requests.ask(nina, "alice@example.org", wish=WISH)
    (one,) = requests.waiting(cast.alice)

    chosen = {"categories": ["laboratory"], "may_copy": "no", "purpose": "TREAT"}
    url = f"/sharing/requests/{one.request.pk}/grant/"
    page = text(sign_in("alice@example.org").post(url, chosen))

    assert f"We do not know which law of data protection {one.person.name} works under" in page
    assert "Our staff have not checked a licence." in page
    assert f"which works under this law: {FACTS.regime.label}." in page
    assert f"which works under: {FACTS.regime.label}." in page


def test_the_facility_of_who_asks_can_be_let_in_instead_and_who_leaves_it_sees_nothing(
    cast: Cast,
) -> None:
    pk = opened(cast)
    nina = employ(cast, pk, "nina@example.org", Role.NURSE)
    requests.ask(nina, "alice@example.org", wish=WISH)
    (one,) = requests.waiting(cast.alice)
    alice, url = sign_in("alice@example.org"), f"/sharing/requests/{one.request.pk}/"
    said = text(alice.get(url))
    assert f"Share with {one.person.name} alone" in said
    assert f"it goes on if they leave {FACTS.name}" in said

    chosen = {"categories": ["laboratory"], "may_copy": "no", "purpose": "TREAT"}
    page = text(alice.post(f"{url}grant/?to=facility", chosen))
    assert "Its clinicians and nurses, and whoever is on call." in page
    assert alice.post(f"{url}grant/?to=facility", chosen | {"confirmed": "yes"}).status_code == 302

    (held,) = listing.given(cast.alice)
    assert held.grant.organization_id == pk
    shared = sign_in("nina@example.org")
    there = f"/shared/{cast.alice_id}/"
    assert shared.get(there).status_code == 200
    (hers,) = (row.pk for row, _person in members.of(cast.bob, pk) if row.user_id == nina.user_id)
    members.end(cast.bob, hers)
    assert shared.get(there).status_code == 404


def test_a_request_is_granted_on_a_day_of_many_invitations(cast: Cast, settings: Settings) -> None:
    """No mail goes out, for who asked is known."""
    verified(cast)
    requests.ask(cast.bob, "alice@example.org", wish=WISH)
    (one,) = requests.waiting(cast.alice)
    granting.grant(cast.alice, "nobody@example.org", scope=ON)
    settings.PHR_INVITATIONS_A_DAY = 1

    said = {"categories": ["laboratory"], "may_copy": "no", "purpose": "TREAT", "confirmed": "yes"}
    page = sign_in("alice@example.org").post(f"/sharing/requests/{one.request.pk}/grant/", said)

    assert page.status_code == 302
    assert "Try again tomorrow." in text(invite())


def invite() -> Any:
    said = {"email": "dora@example.org", "categories": ["laboratory"], "may_copy": "no"}
    return sign_in("alice@example.org").post(
        "/sharing/new/", said | {"purpose": "TREAT", "confirmed": "yes"}
    )


def test_who_keeps_no_record_is_not_led_to_a_page_that_is_not_hers(cast: Cast) -> None:
    verified(cast)
    user = join("dora@example.org")
    requests.ask(cast.bob, "dora@example.org", wish=WISH)
    dora = sign_in("dora@example.org")

    page = text(dora.get("/notices/"))
    assert "You keep no record here." in page
    assert 'href="/welcome/patient/"' in page
    assert 'href="/sharing/requests/"' not in page

    accounts.begin_record(Actor.session(user.pk), name="Dora Dean")
    assert 'href="/sharing/requests/"' in text(dora.get("/notices/"))


def test_a_request_is_refused(cast: Cast) -> None:
    verified(cast)
    requests.ask(cast.bob, "alice@example.org", wish=WISH)
    (one,) = requests.waiting(cast.alice)
    sign_in("alice@example.org").post(f"/sharing/requests/{one.request.pk}/refuse/")
    assert requests.waiting(cast.alice) == []


def test_what_is_wrong_with_a_request_is_said(cast: Cast) -> None:
    verified(cast)
    page = text(sign_in("bob@example.org").post("/shared/ask/", {"email": "x", "reason": "y"}))
    assert "Choose what you would like to see, or to send in." in page


def test_who_may_passes_on_by_a_page_and_the_patient_sees_through_whom(cast: Cast) -> None:
    above = cast.share(ON)
    join("rose@example.org")
    bob = sign_in("bob@example.org")
    url = f"/shared/grants/{above}/pass-on/"
    assert "Pass on what Alice Archer shares" in text(bob.get(url))
    assert "This is your own address" in text(bob.post(url, {"email": "bob@example.org"}))
    assert bob.post(url, {"email": "rose@example.org"}).status_code == 302

    assert "Passed on by Dr Bob Brown" in text(sign_in("alice@example.org").get("/sharing/"))


def test_a_file_is_sent_in_by_a_page_and_accepted_by_its_patient(cast: Cast) -> None:
    cast.share(INWARD)
    bob, url = sign_in("bob@example.org"), f"/shared/{cast.alice_id}/send/"
    assert "Send records to Alice Archer" in text(bob.get(url))
    assert "Choose at least one file." in text(bob.post(url, {}, follow=True))
    sent = SimpleUploadedFile("lab.json", FILE, "application/json")
    assert bob.post(url, {"files": sent}).status_code == 302
    (mine,) = deliveries.sent(cast.bob)
    imports.import_upload(IMPORTER, mine.delivery.pk)

    alice = sign_in("alice@example.org")
    page = text(alice.get("/records/upload/"))
    assert "Sent by Dr Bob Brown" in page
    assert "You did not ask for all of this." in page
    assert "Refuse and delete this file" in page
    alice.post(f"/records/upload/{mine.delivery.pk}/confirm/", {"outside_too": "on"})
    imports.import_upload(IMPORTER, mine.delivery.pk)
    assert uploads.upload(cast.alice, mine.delivery.pk).upload.imported == 2
    assert [one.state for one in deliveries.sent(cast.bob)] == ["accepted"]


def test_what_she_lets_somebody_do_besides_looking_is_chosen_and_kept(cast: Cast) -> None:
    alice = sign_in("alice@example.org")
    chosen: dict[str, Any] = {"email": "bob@example.org", "may_copy": "no", "purpose": "TREAT"}
    nothing = text(alice.post("/sharing/new/", chosen))
    assert "Choose what they may see, or what they may send you." in nothing
    chosen |= {"inward": ["laboratory"], "inward_sensitive": ["HIV"], "may_reshare": "yes"}
    page = text(alice.post("/sharing/new/", chosen))
    assert "They see nothing" in page
    assert "send me: Test results" in page or "send me:" in page
    alice.post("/sharing/new/", chosen | {"confirmed": "yes"})

    (held,) = listing.given(cast.alice)
    assert held.scope.inward_categories == (Category.LABORATORY,)
    assert [one.value for one in held.scope.inward_labels] == ["N", "HIV"]
    assert (held.scope.categories, held.scope.may_reshare) == ((), False)
    granting.accept(cast.bob, held.grant.pk)
    assert "You may send" not in json.dumps(text(sign_in("bob@example.org").get("/shared/")))
