"""Replaying erasures from the ledger: after a restore, and where a request died half-way.

Both are the same: the ledger says that something is to be gone, and the database does not know yet.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from accounts import leaving, ledger
from accounts.acting import acting_as, note
from accounts.actors import Actor
from accounts.ledger import Kind
from accounts.models import Patient, User
from accounts.vault.models import LedgerEntry
from phr.services import removal
from rights.models import Erasure
from rights.models.erasures import Scope, reference_of
from rights.services import erasures

RECENT = timedelta(hours=1)
# A request that is still running writes its row within this time.
RUNNING = timedelta(minutes=2)


def replay(actor: Actor, *, tell: bool = False) -> int:
    """Hide again whatever the ledger says was erased. Returns how many erasures were begun again.

    `tell` sends each person the mail that her request would have sent.
    """
    people = _people(actor, ledger.latest(Kind.ERASURE), tell=tell)
    return people + _items(actor, ledger.latest(Kind.RECORD))


def resume(actor: Actor) -> int:
    """Bring to its end what a killed request had begun, on both sides. Returns how many."""
    return _begin_lost(actor) + _remember_undone(actor)


def _begin_lost(actor: Actor) -> int:
    """Begin what such a request wrote into the ledger."""
    since = timezone.now() - RECENT
    lost = [
        entry for kind in (Kind.ERASURE, Kind.RECORD) for entry in ledger.entries(kind, since=since)
    ]
    old = [entry for entry in lost if entry.made_at < timezone.now() - RUNNING]
    with acting_as(actor):
        ids = [entry.pk for entry in old if entry.state != erasures.UNDONE]
        known = set(Erasure.objects.filter(pk__in=ids).values_list("pk", flat=True))
    return replay(actor, tell=True) if set(ids) - known else 0


def _remember_undone(actor: Actor) -> int:
    """Write into the ledger what such a request undid, or a restore would erase it."""
    now = timezone.now()
    with acting_as(actor):
        recent = Erasure.objects.filter(undone_at__gte=now - RECENT, undone_at__lt=now - RUNNING)
        undone = {row.pk: erasures.subject(row) for row in recent}
    newest = ledger.latest(Kind.ERASURE) if undone else {}
    forgotten = [undone[entry.pk] for entry in newest.values() if entry.pk in undone]
    for subject in forgotten:
        erasures.remember_undone(subject)
    return len(forgotten)


def _people(actor: Actor, entries: dict[bytes, LedgerEntry], *, tell: bool) -> int:
    if not entries:
        return 0
    with acting_as(actor):
        rows = list(Patient.objects.values_list("user_id", "pk"))
        users = list(User.objects.values_list("pk", flat=True))
    patients = dict(rows)
    count = 0
    for user_id in users:
        patient_id = patients.get(user_id)
        for subject in (f"user {user_id}", str(patient_id)):
            entry = entries.get(ledger.token(Kind.ERASURE, subject))
            if entry:
                count += _person(actor, entry, user_id, patient_id, tell=tell)
    return count


def _person(
    actor: Actor, entry: LedgerEntry, user_id: UUID, patient_id: UUID | None, *, tell: bool
) -> bool:
    if entry.state == erasures.UNDONE:
        return _show_again(actor, user_id)
    scope, until = _said(entry)
    with acting_as(actor, about=patient_id):
        row, new = Erasure.objects.get_or_create(
            pk=entry.pk,
            defaults={
                "reference": reference_of(entry.pk),
                "scope": scope,
                "patient_id": patient_id,
                "user_id": user_id,
                "hidden_at": entry.made_at,
                "purge_after": until,
                "planned": removal.counts_of(actor, patient_id) if patient_id else {},
            },
        )
        if new:
            if tell:
                erasures.tell(row, leaving.addresses(user_id))
            erasures.hide(row)
            note("erase", patient_id=patient_id, subject=f"Erasure/{row.pk}", basis="ledger")
        return new


def _show_again(actor: Actor, user_id: UUID) -> bool:
    """The backup was made between the erasure and its undoing."""
    with acting_as(actor):
        rows = Erasure.objects.filter(user_id=user_id, undone_at=None, purged_at=None)
        row = rows.exclude(scope=Scope.ITEM).first()
    if row is None:
        return False
    with acting_as(actor, about=row.patient_id):
        erasures.show_again(row)
    return True


def _said(entry: LedgerEntry) -> tuple[str, datetime]:
    scope, _, until = entry.state.partition(" ")
    return scope, datetime.fromisoformat(until)


def _items(actor: Actor, entries: dict[bytes, LedgerEntry]) -> int:
    return sum(_item(actor, entry, *place) for entry, place in _found(actor, entries))


def _found(
    actor: Actor, entries: dict[bytes, LedgerEntry]
) -> Iterator[tuple[LedgerEntry, tuple[UUID, UUID]]]:
    if not entries:
        return
    with acting_as(actor):
        patients = list(Patient.objects.values_list("pk", flat=True))
    for patient_id in patients:
        for record_id in removal.record_ids(actor, patient_id):
            if entry := entries.get(ledger.token(Kind.RECORD, str(record_id))):
                yield entry, (patient_id, record_id)


def _item(actor: Actor, entry: LedgerEntry, patient_id: UUID, record_id: UUID) -> bool:
    with acting_as(actor, about=patient_id):
        hidden = removal.hide_again(actor, patient_id, record_id)
        if hidden:
            Erasure.objects.get_or_create(
                pk=entry.pk,
                defaults={
                    "reference": reference_of(entry.pk),
                    "scope": Scope.ITEM,
                    "patient_id": patient_id,
                    "record_id": record_id,
                    "hidden_at": entry.made_at,
                },
            )
        return hidden
