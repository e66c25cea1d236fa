"""The catalogue of backups in the vault: which sets may still hold what, and until when."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from accounts.vault.acting import in_vault
from accounts.vault.models import BackupSet, Pulse
from rights.backups.contents import Contents
from rights.backups.manifest import Manifest
from rights.backups.repository import Kind, Repository

# How often beat looks for what has expired; observing that it is gone takes as long at the most.
EXPIRY_EVERY = timedelta(hours=1)


def lifetime(kind: Kind) -> timedelta:
    days = {Kind.DEFAULT: settings.PHR_BACKUP_DAYS, Kind.VAULT: settings.PHR_VAULT_BACKUP_DAYS}
    return timedelta(days=days[kind])


def repository(kind: Kind) -> Repository:
    """Where sets of a kind lie: begun here on its first use, and later never anew. Raises `Away`."""
    found = Repository(kind)
    if last_try(kind) is None:
        found.begin()
    found.sets()
    return found


def begin(kind: Kind) -> BackupSet:
    """Enter a set before its snapshot is taken, so that none can hold what no row tells of."""
    now = timezone.now()
    with in_vault(worker=True):
        row = BackupSet(kind=kind.value, started_at=now, expires_at=now + lifetime(kind))
        row.save(force_insert=True)
    return row


def note_contents(row: BackupSet, contents: Contents) -> None:
    row.started_at, row.expires_at = contents.at, contents.at + lifetime(Kind(row.kind))
    row.rows = sum(contents.tables.values())
    _save(row, "started_at", "expires_at", "rows")


def note_verified(row: BackupSet, manifest: Manifest) -> None:
    row.size, row.files = manifest.size, manifest.files
    row.files_missing = manifest.files_missing
    row.finished_at, row.verified_at = manifest.finished_at, timezone.now()
    _save(row, "size", "files", "files_missing", "finished_at", "verified_at")


def note_failed(row: BackupSet) -> None:
    row.verified_at, row.failed_at = None, timezone.now()
    _save(row, "verified_at", "failed_at")


def _save(row: BackupSet, *fields: str) -> None:
    with in_vault(worker=True):
        row.save(update_fields=fields)


def give_up_unfinished() -> None:
    """What a killed run began is no backup. Call only while holding the turn."""
    with in_vault(worker=True):
        unfinished = BackupSet.objects.filter(verified_at=None, failed_at=None)
        unfinished.update(failed_at=Now())


def adopt(manifests: Iterable[Manifest]) -> int:
    """Enter finished sets that the catalogue does not know: it may itself have been wound back.

    One that it knows and that was never read back stays unverified. Returns how many were entered.
    """
    count = 0
    for manifest in manifests:
        fields = {
            "kind": manifest.kind.value, "started_at": manifest.started_at,
            "finished_at": manifest.finished_at, "verified_at": manifest.finished_at,
            "expires_at": manifest.expires_at, "size": manifest.size, "rows": manifest.rows,
            "files": manifest.files, "files_missing": manifest.files_missing,
        }  # fmt: skip
        with in_vault(worker=True):
            _, made = BackupSet.objects.get_or_create(pk=manifest.id, defaults=fields)
        count += made
    return count


def there(kind: Kind | None = None) -> list[BackupSet]:
    """The sets that were not yet seen gone, oldest first."""
    with in_vault(worker=True):
        return list(_of(kind).filter(gone_at=None).order_by("started_at", "id"))


def every() -> list[BackupSet]:
    with in_vault(worker=True):
        return list(BackupSet.objects.order_by("started_at", "id"))


def expired(kind: Kind) -> list[UUID]:
    """The sets of which nothing may be left: past their last day, or never finished."""
    past = Q(expires_at__lte=Now()) | Q(failed_at__isnull=False)
    with in_vault(worker=True):
        rows = _of(kind).filter(past, gone_at=None).order_by("expires_at")
        return list(rows.values_list("pk", flat=True))


def note_back(listed: set[UUID]) -> int:
    """Let every set count again that was seen gone and is in the listing. Returns how many."""
    with in_vault(worker=True):
        rows = BackupSet.objects.filter(pk__in=listed, gone_at__isnull=False)
        return rows.update(gone_at=None)


def note_gone(kind: Kind, listed: set[UUID]) -> int:
    """Note every set as gone that the listing of the repository does not show. Returns how many."""
    with in_vault(worker=True):
        rows = _of(kind).filter(gone_at=None, started_at__lte=Now())
        gone = set(rows.values_list("pk", flat=True)) - listed
        return BackupSet.objects.filter(pk__in=gone).update(gone_at=Now())


def note_expiry() -> None:
    with in_vault(worker=True):
        Pulse.objects.get_or_create(pk=1)
        Pulse.objects.filter(pk=1).update(expired_at=Now())


def last_expiry() -> datetime | None:
    with in_vault(worker=True):
        return Pulse.objects.filter(pk=1).values_list("expired_at", flat=True).first()


def newest_verified(kind: Kind) -> BackupSet | None:
    with in_vault(worker=True):
        rows = _of(kind).filter(verified_at__isnull=False, gone_at=None)
        return rows.order_by("-started_at").first()


def last_try(kind: Kind) -> BackupSet | None:
    with in_vault(worker=True):
        return _of(kind).order_by("-started_at").first()


def _of(kind: Kind | None) -> QuerySet[BackupSet]:
    return BackupSet.objects.filter(kind=kind.value) if kind else BackupSet.objects.all()
