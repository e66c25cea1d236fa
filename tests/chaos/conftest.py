"""Chaos begins in an empty portal: the tables are empty, so are the files and the pen then."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from accounts import audit
from phr import storage
from phr.launch import account
from tests.chaos.endings import within
from tests.chaos.kills import Worker, started
from tests.plugin import new_folder


@pytest.fixture(autouse=True)
def nothing_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_pen", audit._Pen())
    for name in storage.names():
        storage.destroy(name)


@pytest.fixture
def outbox(settings: Settings) -> None:
    """Mail goes the way it goes in production, up to the last step."""
    settings.EMAIL_BACKEND = "accounts.mail.OutboxBackend"
    settings.PHR_MAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture
def own_folder() -> Iterator[Path]:
    """For servers of a test's own, which it may kill."""
    made = new_folder(account.for_tests())
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="package")
def waiting_worker() -> Iterator[Worker]:
    with started() as one:
        yield one


@pytest.fixture
def worker(waiting_worker: Worker) -> Iterator[Worker]:
    """One for all tests: it begins each order in a process of its own, and remembers nothing."""
    yield waiting_worker
    waiting_worker.rest()
    for _ in within():
        if not waiting_worker.orphans():
            break
