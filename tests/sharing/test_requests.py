"""A care provider asks to be let in: nothing tells whether anybody is there, and she decides."""

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts import services as accounts
from accounts.acting import acting_as
from accounts.actors import Actor, Denied
from accounts.models import OutgoingMail, Practitioner
from sharing import policy
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.models import AccessRequest, Grant, Notice
from sharing.policy import Action
from sharing.services import listing, requests
from sharing.services.recipients import Refused
from tests.cast import Cast, join
from tests.raw import as_owner, open_walls

pytestmark = pytest.mark.django_db(databases=["default", "vault"])
WISH = requests.Wish(
    "You come to my surgery on Monday.", (Category.LABORATORY,), (Sensitivity.HIV,), may_copy=True
)


@pytest.fixture(autouse=True)
def bob_is_verified(cast: Cast) -> None:
    bob = Practitioner.objects.get(user=cast.bob.user_id)
    accounts.verify_practitioner(cast.sam, bob.pk)


def ask(cast: Cast, email: str = "alice@example.org") -> None:
    requests.ask(cast.bob, email, wish=WISH)


def test_she_sees_who_asks_why_and_for_what_and_lets_one_in_at_once(cast: Cast) -> None:
    ask(cast)
    (asked,) = requests.waiting(cast.alice)
    assert (asked.person.name, asked.wish) == ("Dr Bob Brown", WISH)
    assert asked.scope.labels == (Sensitivity.N,), "what is sensitive is hers to tick"

    requests.grant(cast.alice, asked.request.pk, scope=asked.scope)

    with acting_as(cast.bob):
        assert policy.patients(cast.bob, Action.COPY).get().pk == cast.alice_id
    (held,) = listing.given(cast.alice)
    assert (held.person.name, held.state) == ("Dr Bob Brown", "active")
    assert requests.waiting(cast.alice) == []
    assert [one.state for one in requests.mine(cast.bob)] == ["granted"]


def test_the_asker_learns_nothing_of_who_is_there(cast: Cast) -> None:
    for address in ("alice@example.org", "nobody@example.org"):
        ask(cast, address)
    (asked,) = requests.waiting(cast.alice)
    requests.refuse(cast.alice, asked.request.pk)

    assert {one.state for one in requests.mine(cast.bob)} == {"open"}
    with acting_as(cast.bob):
        assert not Notice.objects.exists()
        assert not Grant.objects.exists()
        assert not OutgoingMail.objects.exists()
    with acting_as(cast.alice):
        assert Notice.objects.get().kind == "request"


def test_only_who_is_verified_asks(cast: Cast) -> None:
    rose = Actor.session(join("rose@example.org").pk)
    accounts.register_practitioner(
        rose, name="Rose", profession="Doctor", specialty="", licence_number="1"
    )
    for actor in (rose, cast.carol, Actor()):
        assert not requests.may_ask(actor)
        with pytest.raises(Denied):
            requests.ask(actor, "alice@example.org", wish=WISH)


def test_nobody_else_sees_or_answers_it(cast: Cast) -> None:
    ask(cast)
    (asked,) = requests.waiting(cast.alice)
    for actor in (cast.bob, cast.carol):
        with pytest.raises(Denied):
            requests.grant(actor, asked.request.pk, scope=asked.scope)
        with pytest.raises(Denied):
            requests.refuse(actor, asked.request.pk)
    with acting_as(cast.carol):
        assert not AccessRequest.objects.exists()


def test_it_is_over_after_its_time_and_asked_only_so_often(cast: Cast, settings: Settings) -> None:
    ask(cast)
    ask(cast)
    (asked,) = requests.waiting(cast.alice)
    open_walls()
    with as_owner():
        AccessRequest.objects.update(expires_at=timezone.now())
    with pytest.raises(Denied):
        requests.grant(cast.alice, asked.request.pk, scope=asked.scope)
    assert [one.state for one in requests.mine(cast.bob)] == ["over"]

    settings.PHR_REQUESTS_A_DAY = 1
    with pytest.raises(Refused):
        ask(cast, "nobody@example.org")
