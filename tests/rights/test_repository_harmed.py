"""A repository that is damaged here and there: what is sound stays, and somebody is told."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from accounts import gate, keys
from accounts.acting import acting_as
from accounts.actors import Actor, System
from accounts.models import AuditEvent
from phr import storage
from rights.backups import catalogue, dump, manifest
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


def pooled(settings: Settings) -> list[Path]:
    return sorted(Path(settings.PHR_BACKUP_DIR, "files").iterdir())


@pytest.mark.parametrize("harm", ["bit", "cut"])
def test_a_damaged_file_is_copied_anew_from_the_store(
    cast: Cast, settings: Settings, harm: str
) -> None:
    put_in(cast.alice, b"".join(lines(1)))
    backups.back_up(JOB, Kind.DEFAULT)
    (path,) = pooled(settings)
    sound = path.read_bytes()
    if harm == "bit":
        turn_a_bit(path)
    else:
        path.write_bytes(sound[:-1])

    row = backups.back_up(JOB, Kind.DEFAULT)

    assert (row.files, row.files_missing) == (1, 0)
    assert path.read_bytes() == sound


def test_a_file_that_is_damaged_everywhere_is_told_as_lost(cast: Cast, settings: Settings) -> None:
    put_in(cast.alice, b"".join(lines(1)))
    backups.back_up(JOB, Kind.DEFAULT)
    for path in (*pooled(settings), Path(storages["files"].path(storage.names()[0]))):
        path.chmod(0o600)
        turn_a_bit(path)

    row = backups.back_up(JOB, Kind.DEFAULT)

    assert (row.files, row.files_missing) == (0, 1)


def test_lost_files_keep_no_restore_from_its_end(cast: Cast, settings: Settings) -> None:
    for seed in range(3):
        put_in(cast.alice, b"".join(lines(1, seed=seed)), f"{seed}.json")
    row = backups.back_up(JOB, Kind.DEFAULT)
    damaged, lost, sound = pooled(settings)
    turn_a_bit(damaged)
    lost.unlink()
    for name in storage.names():
        storage.destroy(name)
    out, told = StringIO(), StringIO()

    call_command("restore", str(row.pk), "--yes", stdout=out, stderr=told)

    figures = json.loads(out.getvalue())
    assert [figures[f"files{which}"] for which in ("", "_lost", "_damaged")] == [1, 1, 1]
    assert f"Lost: {lost.name}\nDamaged in the repository: {damaged.name}\n" in told.getvalue()
    assert storage.names() == [sound.name]
    storage.destroy(sound.name)
    with pytest.raises(CommandError, match="restore again"):
        call_command("reconcile")
    call_command("restore", str(row.pk), "--yes", stdout=StringIO(), stderr=StringIO())
    call_command("reconcile", stdout=StringIO())
    assert not gate.closed()
    assert storage.names() == [sound.name]


def test_a_set_that_comes_back_counts_again_and_goes_again(cast: Cast, settings: Settings) -> None:
    del cast
    row, old = (backups.back_up(JOB, Kind.VAULT) for _ in range(2))
    places = [Path(settings.PHR_VAULT_BACKUP_DIR, str(one.pk)) for one in (row, old)]
    away = [place.rename(place.with_name(f"{place.name}.away")) for place in places]
    assert backups.expire(JOB) == 0
    assert backups.exposures(timezone.now(), Kind.VAULT) == []
    for place, one in zip(places, away, strict=True):
        one.rename(place)
    age(old, days=8)
    assert alarmed("2 backups that were seen gone are there again")

    assert backups.expire(JOB) == 1

    assert [one.pk for one in backups.exposures(timezone.now(), Kind.VAULT)] == [row.pk]
    assert Repository(Kind.VAULT).sets() == {row.pk}
    with acting_as(JOB):
        assert AuditEvent.objects.filter(action="backups-returned").count() == 1


def test_what_was_never_read_back_is_not_taken_as_verified(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the manifest and the reading, which would have shown the damage."""
    del cast
    with monkeypatch.context() as killed:
        killed.setattr(dump, "check", killed_at)
        killed.setattr(catalogue, "note_failed", lambda _: None)
        killed.setattr(Repository, "remove_set", lambda *_: None)
        with pytest.raises(KeyboardInterrupt):
            backups.back_up(JOB, Kind.VAULT)
    (row,) = backups.every()

    assert catalogue.adopt(manifest.finished(Repository(Kind.VAULT))) == 0

    assert catalogue.newest_verified(Kind.VAULT) is None
    backups.expire(JOB)
    assert [bool(one.gone_at) for one in backups.every() if one.pk == row.pk] == [True]


def killed_at(*_: object) -> None:
    raise KeyboardInterrupt
