"""A locked portal starts, lets nobody in, and can be reconciled while it runs."""

import runpy
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts import gate, keys
from accounts.tasks import advance_mark
from phr import celery
from phr.launch import prepare
from phr.launch.demo import LOCKED
from rights.backups.repository import Kind
from rights.services import backups
from tests.cast import Cast
from tests.conftest import open_again
from tests.doors import visitor
from tests.raw import login
from tests.rights.test_restoring import JOB, restore, run

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"], transaction=True),
    pytest.mark.usefixtures("repositories", "static_files"),
]


@pytest.mark.parametrize("kind", list(Kind))
def test_a_locked_portal_starts_and_waits_for_reconcile(
    cast: Cast, settings: Settings, tmp_path: Path, kind: Kind
) -> None:
    settings.PHR_DEMO = True
    people = tmp_path / "people.txt"
    restore(backups.back_up(JOB, kind))

    prepare.main(people)
    runpy.run_module("phr.wsgi")
    celery.stop_without_key()
    call_command("fill_demo")

    assert people.read_text() == LOCKED
    assert visitor().get("/").status_code == 503
    assert visitor().get("/healthz").status_code == 200
    assert celery.app.tasks[advance_mark.name]() == 0

    run("reconcile")

    assert not gate.closed()
    assert visitor().get("/readyz").status_code == 200
    prepare.main(people)
    assert "alice@example.org" in people.read_text()
    assert keys.has_key(cast.alice_id)


def test_a_locked_portal_does_not_start_with_another_kek(
    cast: Cast, settings: Settings, tmp_path: Path
) -> None:
    restore(backups.back_up(JOB, Kind.DEFAULT))
    settings.PHR_KEK_FILE = tmp_path / "kek"
    keys.provider().create()

    with pytest.raises(keys.KeyProblem):
        runpy.run_module("phr.wsgi")
    with pytest.raises(keys.KeyProblem):
        celery.stop_without_key()
    with pytest.raises(CommandError, match="has no key named"):
        call_command("prepare_keys")
    del cast


@pytest.mark.parametrize(
    "command",
    [
        ("export_record", "--patient=alice@example.org", "--out=new.zip"),
        ("held_item", str(uuid4()), "--out=new.zip"),
        ("import_file", "--patient=alice@example.org", "file.json"),
        ("rotate_keys",),
        ("send_news", "--subject=News", "--text=file.json"),
        ("sweep",),
    ],
    ids=lambda command: command[0],
)
def test_a_command_refuses_in_one_sentence_while_it_is_locked(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.json").write_text("{}")
    with login() as opened:
        opened.execute("INSERT INTO accounts_portal (id, mark) VALUES (1, 5)")
        opened.execute("REVOKE SELECT ON accounts_user FROM phr_worker")
    try:
        with pytest.raises(CommandError, match=r"The portal is locked: run manage\.py reconcile"):
            call_command(*command)
    finally:
        open_again("default")
    assert not (tmp_path / "new.zip").exists()
