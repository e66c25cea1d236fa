"""A disk that is not mounted is not an empty repository: nothing counts as gone, and staff are told."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from pytest_django import Settings

from accounts.actors import Actor, System
from rights.backups import catalogue
from rights.backups.manifest import Untrue
from rights.backups.repository import MARKER, Away, Kind, Repository
from rights.services import backups, restoring
from tests.cast import Cast
from tests.rights.test_backups import age

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"], transaction=True),
    pytest.mark.usefixtures("repositories"),
]
JOB = Actor.job(System.BACKUP)


def unmount(settings: Settings, *, leave: bool) -> Path:
    """Take the vault's repository away, its mount point too or not. Returns where it is now."""
    place = Path(settings.PHR_VAULT_BACKUP_DIR)
    away = place.rename(place.with_name("elsewhere"))
    if leave:
        place.mkdir()
    return away


@pytest.mark.parametrize("leave", [True, False])
def test_nothing_counts_as_gone_while_the_repository_is_away(
    cast: Cast, settings: Settings, *, leave: bool
) -> None:
    del cast
    row = backups.back_up(JOB, Kind.VAULT)
    age(row, days=8)
    away = unmount(settings, leave=leave)

    assert backups.expire(JOB) == 0
    assert backups.exposures(row.expires_at, Kind.VAULT)
    assert catalogue.last_expiry() is None
    assert any("folder of the backups is away" in sentence for sentence in backups.alarms())
    with pytest.raises(Away):
        backups.back_up(JOB, Kind.VAULT)
    with pytest.raises(Away):
        restoring.restore(JOB, row.pk, agreed=lambda _: False)
    assert not Path(settings.PHR_VAULT_BACKUP_DIR, MARKER).exists()

    shutil.rmtree(settings.PHR_VAULT_BACKUP_DIR, ignore_errors=True)
    away.rename(settings.PHR_VAULT_BACKUP_DIR)
    assert backups.expire(JOB) == 1
    assert backups.exposures(row.expires_at + timedelta(days=9), Kind.VAULT) == []


def test_a_repository_that_is_away_keeps_nobody_from_the_other_one(
    cast: Cast, settings: Settings
) -> None:
    del cast
    backups.back_up(JOB, Kind.VAULT)
    row = backups.back_up(JOB, Kind.DEFAULT)
    unmount(settings, leave=True)

    assert restoring.restore(JOB, row.pk, agreed=lambda _: False) is None
    age(row, days=31)
    assert backups.expire(JOB) == 1


def test_it_is_begun_on_the_first_use(settings: Settings) -> None:
    with pytest.raises(Away):
        Repository(Kind.VAULT).sets()
    assert not any("away" in sentence for sentence in backups.alarms())

    assert backups.expire(JOB) == 0

    assert Path(settings.PHR_VAULT_BACKUP_DIR, MARKER).read_bytes() == b""
    assert Repository(Kind.VAULT).sets() == set()
    with pytest.raises(Untrue):
        restoring.restore(JOB, catalogue.begin(Kind.VAULT).pk, agreed=lambda _: False)
