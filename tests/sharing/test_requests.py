"""A care provider asks to be let in: nothing tells whether anybody is there, and she decides."""

from collections import Counter
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models import F
from django.utils import timezone
from pytest_django import Settings

from accounts import services as accounts
from accounts.acting import acting_as
from accounts.actors import Actor, Denied
from accounts.models import OutgoingMail, Practitioner
from sharing import policy
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.models import AccessRequest, Grant, Notice, PractitionerRole, Role
from sharing.policy import Action
from sharing.services import listing, members, requests
from sharing.services.recipients import Refused
from tests.cast import PURGER, Cast, join
from tests.raw import as_owner, open_walls
from tests.worlds.facilities import employ, opened

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


def test_who_was_refused_sees_the_same_and_does_not_reach_her_again(cast: Cast) -> None:
    both = ("alice@example.org", "nobody@example.org")
    open_walls()
    for address in both:
        ask(cast, address)
    requests.refuse(cast.alice, requests.waiting(cast.alice)[0].request.pk)
    for days in (0, 31, 31):
        long_since(days)
        for address in both:
            ask(cast, address)
        requests.forget_expired(PURGER)

        seen = [(one.request.email, one.state) for one in requests.mine(cast.bob)]
        assert Counter(state for who, state in seen if who == both[0]) == Counter(
            state for who, state in seen if who == both[1]
        )
        assert requests.waiting(cast.alice) == []
    with acting_as(cast.alice):
        assert Notice.objects.count() == 1

    long_since(31)
    ask(cast)
    assert len(requests.waiting(cast.alice)) == 1


def long_since(days: int) -> None:
    """Let so many days go by for every request."""
    gone = timedelta(days=days)
    with as_owner():
        AccessRequest.objects.update(
            made_at=F("made_at") - gone, expires_at=F("expires_at") - gone,
            refused_at=F("refused_at") - gone,
        )  # fmt: skip


def test_who_is_no_longer_verified_is_not_let_in(cast: Cast) -> None:
    ask(cast)
    (asked,) = requests.waiting(cast.alice)
    open_walls()
    with as_owner():
        Practitioner.objects.update(verified_at=None, verified_by=None)

    with pytest.raises(Refused, match="care professional"):
        requests.grant(cast.alice, asked.request.pk, scope=asked.scope)


def test_who_asks_for_one_of_her_facilities_is_still_there_at_the_answer(cast: Cast) -> None:
    first, second = opened(cast), opened(cast, name="Zenith")
    nina = employ(cast, first, "nina@example.org", Role.NURSE)
    role = members.invite(cast.bob, second, "nina@example.org", code=Role.NURSE, ends_at=None)
    members.accept(nina, role)
    with pytest.raises(Refused, match="which facility"):
        requests.ask(nina, "alice@example.org", wish=WISH)
    with pytest.raises(Denied):
        requests.ask(nina, "alice@example.org", wish=WISH, organization_id=uuid4())

    requests.ask(nina, "alice@example.org", wish=WISH, organization_id=second)

    (asked,) = requests.waiting(cast.alice)
    assert asked.facility == "Zenith"
    open_walls()
    with as_owner():
        PractitionerRole.objects.filter(pk=role).update(ends_at=timezone.now())
    with pytest.raises(Refused, match="no longer work"):
        requests.grant(cast.alice, asked.request.pk, scope=asked.scope)
