"""The data folder: private, marked, held by one launcher."""

import os
from pathlib import Path

import pytest

from phr.launch import folder
from phr.launch.account import CannotStart


def test_claimed_folder_is_private(tmp_path: Path) -> None:
    data = tmp_path / "data"
    folder.claim(data)
    folder.claim(data)
    assert data.stat().st_mode & 0o777 == 0o700


def test_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("three years of work")
    mode = tmp_path.stat().st_mode
    with pytest.raises(CannotStart, match="holds other things"):
        folder.claim(tmp_path)
    assert tmp_path.stat().st_mode == mode


def test_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotStart, match=r"^PHR_DATA_DIR cannot be used: "):
        folder.claim(tmp_path / "file" / "data")


def test_one_launcher_at_a_time(tmp_path: Path) -> None:
    folder.claim(tmp_path)
    held = folder.lock(tmp_path)
    with pytest.raises(CannotStart, match="already runs from"):
        folder.lock(tmp_path)
    os.close(held)
    os.close(folder.lock(tmp_path))


def test_secrets_are_made_once_and_private(tmp_path: Path) -> None:
    made = folder.kept_secrets(tmp_path)
    assert folder.kept_secrets(tmp_path) == made
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert len(set(made.values())) == 3


def test_lost_secrets_are_not_made_anew_beside_data(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    with pytest.raises(CannotStart, match=r"secrets\.json is missing"):
        folder.kept_secrets(tmp_path)


def test_note_says_where_roots_demo_put_its_data(tmp_path: Path) -> None:
    asked = {"PHR_DATA_DIR": str(tmp_path)}
    assert folder.in_use(asked) == tmp_path
    (tmp_path / folder.ELSEWHERE).write_text("/var/lib/other\n")
    assert folder.in_use(asked) == Path("/var/lib/other")
