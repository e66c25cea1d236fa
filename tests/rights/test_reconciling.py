"""What `reconcile` needs to know before it opens the portal, and what it says at its end."""

from datetime import timedelta

import pytest
from django.core.management import CommandError
from django.db import connections
from django.utils import timezone

from accounts import credentials, gate, keys, services
from accounts.acting import acting_as, note
from accounts.actors import Actor
from accounts.models import User
from accounts.vault.models import BackupSet
from phr import privileges
from rights.backups.repository import Kind
from rights.services import backups, holds
from sharing.models import Authority
from sharing.services import handovers
from sharing.services.dependents import Draft
from tests.cast import PASSWORD, Cast, join
from tests.doors import sign_in
from tests.raw import login
from tests.rights.test_restoring import JOB, restore, run
from tests.sharing.test_dependents import aged
from tests.sharing.test_dependents import opened as open_for

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"], transaction=True),
    pytest.mark.usefixtures("repositories", "static_files"),
]


def wind_back(row: BackupSet) -> None:
    """As a foreign tool does it: without our lock, and with every privilege."""
    restore(row)
    with login() as opened, opened.cursor() as cursor:
        cursor.execute("UPDATE accounts_portal SET locked_at = NULL, restored_from = NULL")
        cursor.execute("UPDATE accounts_portal SET snapshot_at = NULL")
        privileges.let_backups_see(cursor)
        privileges.apply(cursor, privileges.LISTED["default"])
    gate.forget()


def change_password() -> None:
    alice, new = sign_in("alice@example.org"), "another staple entirely, really"
    fields = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    alice.post("/accounts/password/change/", fields)
    assert User.objects.get(email="alice@example.org").check_password(new)


def old_password_works() -> bool:
    return User.objects.get(email="alice@example.org").check_password(PASSWORD)


def beats(number: int) -> None:
    for _ in range(number):
        gate.advance(JOB)


def test_killed_it_begins_again_from_the_same_moment(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own events are newer than the password that was changed."""
    monkeypatch.setattr(credentials, "CLOCKS", timedelta(0))
    beats(3)
    row = backups.back_up(JOB, Kind.DEFAULT)
    change_password()
    beats(4)
    wind_back(row)
    assert old_password_works()
    assert gate.closed()

    def die(actor: Actor) -> int:
        with acting_as(actor):
            note("erase")
        raise KeyboardInterrupt

    with monkeypatch.context() as killing:
        killing.setattr(holds, "replay", die)
        with pytest.raises(KeyboardInterrupt):
            run("reconcile")
    assert gate.closed()

    assert run("reconcile")["credentials"] == 1
    assert not old_password_works()
    assert not gate.closed()
    del cast


def test_of_an_open_portal_it_must_be_told_since_when(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials, "CLOCKS", timedelta(0))
    patient_id, _ = open_for(cast.bob, Draft("Old Sam", aged(80), Authority.GUARDIAN))
    handovers.name(cast.bob, patient_id, email="wrong@example.org")
    row = backups.back_up(JOB, Kind.DEFAULT)
    handovers.withdraw(cast.bob, patient_id)
    change_password()
    wind_back(row)
    sign_in("bob@example.org")
    assert not gate.closed()

    for arguments in (["--anyway"], ["--since=2026-01-01"]):
        with pytest.raises(CommandError, match="--anyway together with --since"):
            run("reconcile", *arguments)
    for time in ("yesterday", "2999-01-01T00:00:00"):
        with pytest.raises(CommandError, match="must"):
            run("reconcile", "--anyway", f"--since={time}")
    assert old_password_works()

    told = run("reconcile", "--anyway", f"--since={row.started_at.isoformat()}")
    assert told["credentials"] == 1
    assert told["handovers"] == 1
    assert not old_password_works()
    assert not gate.closed()


@pytest.mark.usefixtures("own_kek")
def test_it_does_not_open_over_an_empty_vault(cast: Cast) -> None:
    vault, row = (backups.back_up(JOB, kind) for kind in (Kind.VAULT, Kind.DEFAULT))
    with login("vault") as opened:
        opened.execute("DROP SCHEMA public CASCADE")
        opened.execute("CREATE SCHEMA public")
    connections["vault"].close()

    restore(row)
    with pytest.raises(CommandError, match="The vault has no key"):
        run("reconcile")
    assert gate.closed()

    restore(vault)
    run("reconcile")
    assert not gate.closed()
    assert keys.has_key(cast.alice_id)


def test_it_does_not_open_over_a_vault_older_than_the_backup(cast: Cast) -> None:
    beats(2)
    vault = backups.back_up(JOB, Kind.VAULT)
    beats(3)
    row = backups.back_up(JOB, Kind.DEFAULT)
    with login("vault") as opened:
        opened.execute("UPDATE vault_pulse SET mark = 2")

    restore(row)
    with pytest.raises(CommandError, match="The vault is older than this backup"):
        run("reconcile")
    assert gate.closed()

    restore(vault)
    run("reconcile")
    assert not gate.closed()
    del cast


def test_it_says_how_many_patients_an_older_vault_has_no_key_of(cast: Cast) -> None:
    row = backups.back_up(JOB, Kind.VAULT)
    services.begin_record(Actor.session(join("dora@example.org").pk), name="Dora Dale")

    restore(row)

    assert run("reconcile")["patients_without_key"] == 1
    anyway = ("--anyway", f"--since={timezone.now().isoformat()}")
    assert run("reconcile", *anyway)["patients_without_key"] == 1
    del cast
