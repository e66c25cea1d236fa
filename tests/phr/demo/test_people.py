"""The demo has something to show on every page."""

import pytest

from accounts.actors import Actor
from accounts.models import User
from phr.demo import people
from phr.services import remarks, uploads
from sharing.models import Path
from sharing.services import emergencies, listing, proxies, requests

pytestmark = pytest.mark.django_db(databases=["default", "vault"])


def who(person: people.Person) -> Actor:
    return Actor.session(User.objects.get(email=person.email).pk)


def test_it_is_filled_once_with_somebody_on_every_path() -> None:
    assert people.fill()
    assert not people.fill()
    alice = who(people.ALICE)
    assert {held.grant.path for held in listing.given(alice)} == set(Path)
    assert any(upload.sender for upload in uploads.uploads(alice))
    assert len(requests.waiting(alice)) == 1
    assert len(remarks.about_me(alice)) == 2
    assert len(emergencies.reasons(alice)) == 1
    assert [(one.may_manage, one.decides) for one in proxies.wards(who(people.DANA))] == [
        (True, False),
        (True, True),
    ]
    assert [email for email, _ in people.codes()] == [people.NINA.email, people.SAM.email]
