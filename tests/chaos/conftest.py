"""Chaos begins in an empty portal: the tables are empty, so are the files and the pen then."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from accounts import audit
from phr import storage
from tests.chaos.kills import Worker, started


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
def worker() -> Iterator[Worker]:
    with started() as one:
        yield one
