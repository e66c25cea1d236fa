"""Invitations bind to a proved address; the one list of who has access; taking it back."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.actors import Actor
from phr.services import records
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.scopes import Scope
from sharing.services import granting, listing
from tests.cast import ALL, PASSWORD, Cast, join, put_in
from tests.doors import sign_in, text, visitor
from tests.worlds.files import fhir

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]


def invite(cast: Cast, email: str = "bob@example.org", scope: Scope = ALL) -> tuple[UUID, str]:
    grant_id = granting.grant(cast.alice, email, scope=scope)
    return grant_id, f"/sharing/invitations/{grant_id}/"


def opens(browser: Client, cast: Cast) -> bool:
    return browser.get(f"/shared/{cast.alice_id}/").status_code == 200


def test_who_owns_the_address_reads_and_accepts(cast: Cast) -> None:
    bob = sign_in("bob@example.org")
    _, address = invite(cast)
    assert not opens(bob, cast)
    assert address in text(bob.get("/shared/"))

    page = text(bob.get(address))
    answer = bob.post(address)

    assert "would like to share records with you" in page
    assert "Alice Archer" not in page
    assert answer.headers["Location"] == f"/shared/{cast.alice_id}/"
    assert opens(bob, cast)
    assert "Alice Archer" in text(bob.get("/shared/"))


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        (replace(ALL, starts_at=timezone.now() + timedelta(days=9)), "It begins on"),
        (
            replace(ALL, categories=(), labels=(), may_copy=False,
                    inward_categories=(Category.LABORATORY,), inward_labels=(Sensitivity.N,)),
            "You can send records, and look at nothing.",
        ),
    ],
)  # fmt: skip
def test_who_accepts_what_cannot_be_looked_at_now_is_told_so_and_accused_of_nothing(
    cast: Cast, scope: Scope, said: str
) -> None:
    grant_id = granting.grant(cast.alice, "bob@example.org", scope=scope)
    bob = sign_in("bob@example.org")

    page = bob.post(f"/sharing/invitations/{grant_id}/", follow=True)

    assert page.redirect_chain == [("/shared/", 302)]
    assert said in text(page)
    log = text(sign_in("alice@example.org").get("/sharing/log/"))
    assert "tried to open your record" not in log


def test_a_visitor_is_led_through_the_sign_in_and_back(cast: Cast) -> None:
    _, address = invite(cast)
    bob = visitor()
    sent = bob.get(address).headers["Location"]
    assert sent == f"/accounts/login/?next={address}"

    back = bob.post(sent, {"login": "bob@example.org", "password": PASSWORD, "next": address})

    assert back.headers["Location"] == address


def test_the_link_alone_gives_nothing_to_anybody_else(cast: Cast) -> None:
    _, address = invite(cast)
    for name in ("carol", "alice"):
        other = sign_in(f"{name}@example.org")
        assert other.get(address).status_code == 404
        assert other.post(address).status_code == 404
    assert [held.state for held in listing.given(cast.alice)] == ["waiting"]


def test_an_address_that_was_claimed_but_not_proved_gives_nothing(cast: Cast) -> None:
    _, address = invite(cast, "prize@example.org")
    EmailAddress.objects.create(
        user_id=cast.carol.user_id, email="prize@example.org", verified=False, primary=False
    )
    carol = sign_in("carol@example.org")

    assert carol.get(address).status_code == 404
    assert carol.post(address).status_code == 404
    assert address not in text(carol.get("/shared/"))


def test_a_second_proved_address_will_do_in_any_case_of_letters(cast: Cast) -> None:
    _, address = invite(cast, "Bob.At.Work@Example.org")
    EmailAddress.objects.create(
        user_id=cast.bob.user_id, email="bob.at.work@example.org", verified=True, primary=False
    )

    assert sign_in("bob@example.org").post(address).status_code == 302


def test_who_has_no_account_yet_makes_one_and_accepts(cast: Cast) -> None:
    _, address = invite(cast, "new@example.org")
    join("new@example.org")

    assert sign_in("new@example.org").post(address).status_code == 302


def test_an_invitation_is_used_once(cast: Cast) -> None:
    bob = sign_in("bob@example.org")
    grant_id, address = invite(cast)
    bob.post(address)

    assert bob.get(address).status_code == 404
    assert bob.post(address).status_code == 404
    granting.revoke(cast.alice, grant_id)
    assert bob.post(address).status_code == 404
    assert not opens(bob, cast)


def test_a_withdrawn_invitation_is_worth_nothing(cast: Cast) -> None:
    grant_id, address = invite(cast)
    alice = sign_in("alice@example.org")
    assert alice.post(f"/sharing/grants/{grant_id}/revoke/").status_code == 302

    assert sign_in("bob@example.org").post(address).status_code == 404


def test_an_invitation_that_waited_too_long_is_worth_nothing(
    cast: Cast, settings: Settings
) -> None:
    settings.PHR_INVITATION_DAYS = 0
    _, address = invite(cast)

    assert sign_in("bob@example.org").get(address).status_code == 404
    assert [held.state for held in listing.given(cast.alice)] == ["expired"]


def test_access_ends_by_itself(cast: Cast) -> None:
    soon = Scope(ALL.categories, ALL.labels, may_copy=True, ends_at=timezone.now())
    _, address = invite(cast, scope=soon)

    assert sign_in("bob@example.org").get(address).status_code == 404
    assert next(held.state for held in listing.given(cast.alice)) == "ended"


def test_the_list_says_who_what_until_when_and_in_which_state(cast: Cast) -> None:
    until = timezone.now() + timedelta(days=40)
    cast.share(Scope(ALL.categories[:2], ALL.labels[:1], may_copy=False, ends_at=until))
    invite(cast, "later@example.org")

    page = text(sign_in("alice@example.org").get("/sharing/"))

    assert "Dr Bob Brown" in page
    assert "later@example.org" in page
    assert until.strftime("%-d %B %Y") in page
    assert page.count("/revoke/") == 2


def test_revoking_holds_on_the_next_request_of_any_kind(cast: Cast) -> None:
    put_in(cast.alice, fhir("ips"), "ips.json")
    grant_id = cast.share()
    bob, alice = sign_in("bob@example.org"), sign_in("alice@example.org")
    item = records.timeline(cast.bob, cast.alice_id).items[0].id
    assert opens(bob, cast)

    answer = alice.post(f"/sharing/grants/{grant_id}/revoke/")
    again = alice.post(f"/sharing/grants/{grant_id}/revoke/")

    assert answer.headers["Location"] == again.headers["Location"]
    assert not opens(bob, cast)
    assert bob.get(f"/shared/{cast.alice_id}/{item}/").status_code == 404
    assert bob.get(f"/shared/{cast.alice_id}/open/").status_code == 404
    assert bob.post(f"/shared/{cast.alice_id}/", {"text": "a"}).status_code == 404
    assert "Alice Archer" not in text(bob.get("/shared/"))


def test_nobody_revokes_for_another_and_nothing_is_revoked_that_is_not(cast: Cast) -> None:
    grant_id = cast.share()

    for name in ("bob", "carol"):
        other = sign_in(f"{name}@example.org")
        assert other.post(f"/sharing/grants/{grant_id}/revoke/").status_code == 404
    alice = sign_in("alice@example.org")
    assert alice.post(f"/sharing/grants/{uuid4()}/revoke/").status_code == 404
    assert alice.get(f"/sharing/grants/{grant_id}/revoke/").status_code == 405
    assert opens(sign_in("bob@example.org"), cast)


def test_a_user_who_was_shut_out_sees_nothing(cast: Cast) -> None:
    user = join("rob@example.org")
    rob = Actor.session(user.pk)
    granting.accept(rob, granting.grant(cast.alice, "rob@example.org", scope=ALL))
    browser = sign_in("rob@example.org")
    assert opens(browser, cast)

    user.is_active = False
    user.save()

    assert browser.get(f"/shared/{cast.alice_id}/").status_code == 302
