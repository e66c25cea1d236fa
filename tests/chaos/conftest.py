"""Chaos begins in an empty portal: the tables are empty, so are the files and the pen then."""

import pytest

from accounts import audit
from phr import storage


@pytest.fixture(autouse=True)
def nothing_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_pen", audit._Pen())
    for name in storage.names():
        storage.destroy(name)
