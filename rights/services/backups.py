"""Backups: made and read back, kept for a stated time, seen gone (DESIGN D10)."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import Error
from django.utils import timezone

from accounts import gate, ledger
from accounts.acting import acting_as, note
from accounts.actors import Actor
from accounts.keys import KeyProblem, Unopenable
from accounts.vault.models import BackupSet
from rights.backups import catalogue, contents, dump, manifest, pool
from rights.backups.contents import Blind
from rights.backups.dump import Incomplete
from rights.backups.manifest import Manifest, SetKey, Untrue
from rights.backups.programs import ProgramFailed, login
from rights.backups.repository import Away, Kind, Repository
from rights.backups.turn import Busy, turn
from rights.models import Erasure

# The small one first: it is worth the most.
KINDS = (Kind.VAULT, Kind.DEFAULT)
NAMES = {Kind.DEFAULT: "Main database", Kind.VAULT: "Vault"}
# So long an act may commit after the entry that tells of it.
ENTRY_KEPT = timedelta(days=1)
# So far may the clocks of a worker and of the two databases be apart.
CLOCKS = timedelta(hours=1)
HINDERED = 2 * catalogue.EXPIRY_EVERY
log = logging.getLogger(__name__)


class Locked(Exception):
    """Nothing may be backed up before the portal was reconciled; one sentence."""


FAILURES = (
    Busy, Locked, Blind, Incomplete, ProgramFailed, Untrue, KeyProblem, Unopenable, OSError,
    psycopg.Error, Error,
)  # fmt: skip


def told(error: Exception) -> str:
    """The sentence of one of `FAILURES`; a database may quote rows after its first line."""
    return str(error).partition("\n")[0]


def back_up(actor: Actor, kind: Kind) -> BackupSet:
    """Make one set and read it back.

    Raises one of `FAILURES` when no sound backup came about; what was begun is then removed.
    """
    with turn():
        _refuse_locked()
        catalogue.give_up_unfinished()
        repository = catalogue.repository(kind)
        row = catalogue.begin(kind)
        try:
            made = _make(repository, row)
            dump.check(repository, made)
        except BaseException:
            catalogue.note_failed(row)
            repository.remove_set(row.pk)
            raise
        with acting_as(actor):
            note("backup", subject=f"BackupSet/{row.pk}", basis=f"job:{actor.system}")
        catalogue.note_verified(row, made)
        return row


def _refuse_locked() -> None:
    """A backup of what was wound back would say that it knows what people did since."""
    gate.forget()
    if gate.closed():
        raise Locked("The portal is locked: run manage.py reconcile first.")


def _make(repository: Repository, row: BackupSet) -> Manifest:
    """Dump, copy the files, and write the manifest last."""
    own, place = SetKey.new(row.pk), str(row.pk)
    with login(repository.kind) as opened:
        found = contents.look(opened, repository.kind)
        catalogue.note_contents(row, found)
        names = contents.files(opened) if repository.kind is Kind.DEFAULT else []
        dumped = dump.put(repository, place, own.key, found)
    files = pool.put(repository, names, _known(repository) if names else {})
    made = Manifest(
        id=row.pk,
        kind=repository.kind,
        started_at=found.at,
        finished_at=timezone.now(),
        expires_at=row.expires_at,
        kek_id=own.kek_id,
        wrapped=own.wrapped,
        keks=tuple(sorted({own.kek_id, *found.keks})),
        server=found.server,
        mark=found.mark,
        tables=found.tables,
        shape=found.shape,
        dump=dumped,
        list=pool.write_list(repository, place, own.key, files),
        files=len(files),
        files_missing=_missing(repository.kind, set(names) - {file.name for file in files}),
    )
    manifest.write(repository, made)
    return manifest.read(repository, row.pk)


def _known(repository: Repository) -> dict[str, pool.Pooled]:
    """What the newest set says about files: they never change."""
    for earlier in reversed(manifest.finished(repository)):
        return {file.name: file for file in pool.read_list(repository, earlier)}
    return {}


def _missing(kind: Kind, names: set[str]) -> int:
    """How many of these are still needed: a file that was erased meanwhile is not missing."""
    if not names:
        return 0
    with login(kind) as opened:
        return len(names & set(contents.files_now(opened)))


def back_up_due(actor: Actor) -> int:
    """Make the sets whose time has come. Returns how many; none while another run is at it."""
    made = 0
    for kind in KINDS:
        if not _due(kind):
            continue
        try:
            back_up(actor, kind)
        except (Busy, Locked):
            break
        made += 1
    return made


def _due(kind: Kind) -> bool:
    if not settings.PHR_BACKUP_HOURS:
        return False
    newest = catalogue.newest_verified(kind)
    return newest is None or newest.started_at <= timezone.now() - _interval()


def _interval() -> timedelta:
    return timedelta(hours=settings.PHR_BACKUP_HOURS)


def expire(actor: Actor) -> int:
    """Remove what is past its last day, and note what the repository no longer shows.

    Killed at any point, the next run goes on. Returns how many sets were removed; none while a
    backup is being made. What hinders one set or one repository hinders no other: an alarm tells of it.
    """
    try:
        with turn():
            catalogue.give_up_unfinished()
            back = sum(_note_back(kind) for kind in Kind)
            removed = sum(_remove_past(kind) for kind in Kind)
            seen = [_note_gone(kind) for kind in Kind]
            _empty_ledger(actor)
            if all(seen):
                catalogue.note_expiry()
    except Busy:
        return 0
    with acting_as(actor):
        for action, count in (("backups-returned", back), ("backups-expired", removed)):
            if count:
                note(action, basis=f"job:{actor.system}")
    return removed


def _note_back(kind: Kind) -> int:
    """What a disk or a copy brought back may hold what certificates say is gone."""
    try:
        count = catalogue.note_back(catalogue.repository(kind).sets())
    except Away:
        return 0
    if count:
        log.error("%d backups of %s that were seen gone are there again", count, kind)
    return count


def _remove_past(kind: Kind) -> int:
    try:
        repository = catalogue.repository(kind)
        past = set(catalogue.expired(kind)) & repository.sets()
    except Away:
        return 0
    return sum(_remove(repository, set_id) for set_id in past)


def _remove(repository: Repository, set_id: UUID) -> bool:
    try:
        repository.remove_set(set_id)
    except OSError:
        log.exception("a backup was not removed")
        return False
    return True


def _note_gone(kind: Kind) -> bool:
    """Note the sets that are gone, when nothing of theirs is in the pool any more.

    False where a list of what the pool must keep cannot be read: then it keeps everything.
    """
    try:
        repository = catalogue.repository(kind)
        pool.sweep(repository, manifest.every(repository))
        catalogue.note_gone(kind, repository.sets())
    except (Untrue, KeyProblem, Unopenable, OSError):
        log.exception("no backup of %s was seen gone", kind)
        return False
    return True


def _empty_ledger(actor: Actor) -> None:
    """An entry is of use as long as a backup does not know its act, or an erasure is not at its end.

    It is written before the act commits: a backup that began a moment after it may miss the act.
    """
    oldest = min((row.started_at for row in catalogue.there(Kind.DEFAULT)), default=timezone.now())
    with acting_as(actor):
        unfinished = Erasure.objects.filter(finished_at=None, undone_at=None)
        going_on = list(unfinished.values_list("pk", flat=True))
    ledger.empty(oldest - ENTRY_KEPT, but=going_on)


def exposures(before: datetime, kind: Kind | str) -> list[BackupSet]:
    """Sets that may still hold what existed before that instant, by whichever clock; oldest first."""
    return [row for row in catalogue.there(Kind(kind)) if row.started_at < before + CLOCKS]


def latest_gone_by(kind: Kind | str) -> datetime:
    """When, by the settings of now, all will be seen gone that may hold what exists at this moment."""
    return timezone.now() + CLOCKS + catalogue.lifetime(Kind(kind)) + catalogue.EXPIRY_EVERY


def every() -> list[BackupSet]:
    """Every set there is or was, oldest first."""
    return catalogue.every()


def line(row: BackupSet) -> dict[str, object]:
    """A set as the commands print it; times in ISO 8601, UTC."""
    times = ("started_at", "verified_at", "failed_at", "expires_at", "gone_at")
    shown: dict[str, object] = {"id": str(row.pk), "kind": row.kind}
    for name in times:
        at = getattr(row, name)
        shown[name.removesuffix("_at")] = at.isoformat(timespec="seconds") if at else None
    return shown | {"size": row.size, "rows": row.rows, "files": row.files}


def alarms() -> list[str]:
    """What is wrong with the backups now: sentences for staff and the operator, best none."""
    found = [sentence for kind in Kind for sentence in _alarms(kind)]
    if not settings.PHR_BACKUP_HOURS:
        found.append("Automatic backups are switched off (PHR_BACKUP_HOURS is 0).")
    first = catalogue.every()[:1]
    looked = catalogue.last_expiry() or (first[0].started_at if first else None)
    if looked and looked < timezone.now() - timedelta(hours=24):
        found.append("Old backups have not been looked for in the last 24 hours.")
    return found


def _alarms(kind: Kind) -> Iterator[str]:
    now, newest, last = timezone.now(), catalogue.newest_verified(kind), catalogue.last_try(kind)
    there = catalogue.there(kind)
    if newest is None or newest.started_at < now - 2 * max(_interval(), timedelta(hours=24)):
        yield f"{NAMES[kind]}: no verified backup is recent enough."
    if last is not None and last.failed_at is not None:
        yield f"{NAMES[kind]}: the last backup failed."
    if newest is not None and newest.files_missing:
        yield f"{NAMES[kind]}: {newest.files_missing} files are lost from the store."
    late = [row for row in there if (row.failed_at or row.expires_at) < now - HINDERED]
    if late:
        yield f"{NAMES[kind]}: {len(late)} backups are past their last day and still there."
    try:
        yield from _strange(Repository(kind), {row.pk for row in there})
    except Away:
        if last is not None:
            yield f"{NAMES[kind]}: the folder of the backups is away, so none of them counts as gone."


def _strange(repository: Repository, known: set[UUID]) -> Iterator[str]:
    unknown = repository.sets() - known
    back = unknown & {row.pk for row in catalogue.every() if row.gone_at}
    if back:
        yield f"{NAMES[repository.kind]}: {len(back)} backups that were seen gone are there again."
    if unknown - back:
        yield (
            f"{NAMES[repository.kind]}: {len(unknown - back)} backups in the repository are in no"
            f" catalogue."
        )
    try:
        manifest.every(repository)
    except Untrue as error:
        yield f"{NAMES[repository.kind]}: {error} Until it can be, no file is removed."
