"""The lock: two marks in step, and what happens when they are not."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from django.db import OperationalError, connections
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts import gate
from accounts.actors import Actor, System
from accounts.gate import Post
from accounts.models import Portal
from accounts.tasks import advance_mark
from accounts.vault.acting import in_vault
from accounts.vault.models import Pulse
from phr.celery import GatedTask, app
from tests.raw import as_role, login

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
JOB = Actor.job(System.BACKUP)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def set_back(mark: int) -> None:
    """What restoring an older copy by hand does."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT set_config('role', 'phr_worker', true)")
        cursor.execute("UPDATE accounts_portal SET mark = %s", [mark])
        cursor.execute("SELECT set_config('role', 'phr_web', true)")
    gate.forget()


@pytest.mark.parametrize(
    ("portal", "pulse", "closed"),
    [
        (Post(), Post(), False),
        (Post(), Post(True, 1), False),
        (Post(True, 0), Post(True, 1), False),
        (Post(True, 7), Post(True, 7), False),
        (Post(True, 7), Post(True, 8), False),
        (Post(True, 7), Post(True, 9), True),
        (Post(True, 8), Post(True, 7), True),
        (Post(), Post(True, 2), True),
        (Post(True, 2), Post(), True),
        (Post(True, 7, NOW), Post(True, 7), True),
        (Post(True, 7), Post(True, 7, NOW), True),
    ],
)
def test_the_rule(portal: Post, pulse: Post, *, closed: bool) -> None:
    assert gate.out_of_step(portal, pulse) is closed


@given(st.lists(st.sampled_from(["both", "killed between"]), max_size=30))
def test_a_beat_that_is_killed_never_locks(beats: list[str]) -> None:
    portal = pulse = 0
    for beat in beats:
        if pulse == portal:
            pulse += 1
        if beat == "both":
            portal = pulse
        assert not gate.out_of_step(Post(bool(portal), portal), Post(True, pulse))


def test_beat_moves_both_marks() -> None:
    for _ in range(3):
        assert advance_mark() == 0
    with in_vault(worker=True):
        assert Pulse.objects.get().mark == 3
    with as_role("phr_web") as other:
        other.execute("SELECT mark FROM accounts_portal")
    assert gate.post("default").mark == 3


def test_a_portal_that_was_wound_back_lets_nobody_in_and_does_nothing(client: Client) -> None:
    for _ in range(5):
        gate.advance(JOB)
    assert client.get("/healthz").status_code == 200
    assert not gate.closed()

    set_back(3)

    assert gate.closed()
    answer = client.get("/records/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "600")
    assert client.get("/healthz").status_code == 200
    assert not gate.advance(JOB)
    assert gate.post("default").mark == 3
    set_back(5)
    assert not gate.closed()


def test_one_step_behind_is_a_beat_that_was_killed() -> None:
    for _ in range(3):
        gate.advance(JOB)
    set_back(2)
    assert not gate.closed()
    assert gate.advance(JOB)
    assert (gate.post("default").mark, gate.post("vault").mark) == (3, 3)


def test_no_task_runs_behind_a_closed_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    app.loader.import_default_modules()
    ours = {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}
    assert len(ours) > 10
    assert all(isinstance(task, GatedTask) for task in ours.values())
    ran: list[int] = []
    task = app.tasks["accounts.tasks.clear_expired"]
    monkeypatch.setattr(task, "run", lambda: ran.append(1))
    task()
    gate.advance(JOB)
    gate.advance(JOB)
    set_back(0)
    task()
    assert ran == [1]


def test_an_open_gate_is_remembered_for_a_second_at_the_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for _ in range(3):
        gate.advance(JOB)
    assert not gate.closed()
    Portal.objects.get()
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT set_config('role', 'phr_worker', true)")
        cursor.execute("UPDATE accounts_portal SET mark = 1")
    assert not gate.closed()
    monkeypatch.setattr(gate, "REMEMBERED_SECONDS", 0)
    gate._open_until = 0.0
    assert gate.closed()


several = pytest.mark.django_db(databases=["default", "vault"], transaction=True)


@contextmanager
def away(alias: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    connections[alias].close()
    with monkeypatch.context() as moved:
        moved.setitem(connections[alias].settings_dict, "HOST", "/nowhere")
        with pytest.raises(OperationalError):
            gate.post(alias)
        yield
        connections[alias].close()


@several
def test_a_main_database_that_does_not_answer_is_not_our_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gate, "_was_open", False)
    with away("default", monkeypatch):
        assert not gate.closed()
    with away("vault", monkeypatch):
        assert gate.closed(), "nobody has seen it open yet"


@several
def test_without_the_vault_the_last_word_holds_and_the_first_is_closed(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for was_open, status in ((False, 503), (True, 200)):
        monkeypatch.setattr(gate, "_was_open", was_open)
        with away("vault", monkeypatch):
            assert gate.closed() is not was_open
            assert client.get("/").status_code == status
            assert client.get("/readyz").status_code == 503
            assert client.get("/healthz").status_code == 200
    assert not gate.closed()
    with login() as opened:
        opened.execute("INSERT INTO accounts_portal (id, mark, locked_at) VALUES (1, 0, now())")
    gate.forget()
    assert gate.closed()
    with away("vault", monkeypatch):
        assert gate.closed()


@several
@pytest.mark.parametrize("alias", ["default", "vault"])
def test_who_comes_during_a_restore_is_told_and_does_not_wait(alias: str) -> None:
    began = time.monotonic()
    with login(alias) as opened:
        opened.execute(f"LOCK TABLE {gate.TABLES[alias]} IN ACCESS EXCLUSIVE MODE")
        assert gate.closed()
    assert time.monotonic() - began < 5
    assert not gate.closed()
