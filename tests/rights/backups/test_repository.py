"""Folders of backups are made for nobody else to look into."""

import os
from collections.abc import Iterator
from pathlib import Path
from stat import S_IMODE

import pytest
from pytest_django import Settings

from rights.backups.repository import Kind, Repository


@pytest.fixture
def common_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("common_umask")
def test_every_folder_it_makes_is_only_ours(settings: Settings, tmp_path: Path) -> None:
    place = tmp_path / "disk" / "portal"
    settings.STORAGES = settings.STORAGES | {
        "backups": {**settings.STORAGES["backups"], "OPTIONS": {"location": str(place)}}
    }
    tmp_path.chmod(0o755)
    repository = Repository(Kind.DEFAULT)
    with repository.writing("set/dump") as out:
        out.write(b"x")
    repository.begin()

    made = [place.parent, place, place / "set", place / "set" / "dump"]
    assert [oct(S_IMODE(one.stat().st_mode)) for one in made] == ["0o700"] * 3 + ["0o600"]
    assert S_IMODE(tmp_path.stat().st_mode) == 0o755, "what was there stays as it is"
