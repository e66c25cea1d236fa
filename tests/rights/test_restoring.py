"""A restore brings back all or nothing; what comes back lets nobody in before it is reconciled."""

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from accounts import gate, keys, sealer
from accounts.acting import acting_as
from accounts.actors import Actor, System
from accounts.models import User
from accounts.tasks import send_mail
from accounts.vault.models import BackupSet
from phr import storage
from phr.models import Binary
from phr.services import records
from rights.backups import dump, loading, manifest, programs
from rights.backups.contents import SHAPE
from rights.backups.repository import Kind, Repository
from rights.services import backups
from tests.cast import PASSWORD, SEALER, Cast, put_in
from tests.doors import give_second_factor, sign_in, visitor
from tests.raw import every, login, owner
from tests.worlds.synthea import lines

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"], transaction=True),
    pytest.mark.usefixtures("repositories", "static_files"),
]
JOB = Actor.job(System.BACKUP)


def run(command: str, *arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command(command, *arguments, stdout=out, stderr=StringIO())
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def restore(row: BackupSet) -> dict[str, Any]:
    return run("restore", str(row.pk), "--yes")


def proved(client: Client) -> Client:
    """Who typed her password again just now."""
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def shapes() -> list[str]:
    with login() as opened:
        return [row[0] for row in opened.execute(SHAPE)]


def content() -> dict[str, int]:
    """Rows by table, as the owner with every wall open."""
    with owner() as opened:
        names = [
            name
            for (name,) in opened.execute(
                "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
            )
        ]
        return {name: len(opened.execute(every(name)).fetchall()) for name in names}


def test_what_was_backed_up_comes_back_and_waits_behind_the_lock(cast: Cast) -> None:
    put_in(cast.alice, b"".join(lines(3)))
    patient, before, shape, files = cast.alice_id, content(), shapes(), storage.names()
    seen = [one.id for one in records.timeline(cast.alice, patient).items]
    row = backups.back_up(JOB, Kind.DEFAULT)
    with owner() as opened:
        opened.execute("TRUNCATE phr_record CASCADE")
    for name in files:
        storage.destroy(name)

    told = restore(row)

    assert (told["files"], told["files_lost"], told["rows"]) == (len(files), 0, row.rows)
    assert storage.names() == files
    assert shapes() == shape
    assert gate.closed()
    for path in ("/", "/records/", "/accounts/login/", "/readyz", "/admin/", "/nowhere/"):
        answer = visitor().get(path)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "600"), path
        assert "closed for a while" in answer.content.decode()
    assert visitor().get("/healthz").status_code == 200
    assert send_mail() == 0
    with pytest.raises(CommandError, match="reconcile"):
        call_command("sweep")
    call_command("migrate", verbosity=0)
    assert gate.closed(), "migrate must not open it"
    with login() as opened:
        for role in ("phr_web", "phr_worker"):
            held = "SELECT bool_or(has_table_privilege(%s, oid, 'select')) FROM pg_class"
            held += " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
            assert opened.execute(held, [role]).fetchall() == [(False,)]

    run("reconcile")

    assert [one.id for one in records.timeline(cast.alice, patient).items] == seen
    after = content()
    for name in ("phr_record", "phr_binary", "accounts_user", "sharing_grant"):
        assert after[name] == before[name], name
    assert sealer.verify(SEALER).kind == ""
    assert run("reconcile")["seconds"] < 5


def test_nothing_that_was_taken_away_lets_anyone_in_again(cast: Cast) -> None:
    secret = give_second_factor("carol@example.org")
    user = User.objects.get(email="bob@example.org")
    EmailAddress.objects.create(user=user, email="old@example.org", verified=True)
    alice = sign_in("alice@example.org")
    row = backups.back_up(JOB, Kind.DEFAULT)
    new = "another staple entirely, really"
    alice.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": new, "password2": new},
    )
    assert User.objects.get(email="alice@example.org").check_password(new)
    carol = sign_in("carol@example.org", secret=secret)
    proved(carol).post("/accounts/2fa/totp/deactivate/")
    bob = sign_in("bob@example.org")
    proved(bob).post("/accounts/email/", {"email": "old@example.org", "action_remove": ""})
    assert not EmailAddress.objects.filter(email="old@example.org").exists()
    assert not Authenticator.objects.exists()

    restore(row)
    told = run("reconcile")

    assert told["credentials"] >= 3
    assert not Session.objects.exists()
    assert not Authenticator.objects.exists()
    assert not EmailAddress.objects.filter(email="old@example.org").exists()
    assert not User.objects.get(email="alice@example.org").has_usable_password()
    assert User.objects.get(email="bob@example.org").check_password(PASSWORD)
    wrong = visitor().post("/accounts/login/", {"login": "alice@example.org", "password": PASSWORD})
    assert wrong.status_code == 200
    del cast


def test_an_owner_who_lost_her_only_address_cannot_be_taken_over_with_it(cast: Cast) -> None:
    user = User.objects.get(email="bob@example.org")
    row = backups.back_up(JOB, Kind.DEFAULT)
    new = EmailAddress.objects.create(user=user, email="new@example.org", verified=True)
    new.set_as_primary()
    EmailAddress.objects.get(email="bob@example.org").delete()

    restore(row)
    run("reconcile")

    assert User.objects.get(pk=user.pk).email.endswith(".invalid")
    assert not EmailAddress.objects.filter(user=user).exists()
    del cast


