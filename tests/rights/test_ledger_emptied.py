"""An entry of the ledger is forgotten only when no backup can lack what it tells of."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import ledger
from accounts.acting import acting_as
from accounts.actors import Actor, System
from accounts.ledger import Kind
from accounts.vault.acting import in_vault
from accounts.vault.models import BackupSet
from rights.models import Erasure
from rights.services import backups, erasures
from tests import raw
from tests.cast import PURGER, Cast

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"], transaction=True),
    pytest.mark.usefixtures("repositories"),
]
JOB = Actor.job(System.BACKUP)


def age_entries(*, days: int) -> None:
    with raw.login("vault") as owner:
        owner.execute("UPDATE vault_ledgerentry SET made_at = made_at - %s", [timedelta(days=days)])


def test_an_entry_stays_while_its_act_may_be_missing_from_a_backup() -> None:
    ledger.remember(Kind.REVOCATION, "a grant")
    age_entries(days=10)
    began = timezone.now() - timedelta(days=10) + timedelta(seconds=2)
    with in_vault(worker=True):
        BackupSet.objects.create(
            kind="default", started_at=began, expires_at=began + timedelta(days=30)
        )
    backups.expire(JOB)
    # Before its snapshot there was time for the act to commit.
    assert len(ledger.entries(Kind.REVOCATION)) == 1

    age_entries(days=1)
    backups.expire(JOB)
    assert ledger.entries(Kind.REVOCATION) == []


def test_an_entry_stays_as_long_as_its_erasure_goes_on(cast: Cast) -> None:
    erasures.erase_everything(cast.alice, account=True, undo_hours=72)
    age_entries(days=400)
    backups.expire(JOB)
    assert len(ledger.entries(Kind.ERASURE)) == 1

    with acting_as(PURGER):
        Erasure.objects.update(finished_at=timezone.now())
    backups.expire(JOB)
    assert ledger.entries(Kind.ERASURE) == []
