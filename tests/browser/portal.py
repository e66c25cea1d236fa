"""The portal as it really runs, in processes of its own, over the databases of the tests."""

import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from phr.launch.child import Child, Command
from phr.launch.healthy import status

ROOT = Path(__file__).resolve().parents[2]
GUNICORN = ["-m", "gunicorn", "phr.wsgi", "--worker-class", "gthread", "--threads", "8"]
CELERY = ["-m", "celery", "-A", "phr.celery"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Portal:
    """Web processes on a free port. A passkey needs a name, so the address says localhost."""

    def __init__(self) -> None:
        self.port = free_port()
        self.origin = f"http://localhost:{self.port}"

    def start(self) -> None:
        call_command("collectstatic", interactive=False, verbosity=0)
        place = ["--bind", f"127.0.0.1:{self.port}", "--no-control-socket"]
        self.web = self._start("web", *GUNICORN, *place)
        self._wait()

    def stop(self) -> None:
        self.web.ask_to_stop()
        self.web.end(within=10)

    @contextmanager
    def worker(self) -> Iterator[None]:
        """A Celery worker and beat, for as long as the block lasts."""
        schedule = str(settings.PHR_DATA_DIR / "beat-schedule")
        children = [
            self._start("worker", *CELERY, "worker", "--pool", "solo", "--without-mingle"),
            self._start("beat", *CELERY, "beat", "--schedule", schedule, "--pidfile", ""),
        ]
        try:
            yield
        finally:
            for child in children:
                child.ask_to_stop()
            for child in children:
                child.end(within=10)

    def _start(self, name: str, *arguments: str) -> Child:
        environment = {
            **os.environ,
            "PHR_ORIGIN": self.origin,
            "PHR_MAIL_BACKEND": settings.PHR_MAIL_BACKEND,
            "PYTHONUNBUFFERED": "1",
        }
        log = settings.PHR_DATA_DIR / f"{name}.log"
        command = [sys.executable, *arguments]
        return Command(name, command, environment, log, folder=str(ROOT)).start()

    def _wait(self, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.web.ended is None:
            if status(self.port, "/readyz", self.origin) == 200:
                return
            time.sleep(0.1)
        raise RuntimeError(f"The portal did not start:\n{self.web.last_words()}")
