"""The desk is told of erasures that are stuck: how many, never whose."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.acting import acting_as
from rights.models import Erasure
from rights.services import erasures
from tests.cast import PURGER, Cast
from tests.doors import give_second_factor, sign_in, text

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
SAM = "sam@example.org"
LIST = "/admin/rights/erasure/"


def test_the_desk_is_warned_of_erasures_that_are_not_carried_out(cast: Cast) -> None:
    erasures.erase_everything(cast.alice, account=True, undo_hours=0)
    erasures.erase_everything(cast.carol, account=False, undo_hours=72)
    sam = sign_in(SAM, secret=give_second_factor(SAM))
    assert "Not carried out" not in text(sam.get(LIST))

    for stuck in (
        {"purge_after": timezone.now() - timedelta(hours=25), "attempts": 0},
        {"purge_after": timezone.now(), "attempts": 21},
    ):
        with acting_as(PURGER):
            Erasure.objects.filter(user_id=cast.alice.user_id).update(**stuck)
        page = text(sam.get(LIST))
        assert "tried more than 20 times: 1." in page
        assert "stuck (1)" in page
        assert "alice" not in page

    with acting_as(PURGER):
        Erasure.objects.filter(user_id=cast.alice.user_id).update(purged_at=timezone.now())
    assert "Not carried out" not in text(sam.get(LIST))
