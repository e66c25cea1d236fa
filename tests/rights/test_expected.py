"""The days that are promised: late enough for every backup there is, and never in the past."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from accounts.actors import Actor
from accounts.vault.acting import in_vault
from accounts.vault.models import BackupSet
from rights import expected, saga
from rights.services import erasures
from tests.cast import PURGER, Cast
from tests.doors import text, visitor

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]


def a_set(kind: str, *, begun: timedelta, ends: timedelta) -> datetime:
    """A backup in the catalogue, begun and ending so far from now. Returns its last instant."""
    now = timezone.now()
    with in_vault(worker=True):
        BackupSet.objects.create(kind=kind, started_at=now + begun, expires_at=now + ends)
    return now + ends


@pytest.mark.parametrize(("kind", "stage"), [("vault", "unreadable"), ("default", "gone")])
def test_a_set_that_is_kept_longer_than_new_ones_counts(cast: Cast, kind: str, stage: str) -> None:
    """It was made when the portal was set up to keep backups for longer."""
    del cast
    last = a_set(kind, begun=-timedelta(hours=1), ends=timedelta(days=300))

    assert getattr(expected.dates(), stage) > last
    assert getattr(expected.dates(undo_hours=72), stage) > last


def test_a_day_that_is_past_is_not_promised(cast: Cast) -> None:
    a_set("default", begun=-timedelta(days=40), ends=-timedelta(days=9))
    reference = erasures.erase_everything(cast.alice, account=True, undo_hours=0)
    saga.carry_on_due(PURGER)

    *_, last = expected.stages(erasures.follow(Actor(), reference))
    page = text(visitor().get(f"/rights/erasures/{reference}/"))

    assert (last.at, last.by) == (None, None)
    assert "As soon as we have checked that it is so." in page
    assert "Expected by" not in page
