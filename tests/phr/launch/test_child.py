"""No process outlives the launcher, whatever ends the launcher."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from phr.launch.child import Child, Command
from phr.launch.supervisor import Supervisor

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1); time.sleep(60)",
]


def command(folder: Path, arguments: list[str]) -> Command:
    return Command("sleeper", arguments, {}, folder / "log")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 5
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(pid)


def test_child_stops_when_asked(tmp_path: Path) -> None:
    child = command(tmp_path, SLEEP).start()
    child.ask_to_stop()
    child.end(within=5)
    assert child.ended == -signal.SIGTERM


def test_child_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    child = command(tmp_path, STUBBORN).start()
    child.ask_to_stop()
    child.end(within=0.1)
    assert child.ended is not None


def test_child_gets_only_the_environment_it_is_given(tmp_path: Path) -> None:
    show = [sys.executable, "-c", "import os; print(sorted(os.environ))"]
    child = Command("shower", show, {"ONLY": "1", "LC_ALL": "C.UTF-8"}, tmp_path / "log").start()
    child.process.wait()
    assert child.last_words() == "['LC_ALL', 'ONLY']"


def test_child_dies_with_a_killed_launcher(tmp_path: Path) -> None:
    start = (
        "import signal, sys, time; from pathlib import Path; from phr.launch.child import Command\n"
        "signal.signal(signal.SIGQUIT, signal.SIG_IGN)  # as a shell's background job begins\n"
        f"sleeper = Command('sleeper', {SLEEP!r}, {{}}, Path({str(tmp_path / 'log')!r}))\n"
        "print(sleeper.start().process.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", start], stdout=subprocess.PIPE) as launcher:
        assert launcher.stdout is not None
        pid = int(launcher.stdout.readline())
        assert alive(pid)
        launcher.kill()
    wait_until_gone(pid)


def test_supervisor_starts_again_what_ended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    supervisor = Supervisor()
    started: list[Child] = []

    def start() -> Child:
        started.append(command(tmp_path, SLEEP).start())
        return started[-1]

    supervisor.add(start)
    started[0].process.kill()
    started[0].process.wait()
    supervisor.look()
    assert len(started) == 2
    assert started[1].ended is None
    assert capsys.readouterr().out == "sleeper stopped (status -9); starting it again.\n"
    supervisor.stop()
    assert started[1].ended is not None
