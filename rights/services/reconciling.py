"""After a restore: everything people did since the snapshot is done again, and then the gate opens."""

from collections.abc import Callable, Iterator
from datetime import datetime
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import connections

from accounts import consents, credentials, gate, keys, mail, sealer
from accounts.acting import acting_as, note
from accounts.actors import Actor
from accounts.models import AuditEvent, Patient
from accounts.roles import assumed
from phr import integrity, privileges, storage
from phr.models import Binary
from rights import replay
from rights.backups import catalogue, contents, manifest, pool
from rights.backups.programs import login
from rights.backups.repository import Kind, Repository
from rights.backups.turn import turn
from rights.models.exports import Export
from rights.services import exports, holds, restriction
from sharing import statuses
from sharing.services import handovers, replaying, standing
from sharing.services import statuses as lists


class Unsettled(Exception):
    """Something could not be done again, so that the gate stays closed; one sentence."""


def reconcile(actor: Actor, *, since: datetime | None = None) -> dict[str, int]:
    """Do again what the ledger knows, clear what came back without a right to, and open the gate.

    Everything in it may be done twice, and it may be killed anywhere: nobody is let in before its
    very last statement. Returns what was done, as counts; nothing where the gate is open, unless
    it is told `since` when the database does not know what people did. Raises `Unsettled`, `Busy`
    or `KeyProblem`.
    """
    gate.forget()
    if not gate.closed() and since is None:
        return {}
    with turn(), assumed("phr_worker"):
        posts = {alias: _begin(alias) for alias in connections}
        _require_keys(posts)
        # Before the first event of its own: the next run could not tell it from the newest one.
        since = _hold(actor, posts["default"], since)
        sealer.note_restored(actor)
        _require_files(posts["default"])
        done = _adopt() | {"mails": mail.forget_waiting(actor)}
        done |= _replay(actor, since) | _clear(actor)
        lists.leave_gap(actor, _skip_serials())
        if posts["vault"].restored_from:
            keys.enter(keys.provider().current())
            done["keys"] = _destroy_idle_keys(actor)
        done["patients_without_key"] = _verify(actor)
        with acting_as(actor):
            note("reconcile", subject=_which(posts))
        while sealer.seal_audit(actor):
            pass
        _open(max(post.mark for post in posts.values()) + 1)
    gate.forget()
    return done


def _begin(alias: str) -> gate.Post:
    """Give the jobs what they need to put things in order; the web gets nothing yet."""
    with login(alias) as opened, opened.cursor() as cursor:
        privileges.let_backups_see(cursor)
        privileges.open_for_work(cursor, privileges.LISTED[alias])
    return gate.post(alias)


def _skip_serials() -> int:
    """Who keeps a copy may know the number of a permission that this database has lost."""
    with login("default") as opened, opened.cursor() as cursor:
        cursor.execute(*statuses.gap())
        return int((cursor.fetchone() or (0,))[0])


def _which(posts: dict[str, gate.Post]) -> str:
    restored = posts["default"].restored_from or posts["vault"].restored_from
    return f"BackupSet/{restored}" if restored else ""


def _require_files(post: gate.Post) -> None:
    """A restore that was killed before its end must come to it first. Raises `Unsettled`."""
    repository = Repository(Kind.DEFAULT)
    if post.restored_from is None or post.restored_from not in repository.sets():
        return
    files = pool.read_list(repository, manifest.read(repository, post.restored_from))
    if any(not storage.exists(file.name) and pool.is_sound(repository, file) for file in files):
        raise Unsettled("Not all files are back yet: run manage.py restore again.")


def _require_keys(posts: dict[str, gate.Post]) -> None:
    """An emptied or older vault has no keys or ledger to do anything again with.

    Raises `Unsettled`, or `KeyProblem` when the key file is not this vault's.
    """
    if not keys.known():
        raise Unsettled("The vault has no key: restore a backup of the vault too.")
    keys.check()
    portal, pulse = posts["default"], posts["vault"]
    if portal.restored_from and not pulse.restored_from and pulse.mark < portal.mark:
        raise Unsettled("The vault is older than this backup: restore a backup of the vault too.")


