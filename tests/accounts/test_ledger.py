"""The ledger of rights: written first, read back by whoever replays, forgotten when it is of no use."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import ProgrammingError, connections, transaction
from django.utils import timezone

from accounts import ledger
from accounts.actors import Actor, System
from accounts.ledger import Kind
from accounts.vault.acting import in_vault
from accounts.vault.models import BackupSet, LedgerEntry
from rights.services import backups

pytestmark = pytest.mark.django_db(databases=["default", "vault"])


def age(entry_id: UUID, days: int) -> None:
    made_at = timezone.now() - timedelta(days=days)
    with connections["vault"].cursor() as cursor:
        cursor.execute("SELECT set_config('role', 'none', true)")
        cursor.execute(
            "UPDATE vault_ledgerentry SET made_at = %s WHERE id = %s", [made_at, entry_id]
        )
        cursor.execute("SELECT set_config('role', 'phr_web', true)")


def test_an_entry_tells_no_id_and_is_found_by_who_knows_it() -> None:
    patient_id = uuid4()
    ledger.remember(Kind.ERASURE, str(patient_id))
    (entry,) = ledger.entries(Kind.ERASURE)

    assert entry.token == ledger.token(Kind.ERASURE, str(patient_id))
    assert patient_id.bytes not in bytes(entry.token or b"")
    assert entry.token != ledger.token(Kind.RESTRICTION, str(patient_id)), "kinds are apart"


def test_the_newest_entry_holds() -> None:
    for state in ("on", "off", "on", "off"):
        ledger.remember(Kind.NEWS, "somebody", state=state)

    (latest,) = ledger.latest(Kind.NEWS).values()
    assert latest.state == "off"


def test_the_web_only_adds() -> None:
    ledger.remember(Kind.NEWS, "somebody")

    with pytest.raises(ProgrammingError), in_vault():
        LedgerEntry.objects.update(state="on")
    with pytest.raises(ProgrammingError), in_vault():
        list(LedgerEntry.objects.all())


def test_entries_are_emptied_once_no_backup_is_older() -> None:
    old, new = (ledger.remember(Kind.REVOCATION, name) for name in ("old", "new"))
    age(old, 40)
    age(new, 20)
    with in_vault(worker=True), transaction.atomic(using="vault"):
        there = BackupSet(
            kind="default",
            expires_at=timezone.now(),
            started_at=timezone.now() - timedelta(days=30),
        )
        there.save(force_insert=True)

    backups._empty_ledger(Actor.job(System.BACKUP))
    assert [entry.pk for entry in ledger.entries(Kind.REVOCATION)] == [new]

    with in_vault(worker=True):
        BackupSet.objects.update(gone_at=timezone.now())
    backups.expire(Actor.job(System.BACKUP))
    assert ledger.entries(Kind.REVOCATION) == []


def test_a_young_entry_stays_though_there_is_no_backup() -> None:
    ledger.remember(Kind.ERASURE, "somebody")
    backups._empty_ledger(Actor.job(System.BACKUP))

    assert len(ledger.entries(Kind.ERASURE)) == 1
