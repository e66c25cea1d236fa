"""Replaying erasures from the ledger: after a restore, and where a request died half-way.

Both are the same: the ledger says that something is to be gone, and the database does not know yet.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from accounts import ledger
from accounts import services as accounts
from accounts.acting import acting_as, note
from accounts.actors import Actor
from accounts.ledger import Kind
from accounts.models import Patient, User
from accounts.vault.models import LedgerEntry
from phr.services import removal, undoing, uploads
from rights.models import Erasure
from rights.models.erasures import Scope, reference_of
from rights.services import erasures
from sharing import leaving as shares

# How the ledger says that a request came to nothing.
CLOSED = "closed"
# What a killed request began is carried out this soon, or not at all: she saw that it failed.
RECENT = timedelta(hours=1)
# A request that is still running writes its row within this time.
RUNNING = timedelta(minutes=2)
ERASING = (Kind.ERASURE, Kind.RECORD, Kind.IMPORT)


def replay(actor: Actor) -> int:
    """Hide again whatever the ledger says was erased. Returns how many things were changed."""
    items, imports = (
        {token: one for token, one in ledger.latest(kind).items() if not _ends(one)}
        for kind in (Kind.RECORD, Kind.IMPORT)
    )
    people = _people(actor, ledger.entries(Kind.ERASURE))
    # Items first: what goes back to an earlier version is shown again, what was erased is not.
    return people + _items(actor, items) + _imports(actor, imports)


def resume(actor: Actor) -> int:
    """Bring to its end what a killed request had begun, on both sides. Returns how many."""
    return _begin_lost(actor) + _remember_undone(actor)


def _begin_lost(actor: Actor) -> int:
    """Begin what such a request wrote into the ledger; what is older is closed there."""
    entries = [one for kind in ERASING for one in ledger.entries(kind)]
    ended, now = _ended(entries), timezone.now()
    with acting_as(actor):
        begun = Erasure.objects.filter(pk__in=[entry.pk for entry in entries])
        known = set(begun.values_list("pk", flat=True))
    lost = [
        entry
        for entry in entries
        if entry.pk not in known | ended and not _ends(entry) and entry.made_at < now - RUNNING
    ]
    for entry in lost:
        if entry.made_at < now - RECENT:
            ledger.close(entry, state=f"{CLOSED} {entry.pk.hex}")
    recent = [entry for entry in lost if entry.made_at >= now - RECENT]
    items, imports = (
        {bytes(entry.token or b""): entry for entry in recent if entry.kind == kind}
        for kind in (Kind.RECORD, Kind.IMPORT)
    )
    people = [entry for entry in recent if entry.kind == Kind.ERASURE]
    people_begun = _people(actor, people, tell=True)
    return people_begun + _items(actor, items) + _imports(actor, imports)


def _remember_undone(actor: Actor) -> int:
    """Write into the ledger what such a request undid, or a restore would erase it."""
    now = timezone.now()
    with acting_as(actor):
        recent = Erasure.objects.filter(undone_at__gte=now - RECENT, undone_at__lt=now - RUNNING)
        rows = list(recent)
    known = _ended(ledger.entries(Kind.ERASURE)) if rows else set()
    forgotten = [row for row in rows if row.pk not in known]
    for row in forgotten:
        erasures.remember_undone(row)
    return len(forgotten)


def _ends(entry: LedgerEntry) -> UUID | None:
    """The erasure that this entry says is not to be made, if it says so of one."""
    word, _, about = entry.state.partition(" ")
    return UUID(about) if word in {CLOSED, erasures.UNDONE} else None


def _ended(entries: list[LedgerEntry]) -> set[UUID]:
    return {erasure_id for entry in entries if (erasure_id := _ends(entry))}


def _people(actor: Actor, entries: list[LedgerEntry], *, tell: bool = False) -> int:
    """`tell` sends each person the mail that her request would have sent."""
    if not entries:
        return 0
    by_token: dict[bytes, list[LedgerEntry]] = {}
    for entry in entries:
        by_token.setdefault(bytes(entry.token or b""), []).append(entry)
    ended, count = _ended(entries), 0
    for user_id, patient_id in _everybody(actor):
        for subject in (f"user {user_id}", str(patient_id)):
            for entry in by_token.get(ledger.token(Kind.ERASURE, subject), ()):
                if entry.state.startswith(erasures.UNDONE):
                    count += _show_again(actor, entry, patient_id)
                elif entry.pk not in ended and not _ends(entry):
                    count += _person(actor, entry, user_id, patient_id, tell=tell)
    return count


def _everybody(actor: Actor) -> list[tuple[UUID, UUID | None]]:
    """Every user with the Patient that is hers, if any."""
    with acting_as(actor):
        patients = dict(Patient.objects.values_list("user_id", "pk"))
        return [(pk, patients.get(pk)) for pk in User.objects.values_list("pk", flat=True)]


def _person(
    actor: Actor, entry: LedgerEntry, user_id: UUID, patient_id: UUID | None, *, tell: bool
) -> bool:
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
                erasures.tell(row, accounts.verified_addresses(user_id))
            erasures.hide(row)
            note("erase", patient_id=patient_id, subject=f"Erasure/{row.pk}", basis="ledger")
        return new


def _show_again(actor: Actor, entry: LedgerEntry, patient_id: UUID | None) -> int:
    """The backup is from before the undoing: what it hides comes back, what it shares does not."""
    with acting_as(actor, about=patient_id):
        rows = Erasure.objects.filter(pk__in=_ended([entry]), undone_at=None, purged_at=None)
        row = rows.select_for_update().first()
        if row is not None:
            erasures.show_again(row)
    ended = shares.end_before(actor, patient_id, entry.made_at) if patient_id else 0
    return ended + (row is not None)


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


def _imports(actor: Actor, entries: dict[bytes, LedgerEntry]) -> int:
    if not entries:
        return 0
    everything = uploads.everybodys(actor)
    found = (
        (entries.get(ledger.token(Kind.IMPORT, str(pk))), pk, whose) for pk, whose in everything
    )
    return sum(_import(actor, entry, pk, whose) for entry, pk, whose in found if entry)


def _import(actor: Actor, entry: LedgerEntry, upload_id: UUID, patient_id: UUID) -> bool:
    with acting_as(actor, about=patient_id):
        planned = undoing.hide_again(actor, patient_id, upload_id)
        if planned is not None:
            Erasure.objects.get_or_create(
                pk=entry.pk,
                defaults={
                    "reference": reference_of(entry.pk),
                    "scope": Scope.IMPORT,
                    "patient_id": patient_id,
                    "upload_id": upload_id,
                    "hidden_at": entry.made_at,
                    "planned": planned,
                },
            )
        return planned is not None
