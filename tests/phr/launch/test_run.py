"""What the launcher refuses before it starts anything."""

import socket

import pytest

from phr.launch.account import CannotStart
from phr.launch.run import check_free, port_of


def test_port_is_8000_when_nothing_is_said() -> None:
    assert port_of({}) == 8000
    assert port_of({"PORT": "8123"}) == 8123


@pytest.mark.parametrize("text", ["http", "-1", "0", "65536", "80 80"])
def test_port_must_be_a_port(text: str) -> None:
    with pytest.raises(CannotStart, match="PORT must be a number from 1 to 65535"):
        port_of({"PORT": text})


def test_taken_port_is_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart, match=f"^Port {port} is taken: .*PORT=8001\\.$"):
            check_free(port)
