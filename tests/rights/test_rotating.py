"""A new KEK: every key opens under it, and the old one goes when no key and no backup needs it."""

from pathlib import Path

import pytest
from pytest_django import Settings

from accounts import keys
from accounts.actors import Actor, System
from accounts.vault.models import KeyEncryptionKey, PatientKey
from phr.services import records
from rights.backups import catalogue
from rights.backups.manifest import Untrue
from rights.backups.repository import Kind
from rights.services import backups, rotating
from tests.cast import Cast, put_in
from tests.raw import login
from tests.worlds.synthea import lines

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"], transaction=True),
    pytest.mark.usefixtures("repositories", "own_kek"),
]
JOB = Actor.job(System.BACKUP)


def wrapped() -> dict[str, set[str]]:
    """Whose keys each KEK wraps, and the KEKs the vault knows."""
    with login("vault") as opened:
        opened.execute("SET LOCAL ROLE phr_backup")
        known = {name for (name,) in opened.execute("SELECT id FROM vault_keyencryptionkey")}
        under = opened.execute("SELECT kek_id, patient_id::text FROM vault_patientkey").fetchall()
    return {name: {one for kek, one in under if kek == name} for name in known}


def test_every_key_is_wrapped_anew_and_the_old_kek_destroyed(cast: Cast) -> None:
    put_in(cast.alice, b"".join(lines(1)))
    old = keys.provider().current()

    done = rotating.rotate(JOB)

    assert (done.rewrapped, done.verified, done.retired, done.waiting) == (2, 2, 1, 0)
    assert done.kek_id != old
    assert keys.provider().names() == [done.kek_id]
    assert wrapped() == {done.kek_id: {str(cast.alice_id), str(cast.carol_id)}}
    assert keys.provider().path.stat().st_mode & 0o777 == 0o400
    keys.check()
    keys.forget_all()
    assert records.timeline(cast.alice, cast.alice_id).items


def test_the_old_kek_stays_as_long_as_a_backup_needs_it(cast: Cast, settings: Settings) -> None:
    old = keys.provider().current()
    row = backups.back_up(JOB, Kind.VAULT)

    done = rotating.rotate(JOB)
    assert (done.retired, done.waiting) == (0, 1)
    assert keys.provider().names() == [done.kek_id, old]
    assert rotating.retire(JOB).retired == 0
    keys.check()

    (settings.PHR_VAULT_BACKUP_DIR / str(row.pk) / "manifest.json").write_text("{}")
    with pytest.raises(Untrue):
        rotating.retire(JOB)

    (settings.PHR_VAULT_BACKUP_DIR / str(row.pk) / "manifest.json").unlink()
    for path in (settings.PHR_VAULT_BACKUP_DIR / str(row.pk)).iterdir():
        path.unlink()
    (settings.PHR_VAULT_BACKUP_DIR / str(row.pk)).rmdir()
    assert rotating.retire(JOB).retired == 1
    assert keys.provider().names() == [done.kek_id]
    del cast


def test_a_set_that_was_never_finished_needs_no_kek(cast: Cast, settings: Settings) -> None:
    row = backups.back_up(JOB, Kind.VAULT)
    (settings.PHR_VAULT_BACKUP_DIR / str(row.pk) / "manifest.json").unlink()

    assert rotating.rotate(JOB).retired == 1
    del cast


def test_a_run_that_was_killed_is_gone_on_with(cast: Cast) -> None:
    provider = keys.provider()
    old = provider.current()
    begun = provider.append()  # killed here: the vault does not know it
    first = rotating.rotate(JOB)
    assert first.kek_id not in {old, begun}
    assert provider.names() == [first.kek_id]

    named = provider.append()
    keys.enter(named)  # killed here: not yet the current one
    second = rotating.rotate(JOB)
    assert (second.kek_id, second.rewrapped) == (named, 2)

    last = provider.append()
    keys.enter(last)
    provider.promote(last)
    rotating._rewrap(cast.alice_id, last)  # killed here: carol's is wrapped by the old one
    third = rotating.rotate(JOB)
    assert (third.kek_id, third.rewrapped, third.verified) == (last, 1, 2)
    assert provider.names() == [last]


def test_a_key_file_that_cannot_be_replaced_is_left_as_it_is(
    cast: Cast, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del cast, settings, tmp_path
    for kind in Kind:
        catalogue.repository(kind)
    before = keys.provider().path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("accounts.keys.os.fsync", full)
    with pytest.raises(keys.KeyProblem, match="cannot be replaced"):
        rotating.rotate(JOB)
    assert keys.provider().path.read_bytes() == before


def test_the_current_kek_is_never_dropped() -> None:
    with pytest.raises(ValueError, match="current"):
        keys.provider().drop(keys.provider().current())
    assert KeyEncryptionKey.objects.exists() or not PatientKey.objects.exists()
