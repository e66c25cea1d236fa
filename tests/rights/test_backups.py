"""Backups: nothing missing without a word, nothing readable without the KEK, gone when seen gone."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db.models import F
from django.utils import timezone
from pytest_django import Settings

from accounts import gate, keys
from accounts.actors import Actor, System
from accounts.vault.acting import in_vault
from accounts.vault.models import BackupSet
from phr import storage
from rights.backups import catalogue, contents, dump, manifest, pool, programs
from rights.backups.repository import Kind, Repository
from rights.backups.turn import Busy, turn
from rights.services import backups
from tests.cast import Cast, put_in
from tests.raw import login
from tests.worlds.synthea import lines

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"], transaction=True),
    pytest.mark.usefixtures("repositories"),
]
JOB = Actor.job(System.BACKUP)
CANARY = "alice@example.org"


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def age(row: BackupSet, **by: float) -> None:
    """Let a set be older than it is."""
    with in_vault(worker=True):
        BackupSet.objects.filter(pk=row.pk).update(
            started_at=F("started_at") - timedelta(**by),
            expires_at=F("expires_at") - timedelta(**by),
        )


def test_a_backup_holds_every_row_and_file_and_nothing_readable(
    cast: Cast, settings: Settings
) -> None:
    put_in(cast.alice, b"".join(lines(3)))
    row = backups.back_up(JOB, Kind.DEFAULT)

    repository = Repository(Kind.DEFAULT)
    made = manifest.read(repository, row.pk)
    assert made.tables["phr_record"] >= 3
    assert made.tables["accounts_user"] == 4
    assert row.verified_at
    assert (row.files, row.files_missing) == (len(storage.names()), 0)
    assert row.rows == made.rows
    assert [file.name for file in pool.read_list(repository, made)] == repository.pooled()
    script = b"".join(dump.plain(repository, made))
    assert script.startswith(b"PGDMP")
    kept = everything_in(settings.PHR_BACKUP_DIR)
    for canary in (CANARY, "PGDMP", "phr_record (", storage.names()[0]):
        assert canary.encode() not in kept.replace(b'"phr_record"', b"")


def test_another_kek_opens_no_backup(cast: Cast, settings: Settings, tmp_path: Path) -> None:
    row = backups.back_up(JOB, Kind.VAULT)
    del cast
    settings.PHR_KEK_FILE = tmp_path / "kek"
    keys.provider().create()

    made = manifest.read(Repository(Kind.VAULT), row.pk)
    with pytest.raises(keys.KeyProblem):
        made.key()


def read_all(set_id: UUID) -> None:
    repository = Repository(Kind.DEFAULT)
    made = manifest.read(repository, set_id)
    list(pool.read_list(repository, made))
    dump.check(repository, made)


def test_a_table_that_the_backup_role_cannot_see_stops_the_backup(cast: Cast) -> None:
    put_in(cast.alice, b"".join(lines(1)))
    with login() as owner:
        owner.execute("DROP POLICY phr_backup ON phr_record")
    try:
        with pytest.raises(contents.Blind, match="phr_record"):
            backups.back_up(JOB, Kind.DEFAULT)
    finally:
        with login() as owner:
            owner.execute(
                "CREATE POLICY phr_backup ON phr_record FOR SELECT TO phr_backup USING (true)"
            )

    (row,) = backups.every()
    assert (row.verified_at, bool(row.failed_at)) == (None, True)
    assert Repository(Kind.DEFAULT).sets() == set()
    assert any("the last backup failed" in sentence for sentence in backups.alarms())


@pytest.mark.parametrize("harm", ["more", "fewer", "unheard"])
def test_a_dump_with_other_rows_than_were_counted_is_refused(cast: Cast, harm: str) -> None:
    del cast
    row = backups.back_up(JOB, Kind.DEFAULT)
    repository = Repository(Kind.DEFAULT)
    made = manifest.read(repository, row.pk)
    tables = dict(made.tables)
    if harm == "unheard":
        del tables["accounts_user"]
    else:
        tables["accounts_user"] += 1 if harm == "more" else -1
    told = manifest.Manifest(**{**{f: getattr(made, f) for f in made.__slots__}, "tables": tables})

    with pytest.raises(dump.Incomplete, match="accounts_user"):
        dump.check(repository, told)


@pytest.mark.parametrize("part", ["dump", "list", "manifest.json"])
def test_a_changed_backup_is_refused(cast: Cast, settings: Settings, part: str) -> None:
    del cast
    row = backups.back_up(JOB, Kind.DEFAULT)
    path = settings.PHR_BACKUP_DIR / str(row.pk) / part
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)

    with pytest.raises((manifest.Untrue, keys.Unopenable)):
        read_all(row.pk)


def test_a_file_lies_in_the_repository_once_and_goes_with_the_last_set_that_names_it(
    cast: Cast,
) -> None:
    put_in(cast.alice, b"".join(lines(1)))
    first = backups.back_up(JOB, Kind.DEFAULT)
    second = backups.back_up(JOB, Kind.DEFAULT)
    repository = Repository(Kind.DEFAULT)
    assert repository.pooled() == storage.names()

    age(first, days=31)
    assert backups.expire(JOB) == 1
    assert (repository.sets(), repository.pooled()) == ({second.pk}, storage.names())
    assert [bool(row.gone_at) for row in backups.every()] == [True, False]

    age(second, days=31)
    assert backups.expire(JOB) == 1
    assert (repository.sets(), repository.pooled()) == (set(), [])
    assert all(row.gone_at for row in backups.every())
    assert backups.expire(JOB) == 0


def test_a_set_is_gone_only_when_the_repository_shows_nothing_of_it(
    cast: Cast, settings: Settings
) -> None:
    del cast
    row = backups.back_up(JOB, Kind.VAULT)
    age(row, days=8)
    folder = settings.PHR_VAULT_BACKUP_DIR / str(row.pk)
    left = folder / "copy"
    left.mkdir()

    assert backups.expire(JOB) == 0
    assert backups.exposures(timezone.now(), Kind.VAULT)[0].gone_at is None
    assert any("still there" in sentence for sentence in backups.alarms())

    left.rmdir()
    backups.expire(JOB)
    assert backups.exposures(timezone.now(), Kind.VAULT) == []


def test_what_may_still_hold_what_was_there_before(cast: Cast) -> None:
    del cast
    first = backups.back_up(JOB, Kind.VAULT)
    age(first, hours=2)
    second = backups.back_up(JOB, Kind.VAULT)
    began = second.started_at

    assert backups.exposures(began - timedelta(hours=4), Kind.VAULT) == []
    assert [row.pk for row in backups.exposures(began - timedelta(hours=2), Kind.VAULT)] == [
        first.pk
    ]
    assert len(backups.exposures(began - timedelta(minutes=59), Kind.VAULT)) == 2, "another clock"
    days = (backups.latest_gone_by(Kind.VAULT) - timezone.now()).total_seconds() / 86400
    assert 7 < days < 7.2


def test_beat_makes_one_of_each_kind_a_day(cast: Cast, settings: Settings) -> None:
    del cast
    assert backups.back_up_due(JOB) == 0
    settings.PHR_BACKUP_HOURS = 24
    assert backups.back_up_due(JOB) == 2
    assert backups.back_up_due(JOB) == 0

    rows = backups.every()
    assert [row.kind for row in rows] == ["vault", "default"]
    age(rows[1], hours=24)
    assert backups.back_up_due(JOB) == 1


def test_one_at_a_time(cast: Cast, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    del cast
    monkeypatch.setattr("rights.backups.turn.PATIENCE_MS", 20)
    settings.PHR_BACKUP_HOURS = 24
    with turn():
        with pytest.raises(Busy):
            backups.back_up(JOB, Kind.VAULT)
        assert backups.back_up_due(JOB) == 0
        assert backups.expire(JOB) == 0


def test_none_is_made_of_what_was_wound_back(cast: Cast, settings: Settings) -> None:
    """It would be newer than the ledger's entries, which a restore of it would not replay."""
    del cast
    for _ in range(3):
        gate.advance(JOB)
    with login() as owner:
        owner.execute("UPDATE accounts_portal SET mark = 0")
    settings.PHR_BACKUP_HOURS = 24

    with pytest.raises(CommandError, match="reconcile first"):
        call_command("backup", "--kind", "default")
    assert backups.back_up_due(JOB) == 0
    assert backups.every() == []


