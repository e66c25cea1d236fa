"""kill -9 during backup, expiry, restore, reconciliation and rotation: run it again and all is well.

Tries an even choice of all kills; PHR_CHAOS=all tries every one.
"""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connections
from django.db.models import F
from django.utils import timezone

from accounts import gate, keys
from accounts.models import User
from accounts.vault.acting import in_vault
from accounts.vault.models import BackupSet, PatientKey
from phr import storage
from rights.backups import manifest
from rights.backups.repository import Kind, Repository
from rights.services import backups
from sharing.services import granting, listing
from tests.cast import Cast, join, put_in, user_of
from tests.chaos.errands import JOB
from tests.chaos.kills import EVERY, NO_KILL, Kill, Worker, kills
from tests.doors import visitor
from tests.worlds import files

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.slow,
    pytest.mark.timeout(7200 if EVERY else 120),
    pytest.mark.usefixtures("repositories", "static_files"),
    pytest.mark.django_db(databases=["default", "vault"], transaction=True),
]
ERRANDS = "tests.chaos.errands"
LATER = "later@example.org"


@pytest.fixture
def kept(cast: Cast) -> Cast:
    put_in(cast.alice, files.dicom(files.ct_slice()), "slice.dcm")
    return cast


def each_kill(worker: Worker, errand: str, about: object, *, most: int) -> Iterator[Kill]:
    """Let the errand be done once undisturbed, then die at one line after the other."""
    connections.close_all()
    lines = worker.watch(f"{ERRANDS}:{errand}", about)["lines"]
    gate.forget()
    yield from kills(lines, most=most)


def run(worker: Worker, errand: str, about: object = "", kill: Kill = NO_KILL) -> None:
    # A restore ends every connection, ours too.
    connections.close_all()
    worker.run(f"{ERRANDS}:{errand}", about, kill)
    gate.forget()


def age_all(kind: Kind) -> None:
    with in_vault(worker=True):
        BackupSet.objects.filter(kind=kind, gone_at=None).update(
            started_at=F("started_at") - timedelta(days=40),
            expires_at=F("expires_at") - timedelta(days=40),
        )


def test_a_killed_backup_counts_for_nothing_and_leaves_nothing(worker: Worker, kept: Cast) -> None:
    del kept
    repository = Repository(Kind.DEFAULT)
    for kill in each_kill(worker, "back_up", "", most=2):
        run(worker, "back_up", kill=kill)
        run(worker, "back_up")

        there = [row for row in backups.every() if row.verified_at and not row.gone_at]
        sound = [row for row in there if row.expires_at > timezone.now()]
        assert {one.id for one in manifest.finished(repository)} >= {row.pk for row in sound}, kill
        assert sound[-1].files == len(storage.names()), kill
        run(worker, "expire")
        assert repository.sets() == {row.pk for row in sound}, kill
        assert sorted(repository.pooled()) == sorted(storage.names()), kill
        assert all(row.gone_at or row.verified_at for row in backups.every()), kill
        age_all(Kind.DEFAULT)
        backups.expire(JOB)


def test_a_killed_expiry_is_gone_on_with(worker: Worker, kept: Cast) -> None:
    del kept
    repository = Repository(Kind.DEFAULT)

    def one_old_and_one_new() -> UUID:
        age_all(Kind.DEFAULT)
        return backups.back_up(JOB, Kind.DEFAULT).pk

    newest = one_old_and_one_new()
    for kill in each_kill(worker, "expire", "", most=2):
        newest = one_old_and_one_new()
        run(worker, "expire", kill=kill)
        for row in backups.every():
            assert not row.gone_at or row.pk not in repository.sets(), kill
        run(worker, "expire")

        assert repository.sets() == {newest}, kill
        assert backups.exposures(timezone.now(), Kind.DEFAULT)[0].pk == newest, kill
        assert sorted(repository.pooled()) == sorted(storage.names()), kill


def test_a_killed_restore_shows_nobody_half_of_anything(worker: Worker, kept: Cast) -> None:
    row = backups.back_up(JOB, Kind.DEFAULT)
    for _ in range(3):
        gate.advance(JOB)
    names = storage.names()

    for kill in each_kill(worker, "restore", row.pk, most=2):
        if gate.closed():
            run(worker, "reconcile")
        join(LATER)
        for name in names:
            storage.destroy(name)
        run(worker, "restore", row.pk, kill)
        answer = visitor().get("/")
        assert answer.status_code == 503 or User.objects.filter(email=LATER).exists(), kill
        run(worker, "restore", row.pk)
        assert visitor().get("/").status_code == 503, kill
        run(worker, "reconcile")

        assert visitor().get("/").status_code == 200, kill
        assert not User.objects.filter(email=LATER).exists(), kill
        assert User.objects.filter(pk=user_of(kept.alice)).exists(), kill
        assert storage.names() == names, kill


def test_a_killed_reconciliation_lets_nobody_in_too_soon(worker: Worker, kept: Cast) -> None:
    grant_id = kept.share()
    row = backups.back_up(JOB, Kind.DEFAULT)
    granting.revoke(kept.alice, grant_id)
    run(worker, "restore", row.pk)

    for kill in each_kill(worker, "reconcile", "", most=3):
        run(worker, "restore", row.pk)
        run(worker, "reconcile", kill=kill)
        open_already = not gate.closed()
        if not open_already:
            assert visitor().get("/").status_code == 503, kill
            run(worker, "reconcile")

        assert not gate.closed(), kill
        (given,) = listing.given(kept.alice)
        assert given.state == "revoked", kill


@pytest.mark.usefixtures("own_kek")
def test_a_killed_rotation_loses_no_key(worker: Worker, kept: Cast) -> None:
    patients = (kept.alice_id, kept.carol_id)
    for kill in each_kill(worker, "rotate", "", most=3):
        run(worker, "rotate", kill=kill)
        keys.check()
        for patient_id in patients:
            keys.forget_all()
            keys.subkey(patient_id, keys.Purpose.BODY)
        run(worker, "rotate")

        assert len(keys.provider().names()) == 1, kill
        with in_vault(worker=True, about=kept.alice_id):
            row = PatientKey.objects.get(pk=kept.alice_id)
        assert row.kek_id == keys.provider().current(), kill
        keys.check()
