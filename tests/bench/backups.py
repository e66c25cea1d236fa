"""What backing up costs, and what expiring costs by sets: hardly more than removing their files."""

import secrets
import shutil
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.utils import timezone

from accounts.actors import Actor, System
from accounts.vault.acting import in_vault
from accounts.vault.models import BackupSet
from rights.backups.repository import Kind, Repository
from rights.services import backups
from tests.bench.people import patient
from tests.bench.report import Report
from tests.cast import put_in
from tests.worlds.synthea import lines

JOB = Actor.job(System.BACKUP)
COUNTS = (1_000, 10_000)
MOST = 2.5


def run(report: Report) -> None:
    """Expiry of 10^3 and 10^4 sets beside thirty that stay; a backup of 5 000 records."""
    owner, _ = patient()
    put_in(owner.actor, b"".join(lines(5000, seed=3)))
    began = time.perf_counter()
    row = backups.back_up(JOB, Kind.DEFAULT)
    took = time.perf_counter() - began
    report.say(f"A backup of {row.rows:,} rows, {row.size / 1e6:.1f} MB, read back: {took:.2f} s")
    for _ in range(29):
        backups.back_up(JOB, Kind.DEFAULT)
    for count in COUNTS:
        floor = bare_removal(count)
        with in_vault(worker=True):
            BackupSet.objects.bulk_create(expired(count, Path(settings.PHR_BACKUP_DIR)))
        began = time.perf_counter()
        removed = backups.expire(JOB)
        took = time.perf_counter() - began
        if removed != count or len(Repository(Kind.DEFAULT).sets()) != 30:
            raise RuntimeError("not every expired set went")
        report.say(f"Expiry of {count:6,} sets: {took:.2f} s; the bare files: {floor:.2f} s")
        report.at_most(f"expiry of {count:,} sets : removing their files", took / floor, MOST)


def bare_removal(count: int) -> float:
    """What the file system takes for as many files, in seconds: the floor."""
    folder = Path(settings.PHR_BACKUP_DIR).with_name("bare")
    (folder / "files").mkdir(parents=True)
    list(expired(count, folder))
    began = time.perf_counter()
    shutil.rmtree(folder)
    return time.perf_counter() - began


def expired(count: int, folder: Path) -> Iterator[BackupSet]:
    """Sets past their last day, each with a file of its own in the pool."""
    at = timezone.now() - timedelta(days=40)
    for _ in range(count):
        row = BackupSet(
            id=uuid4(), kind="default", started_at=at, verified_at=at,
            expires_at=at + timedelta(days=30),
        )  # fmt: skip
        (folder / str(row.pk)).mkdir()
        for name in ("dump", "list", "manifest.json"):
            (folder / str(row.pk) / name).write_bytes(b"sealed")
        (folder / "files" / secrets.token_hex(16)).write_bytes(b"sealed")
        yield row
