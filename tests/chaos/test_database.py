"""PostgreSQL crashes and comes back: pages fail plainly meanwhile and recover by themselves."""

import os
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from dataclasses import asdict
from http.client import HTTPConnection
from pathlib import Path
from typing import Self

import psycopg
import pytest

from accounts import leaving
from phr.launch import account
from phr.launch.private import Services
from tests.chaos.kills import Kill, line_of, started

pytestmark = [pytest.mark.chaos, pytest.mark.slow]
GOING = "tests.chaos.going"
ROOT = Path(__file__).resolve().parent.parent.parent


class Portal:
    """A web server and a worker of its own on a PostgreSQL of its own."""

    def __init__(self, folder: Path, data: Path) -> None:
        self._services = Services(folder, account=account.for_tests(), fast=True)
        self._database = self._services.start_postgres()
        self.environment = {
            **os.environ,
            **self._services.environment,
            "PHR_DATA_DIR": str(data),
            "DJANGO_SETTINGS_MODULE": "phr.settings",
        }

    def __enter__(self) -> Self:
        self._with = ExitStack()
        self.worker = self._with.enter_context(started(self.environment))
        self.worker.run(f"{GOING}:prepare", "")
        with psycopg.connect(self.environment["DATABASE_URL"]) as owner:
            # The server for tests may forget in a crash what it said was committed: not here.
            owner.execute("ALTER ROLE CURRENT_USER SET synchronous_commit = on")
        place = ["--bind", "127.0.0.1:0", "--no-control-socket"]
        self._web = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "phr.wsgi", *place],
            cwd=ROOT, env=self.environment, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._port = self._announced()
        return self

    def __exit__(self, *_: object) -> None:
        self._web.terminate()
        self._web.communicate(timeout=30)
        self._with.close()
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

    @property
    def database(self) -> int:
        """The number of the process that every connection hangs on."""
        return self._database.process.pid

    def recover(self) -> None:
        self._database.process.wait(timeout=10)
        for _ in range(20):
            # What the server left may hold its memory for a moment longer.
            with suppress(account.CannotStart):
                self._database = self._services.start_postgres()
                return
            time.sleep(0.5)
        raise AssertionError("PostgreSQL did not come back")


def test_pages_and_erasures_recover(own_folder: Path, tmp_path: Path) -> None:
    with Portal(own_folder, tmp_path) as portal:
        worker = portal.worker
        assert portal.ask("/accounts/login/") == 200
        assert portal.ask("/readyz") == 200
        erasure_id = worker.run(f"{GOING}:leave", "")["result"]

        # Shut down at once, as `pg_ctl -m immediate` does, in the midst of a step.
        stop = Kill(line_of(leaving.forget_user, "+= _delete(rows)"), 2, "SIGQUIT", portal.database)
        order = asdict(stop) | {"task": "rights.tasks.purge", "id": erasure_id}
        assert worker.order(**order)["failed"]
        assert portal.ask("/healthz") == 200
        assert portal.ask("/readyz") == 503
        assert portal.ask("/accounts/login/") == 500

        portal.recover()
        deadline = time.monotonic() + 10
        while portal.ask("/readyz") != 200 and time.monotonic() < deadline:
            time.sleep(0.2)
        assert portal.ask("/accounts/login/") == 200
        begun = worker.run(f"{GOING}:steps", erasure_id)["result"]
        assert {"patient", "account"} & set(begun) == {"patient"}
        assert worker.run(f"{GOING}:finish", erasure_id)["result"] is True