def test_what_came_after_the_snapshot_goes_except_keys(cast: Cast) -> None:
    """Without any catalogue too. A newer set may still be brought back, and needs its keys."""
    row = backups.back_up(JOB, Kind.DEFAULT)
    put_in(cast.alice, b"".join(lines(1)))
    assert len(storage.names()) == 1
    later = uuid4()
    keys.create_patient_key(later)
    with login("vault") as opened:
        opened.execute("TRUNCATE vault_backupset")

    restore(row)
    told = run("reconcile")

    assert (told["files"], told["backups_found"]) == (1, 1)
    assert storage.names() == []
    (found,) = backups.every()
    assert (found.pk, found.rows, bool(found.verified_at)) == (row.pk, row.rows, True)
    assert keys.has_key(later)
    assert keys.has_key(cast.alice_id)


def test_an_old_backup_with_todays_keys_opens_nothing_of_a_destroyed_key(cast: Cast) -> None:
    put_in(cast.alice, b"".join(lines(3)))
    binary = Binary.objects.filter(use=Binary.Use.ORIGINAL)
    with acting_as(cast.alice):
        name, binary_id = binary.values_list("name", "pk")[0]
    row = backups.back_up(JOB, Kind.DEFAULT)
    keys.destroy_patient_key(cast.alice_id)

    restore(row)
    run("reconcile")

    assert records.timeline(cast.carol, cast.carol_id).items == []
    with pytest.raises(keys.Unopenable):
        records.timeline(cast.alice, cast.alice_id)
    with pytest.raises(keys.Unopenable):
        list(storage.read(name, cast.alice_id, binary_id))
    repository = Repository(Kind.DEFAULT)
    made = manifest.read(repository, row.pk)
    feed = dump.plain(repository, made)
    with programs.running("default", made.server, "pg_restore", "--file=-", feed=feed) as script:
        said = script.read()
    assert b"COPY public.phr_record " in said
    for canary in (b"Alice Archer", b"Hemoglobin", b"Body Weight", b"file.json", b"resourceType"):
        assert canary not in said


def test_an_older_vault_brings_no_destroyed_key_back(cast: Cast) -> None:
    row = backups.back_up(JOB, Kind.VAULT)
    keys.destroy_patient_key(cast.carol_id)
    with owner() as opened:
        opened.execute("DELETE FROM accounts_patient WHERE id = %s", [cast.carol_id])

    restore(row)
    assert gate.closed()
    assert visitor().get("/").status_code == 503
    told = run("reconcile")

    assert told["keys"] == 1
    assert visitor().get("/").status_code == 200
    assert keys.has_key(cast.alice_id)
    assert not keys.has_key(cast.carol_id)


@pytest.mark.parametrize("part", ["dump", "manifest.json"])
def test_a_damaged_backup_changes_nothing(cast: Cast, settings: Settings, part: str) -> None:
    row = backups.back_up(JOB, Kind.DEFAULT)
    path = settings.PHR_BACKUP_DIR / str(row.pk) / part
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)

    with pytest.raises(CommandError, match="Nothing was restored"):
        restore(row)
    assert not gate.closed()
    assert visitor().get("/").status_code == 200
    del cast


def test_without_its_kek_nothing_is_restored(
    cast: Cast, settings: Settings, tmp_path: Path
) -> None:
    row = backups.back_up(JOB, Kind.VAULT)
    settings.PHR_KEK_FILE = tmp_path / "kek"
    with pytest.raises(CommandError, match=r"Nothing was restored\. .*(KEK|key file)"):
        restore(row)
    keys.provider().create()
    with pytest.raises(CommandError, match=r"Nothing was restored\. .*(KEK|key file)"):
        restore(row)
    del cast


def test_a_restore_that_fails_half_way_says_that_the_portal_is_shut(
    cast: Cast, settings: Settings
) -> None:
    put_in(cast.alice, b"".join(lines(1)))
    row = backups.back_up(JOB, Kind.DEFAULT)
    repository = Repository(Kind.DEFAULT)
    made = manifest.read(repository, row.pk)
    manifest.write(repository, replace(made, shape="other"))

    with pytest.raises(CommandError, match=r"portal is shut: .* a wall is missing"):
        restore(row)
    assert visitor().get("/").status_code == 503
    run("reconcile")
    assert visitor().get("/").status_code == 200

    manifest.write(repository, made)
    files = Path(settings.STORAGES["files"]["OPTIONS"]["location"])
    storage.destroy(storage.names()[0])
    files.rmdir()
    files.touch()
    try:
        with pytest.raises(CommandError, match=r"came back, but not all of its files"):
            restore(row)
    finally:
        files.unlink()
    assert restore(row)["files"] == 1


def test_a_set_that_lacks_rows_or_walls_is_not_let_in(cast: Cast) -> None:
    """Whatever goes wrong while loading leaves the old content, shut, for reconcile to open."""
    put_in(cast.alice, b"".join(lines(1)))
    row = backups.back_up(JOB, Kind.DEFAULT)
    before = content()
    repository = Repository(Kind.DEFAULT)
    made = manifest.read(repository, row.pk)
    fields = {name: getattr(made, name) for name in made.__slots__}
    for lie in ({"shape": "other"}, {"tables": {**made.tables, "phr_record": 10**6}}):
        with pytest.raises(Exception, match=r"a wall is missing|not all rows"):
            loading.load(repository, manifest.Manifest(**{**fields, **lie}))
    assert content() == before


def test_asked_first_and_answered_no_nothing_happens(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    backups.back_up(JOB, Kind.DEFAULT)
    backups.back_up(JOB, Kind.DEFAULT)
    row = backups.back_up(JOB, Kind.VAULT)
    monkeypatch.setattr("builtins.input", lambda _: "no")
    with pytest.raises(CommandError, match="Nothing was changed"):
        run("restore", str(row.pk))
    with pytest.raises(CommandError, match="There is no backup"):
        run("restore", str(UUID(int=7)), "--yes")
    assert not gate.closed()
    del cast
