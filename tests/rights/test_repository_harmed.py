"""A repository that is damaged here and there: what is sound stays, and somebody is told."""

from pathlib import Path

import pytest
from pytest_django import Settings

from accounts import keys
from accounts.actors import Actor, System
from phr import storage
from rights.backups.repository import Kind, Repository
from rights.services import backups
from tests.cast import Cast, put_in
from tests.rights.test_backups import age
from tests.worlds.synthea import lines

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"], transaction=True),
    pytest.mark.usefixtures("repositories", "static_files"),
]
JOB = Actor.job(System.BACKUP)


def alarmed(words: str) -> bool:
    return any(words in sentence for sentence in backups.alarms())


def turn_a_bit(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


@pytest.mark.parametrize("harm", ["secret", "changed", "unreadable"])
def test_while_a_manifest_cannot_be_read_the_pool_keeps_everything(
    cast: Cast, settings: Settings, harm: str
) -> None:
    put_in(cast.alice, b"".join(lines(1)))
    row = backups.back_up(JOB, Kind.DEFAULT)
    path = Path(settings.PHR_BACKUP_DIR, str(row.pk), "manifest.json")
    keys.portal_key.cache_clear()
    if harm == "secret":
        settings.PHR_PORTAL_SECRET = "x" * 60
    elif harm == "changed":
        turn_a_bit(path)
    else:
        path.unlink()
        path.mkdir()

    assert backups.expire(JOB) == 0
    assert Repository(Kind.DEFAULT).pooled() == storage.names()
    assert alarmed("no file is removed")
    keys.portal_key.cache_clear()


def test_a_set_that_does_not_go_keeps_no_other_from_going(cast: Cast, settings: Settings) -> None:
    del cast
    stuck, other = (backups.back_up(JOB, Kind.VAULT) for _ in range(2))
    backup = backups.back_up(JOB, Kind.DEFAULT)
    Path(settings.PHR_VAULT_BACKUP_DIR, str(stuck.pk), ".snapshot").mkdir()
    age(stuck, days=9)
    age(other, days=8)
    age(backup, days=31)

    assert backups.expire(JOB) == 2
    assert backups.expire(JOB) == 0
    assert Repository(Kind.VAULT).sets() == {stuck.pk}
    assert [row.pk for row in backups.every() if not row.gone_at] == [stuck.pk]
    assert alarmed("1 backups are past their last day and still there")
