"""A ciphertext opens in its own place and nowhere else; the KEK belongs to its vault."""

import os
import time
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from pytest_django import Settings

from accounts import keys
from accounts.keys import KeyProblem, Purpose, Unopenable

pytestmark = pytest.mark.django_db(databases=["default", "vault"])


@pytest.fixture
def patient_id() -> UUID:
    patient_id = uuid4()
    keys.create_patient_key(patient_id)
    return patient_id


def test_it_opens_what_it_sealed(patient_id: UUID) -> None:
    sealed = keys.seal(patient_id, Purpose.BODY, "here", b"glucose")

    assert keys.unseal(patient_id, Purpose.BODY, "here", sealed) == b"glucose"
    assert b"glucose" not in sealed


@pytest.mark.parametrize("purpose", [Purpose.AUDIT, Purpose.BLOB, Purpose.INDEX])
def test_a_key_of_another_purpose_opens_nothing(patient_id: UUID, purpose: Purpose) -> None:
    sealed = keys.seal(patient_id, Purpose.BODY, "here", b"glucose")

    with pytest.raises(Unopenable):
        keys.unseal(patient_id, purpose, "here", sealed)


def test_a_moved_ciphertext_does_not_open(patient_id: UUID) -> None:
    other = uuid4()
    keys.create_patient_key(other)
    sealed = keys.seal(patient_id, Purpose.BODY, "here", b"glucose")

    for owner, place in ((patient_id, "there"), (other, "here")):
        with pytest.raises(Unopenable):
            keys.unseal(owner, Purpose.BODY, place, sealed)


def test_a_changed_ciphertext_does_not_open(patient_id: UUID) -> None:
    sealed = bytearray(keys.seal(patient_id, Purpose.BODY, "here", b"glucose"))
    sealed[-1] ^= 1

    with pytest.raises(Unopenable):
        keys.unseal(patient_id, Purpose.BODY, "here", bytes(sealed))


def test_a_patient_without_key_has_nothing_to_open() -> None:
    with pytest.raises(Unopenable):
        keys.subkey(uuid4(), Purpose.BODY)


def test_an_old_key_leaves_the_memory_when_any_other_is_asked_for(
    patient_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = uuid4()
    keys.create_patient_key(other)
    keys.subkey(patient_id, Purpose.BODY)
    later = time.monotonic() + keys.CACHE_SECONDS
    monkeypatch.setattr(time, "monotonic", lambda: later)

    keys.subkey(other, Purpose.BODY)

    assert {owner for owner, _ in keys._subkeys} == {other}


def test_the_key_file_is_for_its_owner_alone(settings: Settings) -> None:
    assert Path(settings.PHR_KEK_FILE).stat().st_mode & 0o777 == 0o400


def test_the_folder_is_written_to_the_disk_after_the_key_file_changed(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PHR_KEK_FILE = tmp_path / "kek"
    real, shown = os.fsync, []

    def fsync(descriptor: int) -> None:
        real(descriptor)
        if os.path.samestat(os.fstat(descriptor), tmp_path.stat()):
            shown.append((tmp_path / "kek").read_text().count("\n"))

    monkeypatch.setattr(os, "fsync", fsync)
    keys.provider().create()
    name = keys.provider().append()
    keys.provider().drop(name)

    assert shown == [1, 2, 1]


def test_a_missing_key_file_is_never_replaced_beside_data(
    settings: Settings, tmp_path: Path
) -> None:
    settings.PHR_KEK_FILE = tmp_path / "kek"

    with pytest.raises(KeyProblem, match="missing"):
        keys.prepare()

    assert not (tmp_path / "kek").exists()


def test_the_key_of_another_vault_stops_the_start(settings: Settings, tmp_path: Path) -> None:
    own = Path(settings.PHR_KEK_FILE).read_text().split(":", 1)[0]
    settings.PHR_KEK_FILE = tmp_path / "kek"
    keys.provider().create()
    _, other = (tmp_path / "kek").read_text().split(":", 1)
    (tmp_path / "kek").chmod(0o600)
    (tmp_path / "kek").write_text(f"{own}:{other}")

    with pytest.raises(KeyProblem, match="another vault"):
        keys.check()
