"""Chaos begins in an empty portal: the tables are empty, so are the files then."""

import pytest

from phr import storage


@pytest.fixture(autouse=True)
def no_files(transactional_db: None) -> None:
    for name in storage.names():
        storage.destroy(name)
