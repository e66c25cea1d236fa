"""The drill of `make drill`, small: what people ended stays ended after a restore."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts import ledger, sealer, services
from accounts.actors import Actor
from accounts.models import User
from rights.services import reconciling
from tests.cast import SEALER, join, user_of
from tests.drill.story import ERIN, JOB, Story, drill, named_in, signs_in

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(databases=["default", "vault"], transaction=True),
    pytest.mark.usefixtures("repositories", "static_files"),
]


def test_nothing_comes_back(settings: Settings) -> None:
    settings.PHR_MAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    story = Story.begin(records_each=4)

    told = drill(story)

    assert told.wrong == []
    assert told.lost < timedelta(minutes=2).total_seconds()
    assert sealer.verify(SEALER).kind == ""
    again_with_the_same_address()


def again_with_the_same_address() -> None:
    """Who comes back is a new person, whom no replay touches."""
    erin = Actor.session(join(ERIN).pk)
    services.begin_record(erin, name="Erin Ellis")
    assert ledger.latest(ledger.Kind.ERASURE)

    reconciling.reconcile(JOB, since=timezone.now())

    assert signs_in(ERIN)
    assert services.sides(erin).patient
    assert User.objects.get(pk=user_of(erin)).is_active
    assert "accounts_user" in named_in(ERIN)
