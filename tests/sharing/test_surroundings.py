"""What stands around every page is what its parts say, whoever looks at it and whatever happened."""

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts import services as accounts
from accounts.actors import Actor, Door
from rights.services import restriction
from sharing.models import Authority
from sharing.services import granting, notices, proxies
from sharing.services.recipients import ActsFor, Recipient
from sharing.services.surroundings import Around, around
from tests.cast import ALL, Cast, user_of
from tests.sharing.test_dependents import opened

pytestmark = pytest.mark.django_db(databases=["default", "vault"])
ACTS = ActsFor(Authority.CHOSEN, may_manage=True)


def parts(actor: Actor) -> Around:
    """The same, asked one by one of what answers for each."""
    sides = accounts.sides(actor)
    told = notices.mine(actor) if actor.door is Door.SESSION else []
    return Around(
        is_patient=sides.patient,
        is_practitioner=sides.practitioner,
        is_restricted=sides.restricted,
        acting_for=sides.acting_for,
        unseen_notices=sum(one.notice.seen_at is None for one in told),
        decides=proxies.decides(actor),
    )


def acting(cast: Cast) -> Actor:
    """Bob, acting for alice, who named him."""
    granting.accept(
        cast.bob, granting.grant(cast.alice, Recipient("bob@example.org", ACTS), scope=ALL)
    )
    return Actor.session(user_of(cast.bob), acting_for=cast.alice_id)


def test_it_is_the_same_as_its_parts_for_everybody(cast: Cast) -> None:
    _, parent = opened(cast.carol)
    cast.share()
    bob = acting(cast)
    everybody = (cast.alice, cast.bob, cast.carol, cast.sam, parent, bob)
    for actor in everybody:
        assert around(actor) == parts(actor)
    assert around(cast.alice).unseen_notices == 2
    assert around(bob) == Around(is_patient=True, is_practitioner=True, acting_for="Alice Archer")
    assert (around(parent).decides, around(parent).acting_for) == (True, "Mia Archer")

    restriction.restrict(cast.sam, cast.alice_id)
    notices.mark_seen(cast.alice)

    for actor in everybody:
        assert around(actor) == parts(actor)
    assert (around(cast.alice).unseen_notices, around(cast.alice).is_restricted) == (0, True)


def test_who_acted_for_her_sees_nothing_of_her_once_that_is_over(cast: Cast) -> None:
    bob = acting(cast)
    granting.revoke_all(cast.alice)

    assert around(bob) == parts(bob) == Around(is_practitioner=True)


def test_of_who_is_not_signed_in_nothing_is_asked(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(0):
        assert around(Actor()) == Around()
