"""How a second shell finds a running demo, and does not find one that is gone."""

import os
import socket
from pathlib import Path

import pytest

from phr.launch import found


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PHR_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL")
    return tmp_path


def test_running_demo_is_found(elsewhere: Path) -> None:
    settings = {"DATABASE_URL": f"postgresql://phr:x@/phr?host={elsewhere}", "SECRET_KEY": "s"}
    found.write(elsewhere, settings)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(elsewhere / ".s.PGSQL.5432"))
        server.listen()
        assert found.services() == settings
    assert (elsewhere / found.FILE).stat().st_mode & 0o777 == 0o600


def test_note_of_a_demo_that_is_gone_is_ignored(elsewhere: Path) -> None:
    found.write(elsewhere, {"DATABASE_URL": f"postgresql://phr:x@/phr?host={elsewhere}"})
    assert found.services() == {}
    found.forget(elsewhere)
    assert found.services() == {}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"environment": {}}', "\x00"])
def test_broken_note_is_ignored(elsewhere: Path, text: str) -> None:
    (elsewhere / found.FILE).write_text(text)
    assert found.services() == {}


def test_named_database_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHR_DATA_DIR", str(tmp_path))
    found.write(tmp_path, {"DATABASE_URL": os.environ["DATABASE_URL"]})
    assert found.services() == {}
