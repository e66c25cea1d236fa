"""One request is answered once, however often and however fast somebody presses."""

import threading
from dataclasses import replace
from uuid import UUID

import pytest
from django.db import connections

from accounts import services as accounts
from accounts.acting import acting_as
from accounts.models import Practitioner
from sharing.models import AccessRequest, Grant
from sharing.services import granting, passing_on, requests
from sharing.services.recipients import Refused
from tests.cast import ALL, Cast
from tests.sharing.test_requests import WISH

pytestmark = pytest.mark.django_db(databases=["default", "vault"])


def asked(cast: Cast) -> requests.Asked:
    bob = Practitioner.objects.get(user=cast.bob.user_id)
    accounts.verify_practitioner(cast.sam, bob.pk)
    requests.ask(cast.bob, "alice@example.org", wish=WISH)
    (found,) = requests.waiting(cast.alice)
    return found


def test_who_was_let_in_is_let_in_once_and_is_not_refused_any_more(cast: Cast) -> None:
    one = asked(cast)
    first = requests.grant(cast.alice, one.request.pk, scope=one.scope)

    assert requests.grant(cast.alice, one.request.pk, scope=one.scope) == first
    requests.refuse(cast.alice, one.request.pk)

    with acting_as(cast.alice):
        assert Grant.objects.get().revoked_at is None
        assert AccessRequest.objects.get().refused_at is None


@pytest.mark.django_db(databases=["default", "vault"], transaction=True)
def test_two_presses_at_once_give_one_permission(cast: Cast) -> None:
    one = asked(cast)
    given: list[UUID] = []

    def press() -> None:
        given.append(requests.grant(cast.alice, one.request.pk, scope=one.scope))

    def press_again() -> None:
        press()
        requests.refuse(cast.alice, one.request.pk)
        connections.close_all()

    with acting_as(cast.alice):
        press()
        other = threading.Thread(target=press_again)
        other.start()
        other.join(timeout=0.5)
        assert len(given) == 1, "the second waits for the first"
    other.join()

    assert len(given) == 2
    with acting_as(cast.alice):
        assert {row.pk for row in Grant.objects.all()} == set(given)


def test_what_was_passed_on_is_changed_but_never_passed_on_again(cast: Cast) -> None:
    above = cast.share(replace(ALL, may_reshare=True))
    below = passing_on.pass_on(cast.bob, above, email="rose@example.org")

    with pytest.raises(Refused, match="cannot pass it on again"):
        granting.change(cast.alice, below, scope=replace(ALL, may_reshare=True))

    granting.change(cast.alice, below, scope=ALL)
