"""Two web processes, as in production, on the servers of this measurement."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection

HONEST, BROKEN = "phr.wsgi:application", "tests.race.broken:application"
PROCESSES, THREADS, PATIENCE = 2, 6, 60


@contextmanager
def served(application: str) -> Iterator[list[int]]:
    """Their ports; the processes end with the block."""
    with ExitStack() as stack:
        ports = [stack.enter_context(_process(application)) for _ in range(PROCESSES)]
        yield ports


@contextmanager
def _process(application: str) -> Iterator[int]:
    port = _free()
    place = ["-b", f"127.0.0.1:{port}", "-k", "gthread", "--threads", str(THREADS)]
    command = [sys.executable, "-m", "gunicorn", application, *place, "--keep-alive", "60",
               "--log-level", "error"]  # fmt: skip
    process = subprocess.Popen(command, env=dict(os.environ))
    try:
        _wait(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _free() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            asked = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
            asked.request("GET", "/healthz", headers={"Host": "testserver"})
            asked.getresponse().read()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the web process did not come up")