def _hold(actor: Actor, post: gate.Post, told: datetime | None) -> datetime | None:
    """Shut the gate until the end, and write down beside it from when on replays are needed.

    From then on the database does not know what people did; None means: of nothing at all.
    """
    since = min(filter(None, (told, post.snapshot_at)), default=None) or _newest_event(actor)
    with login("default") as opened, opened.cursor() as cursor:
        cursor.execute(*gate.holding("default", since))
    return since


def _newest_event(actor: Actor) -> datetime | None:
    """Where what the database knows of ends, when it was wound back by other means."""
    with acting_as(actor):
        return AuditEvent.objects.order_by("-at").values_list("at", flat=True).first()


def _adopt() -> dict[str, int]:
    found = (catalogue.adopt(manifest.finished(catalogue.repository(kind))) for kind in Kind)
    return {"backups_found": sum(found)}


def _replays(actor: Actor, since: datetime | None) -> dict[str, Callable[[], int]]:
    """In this order: whoever is erased needs nothing else."""
    return {
        "erasures": lambda: replay.replay(actor),
        "holds": lambda: holds.replay(actor),
        "revocations": lambda: replaying.replay_revocations(actor),
        "pauses": lambda: replaying.replay_pauses(actor),
        "facilities": lambda: standing.replay(actor),
        "restrictions": lambda: restriction.replay(actor),
        "credentials": lambda: credentials.replay(actor, since=since),
        "news": lambda: consents.replay(actor, since=since),
    }


def _replay(actor: Actor, since: datetime | None) -> dict[str, int]:
    steps = _replays(actor, since)
    done = {name: step() for name, step in steps.items()}
    again = [name for name, step in steps.items() if step()]
    if again:
        raise Unsettled(f"Done twice and still not settled: {', '.join(again)}.")
    return done


def _clear(actor: Actor) -> dict[str, int]:
    """Sessions, archives, links to take a record over, and files that no row knows."""
    with acting_as(actor):
        UserSession.objects.all().delete()
        sessions, _ = Session.objects.all().delete()
        building = Export.objects.filter(destroyed_at=None)
        waiting = set(building.values_list("patient_id", flat=True))
    return {
        "sessions": sessions,
        "handovers": handovers.forget_open(actor),
        "exports": sum(exports.destroy_exports(actor, patient_id) for patient_id in waiting),
        "files": _clear_files(actor),
    }


def _clear_files(actor: Actor) -> int:
    """Files that arrived after the snapshot belong to nobody in this database."""
    with acting_as(actor):
        names = set(storage.names())
        known = set(Binary.objects.values_list("name", flat=True))
    idle = names - known - holds.beside(actor).files
    for name in idle:
        storage.destroy(name)
    return len(idle)


def _destroy_idle_keys(actor: Actor) -> int:
    """An older vault holds keys that were destroyed since: of whoever is not here any more.

    Never after a restore of `default` alone: a newer set may still be brought back, and needs them.
    """
    with acting_as(actor):
        needed = set(Patient.objects.values_list("pk", flat=True))
    idle = set(_keys()) - needed - holds.beside(actor).keys
    return sum(keys.destroy_patient_key(one) for one in idle)


def _keys() -> Iterator[UUID]:
    with login("vault") as opened:
        yield from contents.keys(opened)


def _verify(actor: Actor) -> int:
    """Raises `Unsettled` unless every wall stands. Returns how many patients have lost their key."""
    found = integrity.check(actor)
    if walls := found.tables_without_wall:
        raise Unsettled(f"No wall around {', '.join(walls)}.")
    return len(found.patients_without_key)


def _open(mark: int) -> None:
    """The vault first: until `default` follows, the gate is closed."""
    for alias in ("vault", "default"):
        with login(alias) as opened, opened.cursor() as cursor:
            privileges.apply(cursor, privileges.LISTED[alias])
            statement, values = gate.opening(alias, mark)
            cursor.execute(statement, values)