def test_a_lost_file_is_told_and_an_erased_one_is_not(cast: Cast) -> None:
    put_in(cast.alice, b"".join(lines(1)))
    storage.destroy(storage.names()[0])
    row = backups.back_up(JOB, Kind.DEFAULT)

    assert (row.files, row.files_missing) == (0, 1)
    assert any("lost" in sentence for sentence in backups.alarms())


def test_alarms_name_what_is_wrong(cast: Cast, settings: Settings) -> None:
    del cast
    settings.PHR_BACKUP_HOURS = 24
    assert sum("no verified backup" in sentence for sentence in backups.alarms()) == 2
    backups.back_up_due(JOB)
    assert backups.alarms() == []
    first = backups.every()[0]
    age(first, hours=25)
    assert any("have not been looked for" in sentence for sentence in backups.alarms())
    backups.expire(JOB)
    assert backups.alarms() == []

    (settings.PHR_BACKUP_DIR / "00000000-0000-4000-8000-000000000000").mkdir()
    assert ["in no catalogue" in sentence for sentence in backups.alarms()] == [True]
    age(catalogue.there(Kind.VAULT)[0], days=8)
    assert any("past their last day" in sentence for sentence in backups.alarms())
    settings.PHR_BACKUP_HOURS = 0
    assert any("switched off" in sentence for sentence in backups.alarms())


def test_passwords_are_in_no_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    password = programs._password("default")
    assert password
    assert password not in programs._conninfo("default")
    assert programs._environment("default")["PGPASSWORD"] == password
    monkeypatch.setattr(programs, "server_folders", list)
    monkeypatch.setenv("PATH", "/nowhere")
    programs.folder.cache_clear()
    with pytest.raises(programs.ProgramFailed, match="was not found"):
        programs.folder(18)


def wrong() -> programs.Feed:
    yield b"SELECT secret;\n"


def test_what_a_program_says_of_rows_is_not_repeated() -> None:
    with (
        pytest.raises(programs.ProgramFailed) as told,
        programs.running("default", 18, "psql", "-X", "-v", "ON_ERROR_STOP=1", feed=wrong()),
    ):
        pass
    assert str(told.value).count("\n") == 0
    with pytest.raises(psycopg.Error), login() as opened:
        opened.execute("SELECT secret")
