"""Two web processes, as in production, on the servers of this measurement."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import IO

HONEST, BROKEN = "phr.wsgi:application", "tests.race.broken:application"
PROCESSES, THREADS, PATIENCE = 2, 8, 60
WRONG = (b"Traceback", b"[ERROR]")


@dataclass(frozen=True, slots=True)
class Web:
    """The processes: where they listen, and what they wrote to their logs."""

    ports: list[int]
    log: IO[bytes]

    def errors(self) -> list[str]:
        """The lines of the logs that tell of something wrong in them."""
        self.log.seek(0)
        return [
            line.decode(errors="replace").strip()
            for line in self.log
            if any(sign in line for sign in WRONG)
        ]


@contextmanager
def served(application: str) -> Iterator[Web]:
    """The processes end with the block."""
    with ExitStack() as stack, tempfile.TemporaryFile() as log:
        ports = [stack.enter_context(_process(application, log)) for _ in range(PROCESSES)]
        yield Web(ports, log)


@contextmanager
def _process(application: str, log: IO[bytes]) -> Iterator[int]:
    port = _free()
    place = ["-b", f"127.0.0.1:{port}", "-k", "gthread", "--threads", str(THREADS)]
    command = [sys.executable, "-m", "gunicorn", application, *place, "--keep-alive", "60",
               "--no-control-socket", "--log-level", "error"]  # fmt: skip
    process = subprocess.Popen(command, env=dict(os.environ), stderr=log)
    try:
        _wait(port, process, log)
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _free() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait(port: int, process: subprocess.Popen[bytes], log: IO[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        asked = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            asked.request("GET", "/healthz", headers={"Host": "testserver"})
            asked.getresponse().read()
        except OSError:
            time.sleep(0.1)
        else:
            return
        finally:
            asked.close()
    log.seek(0)
    raise RuntimeError(f"the web process did not come up: {log.read()[-2000:].decode()}")
