"""PostgreSQL crashes and comes back: pages fail plainly meanwhile and recover by themselves."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Self

import pytest

from phr.launch import account
from phr.launch.private import Services
from tests.plugin import new_folder

pytestmark = [pytest.mark.chaos, pytest.mark.slow]
ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def folder() -> Iterator[Path]:
    made = new_folder(account.for_tests())
    yield made
    shutil.rmtree(made, ignore_errors=True)


class Portal:
    """A web server of its own on a PostgreSQL of its own."""

    def __init__(self, folder: Path, data: Path) -> None:
        self._services = Services(folder, account=account.for_tests(), fast=True)
        self._database = self._services.start_postgres()
        self._environment = {
            **os.environ,
            **self._services.environment,
            "PHR_DATA_DIR": str(data),
            "DJANGO_SETTINGS_MODULE": "phr.settings",
        }

    def __enter__(self) -> Self:
        for command in ("migrate", "migrate --database=vault", "prepare_keys",
                        "collectstatic --no-input"):  # fmt: skip
            subprocess.run(
                [sys.executable, "manage.py", *command.split()],
                cwd=ROOT, env=self._environment, check=True, capture_output=True,
            )  # fmt: skip
        place = ["--bind", "127.0.0.1:0", "--no-control-socket"]
        self._web = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "phr.wsgi", *place],
            cwd=ROOT, env=self._environment, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._port = self._announced()
        return self

    def __exit__(self, *_: object) -> None:
        self._web.terminate()
        self._web.communicate(timeout=30)
        self._database.ask_to_stop()
        self._database.end(within=15)
        self._services.remove_sockets()

    def _announced(self) -> int:
        assert self._web.stderr is not None
        for line in self._web.stderr:
            if "Listening at" in line:
                return int(line.rsplit(":", 1)[1].split()[0].strip("()"))
        raise AssertionError("the web server did not start")

    def ask(self, path: str) -> int:
        """The status of an answer, which must come within ten seconds."""
        asking = HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            asking.request("GET", path, headers={"Host": "testserver"})
            return asking.getresponse().status
        finally:
            asking.close()

    def crash(self) -> None:
        self._database.process.kill()
        self._database.process.wait()

    def recover(self) -> None:
        for _ in range(20):
            # What the server left may hold its memory for a moment longer.
            with suppress(account.CannotStart):
                self._database = self._services.start_postgres()
                return
            time.sleep(0.5)
        raise AssertionError("PostgreSQL did not come back")


def test_pages_recover(folder: Path, tmp_path: Path) -> None:
    with Portal(folder, tmp_path) as portal:
        assert portal.ask("/accounts/login/") == 200
        assert portal.ask("/readyz") == 200

        portal.crash()
        assert portal.ask("/healthz") == 200
        assert portal.ask("/readyz") == 503
        assert portal.ask("/accounts/login/") == 500

        portal.recover()
        deadline = time.monotonic() + 10
        while portal.ask("/readyz") != 200 and time.monotonic() < deadline:
            time.sleep(0.2)
        assert portal.ask("/accounts/login/") == 200
