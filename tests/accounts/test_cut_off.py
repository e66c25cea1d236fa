"""What the web server makes of an answer that may not go on."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, IncompleteRead
from pathlib import Path

import pytest

from tests.worlds.cutting import PIECE

PATIENCE = 30


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the server writes down."""
    return tmp_path_factory.mktemp("cut") / "log"


@pytest.fixture(scope="module")
def port(log: Path) -> Iterator[int]:
    with socket.socket() as bound, log.open("wb") as written:
        bound.bind(("127.0.0.1", 0))
        bound.listen()
        place = ["--bind", f"fd://{bound.fileno()}", "--worker-class", "gthread"]
        command = [sys.executable, "-m", "gunicorn", "tests.worlds.cutting", *place]
        server = subprocess.Popen(
            [*command, "--no-control-socket"], stderr=written, pass_fds=[bound.fileno()]
        )
        yield bound.getsockname()[1]
        server.terminate()
        server.wait(PATIENCE)


@pytest.mark.parametrize("path", ["/length", "/chunks"])
def test_who_takes_it_knows_that_it_is_not_complete(port: int, log: Path, path: str) -> None:
    with closing(HTTPConnection("127.0.0.1", port, timeout=PATIENCE)) as line:
        line.request("GET", path)
        answer = line.getresponse()

        with pytest.raises(IncompleteRead) as cut:
            answer.read()

    assert cut.value.partial == PIECE
    assert "Booting worker" in log.read_text()
    assert "rror" not in log.read_text(), "nothing went wrong at the server"
