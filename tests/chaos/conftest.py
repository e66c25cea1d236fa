"""Chaos begins in an empty portal: the tables are empty, so are the files and the pen then."""

from collections.abc import Iterator

import pytest

from accounts import audit
from phr import storage
from tests.chaos.kills import Worker, started


@pytest.fixture(autouse=True)
def nothing_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_pen", audit._Pen())
    for name in storage.names():
        storage.destroy(name)


@pytest.fixture
def worker() -> Iterator[Worker]:
    with started() as one:
        yield one
