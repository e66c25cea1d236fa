"""`make run` from outside: it starts, is found, answers mistakes plainly, and leaves nothing.

One portal is started three times from one data folder: killed outright first, then ended by
SIGTERM, and interrupted in the middle of its start at last.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
GIVEN_TO_TESTS = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "DJANGO_SETTINGS_MODULE")
NEVER_PASSED_ON = ("PHR_", "VAULT_", *GIVEN_TO_TESTS)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def surroundings(folder: Path, port: int, **more: str) -> dict[str, str]:
    """The environment of a person's shell, without what the tests run with."""
    mine = {k: v for k, v in os.environ.items() if not k.startswith(NEVER_PASSED_ON)}
    return {**mine, "PHR_DATA_DIR": str(folder), "PORT": str(port), **more}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def processes_of(folder: Path) -> dict[int, int]:
    """Process number → user id of all that work with this data folder."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            said = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            if str(folder).encode() in said:
                found[int(process.name)] = process.stat().st_uid
        except OSError:
            continue
    return found


class Portal:
    """A launcher started by a person, and what it printed."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self.said = folder, free_port(), ""
        self.seconds = 0.0

    def start(self, up_to: str = "Ctrl-C") -> None:
        """Start it and read what it says, up to the line with these words."""
        began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "phr.launch"],
            cwd=ROOT,
            env=surroundings(self.folder, self.port),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        self.said = ""
        for line in self.process.stdout:
            self.said += line
            if up_to in line:
                break
        self.seconds = time.monotonic() - began
        if up_to not in self.said:
            self.end(signal.SIGTERM)
            pytest.fail(self.said)

    def end(self, with_signal: signal.Signals) -> int:
        self.process.send_signal(with_signal)
        status = self.process.wait(timeout=60)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status

    def left(self, within: float = 15) -> dict[int, int]:
        """What still runs `within` seconds later."""
        deadline = time.monotonic() + within
        while (running := processes_of(self.folder)) and time.monotonic() < deadline:
            time.sleep(0.1)
        return running

    def another(self, **changed: str) -> "subprocess.CompletedProcess[str]":
        """A second launcher, told something else."""
        with tempfile.TemporaryDirectory(prefix="phr-run-") as folder:
            Path(folder).chmod(0o755)
            environment = surroundings(Path(folder, "data"), free_port()) | changed
            return subprocess.run(
                [sys.executable, "-m", "phr.launch"],
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )

    def manage(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """`./manage.py` in a second shell, in another folder, with any Python first in the path."""
        environment = surroundings(self.folder, self.port)
        del environment["PORT"]
        return subprocess.run(
            [ROOT / "manage.py", *arguments],
            cwd="/",
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def get(self, path: str) -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, body


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    above = Path(tempfile.mkdtemp(prefix="phr-run-"))
    above.chmod(0o755)
    yield above / "data"
    shutil.rmtree(above)


@pytest.fixture(scope="module")
def portal(folder: Path) -> Iterator[Portal]:
    portal = Portal(folder)
    portal.start()
    yield portal
    if portal.process.poll() is None:
        portal.end(signal.SIGTERM)


def test_it_ends_by_saying_where_it_is_and_who_can_sign_in(portal: Portal) -> None:
    assert f"http://localhost:{portal.port}/" in portal.said
    assert f"http://localhost:{portal.port}/demo/mail/" in portal.said
    assert "alice" in portal.said
    assert portal.get("/healthz")[0] == 200
    assert portal.get("/readyz")[0] == 200
    assert portal.get("/demo/mail/")[0] == 200


def test_nothing_runs_as_root(portal: Portal) -> None:
    running = processes_of(portal.folder)
    assert len(running) >= 6
    assert 0 not in running.values()


def test_data_are_private(portal: Portal) -> None:
    assert portal.folder.stat().st_mode & 0o777 == 0o700
    for name in ("run.json", "secrets.json", "log/web.log"):
        assert (portal.folder / name).stat().st_mode & 0o077 == 0


def test_manage_in_a_second_shell_finds_it(portal: Portal) -> None:
    done = portal.manage("audit_verify")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["verdict"] == "intact"


def test_what_a_second_shell_writes_belongs_to_the_portal(portal: Portal) -> None:
    assert portal.manage("sweep").returncode == 0
    owners = {path.stat().st_uid for path in portal.folder.rglob("*")}
    assert owners == {portal.folder.stat().st_uid}


def test_taken_port_is_one_sentence(portal: Portal) -> None:
    done = portal.another(PORT=str(portal.port))
    assert done.returncode == 1
    assert done.stderr.startswith(f"Port {portal.port} is taken: ")
    assert done.stderr.count("\n") == 1


def test_folder_in_use_is_one_sentence(portal: Portal) -> None:
    done = portal.another(PHR_DATA_DIR=str(portal.folder))
    assert done.returncode == 1
    assert done.stderr == f"A portal already runs from {portal.folder}: stop it first.\n"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("PORT", "eighty"),
        ("DATABASE_URL", "postgresql://phr@127.0.0.1:1/phr"),
        ("REDIS_URL", "redis://127.0.0.1:1/0"),
        ("PHR_ORIGIN", "records.example.org"),
        ("PHR_POSTGRES_BIN", "/nonexistent"),
    ],
)
def test_broken_setting_is_one_sentence_that_names_it(
    portal: Portal, setting: str, value: str
) -> None:
    done = portal.another(**{setting: value})
    assert done.returncode == 1
    assert setting in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stderr.count("\n") == 1


def test_killed_launcher_leaves_nothing_and_nothing_is_lost(portal: Portal) -> None:
    portal.end(signal.SIGKILL)
    assert portal.left(within=60) == {}
    done = portal.manage("audit_verify")
    assert "`make run`" in done.stderr
    assert done.stderr.count("\n") == 1
    first = portal.seconds
    portal.start()
    assert portal.seconds < first / 2
    assert portal.get("/readyz")[0] == 200


def test_sigterm_stops_everything(portal: Portal) -> None:
    assert portal.end(signal.SIGTERM) == 0
    assert portal.left(within=0) == {}
    assert not (portal.folder / "run.json").exists()


def test_interrupted_while_it_starts_it_leaves_nothing(portal: Portal) -> None:
    portal.start(up_to="Preparing")
    assert portal.end(signal.SIGINT) == 0
    assert portal.left() == {}
    assert not (portal.folder / "run.json").exists()
