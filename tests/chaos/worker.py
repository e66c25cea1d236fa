"""A worker that is killed, or stopped, between two lines of the portal's own code.

Reads orders from standard input, one JSON a line, and answers each with one line of JSON.

`{"task": …, "id": …}` is carried out in a forked process: a task by its name, or `module:function`.
Answers `{"killed": …, "stopped": …, "failed": …, "lines": …, "stations": …, "came": …, "result": …}`.

With `"watch": true` the `lines` tell which lines were run, in the order of their first run, and how
often (`{"phr/staging.py:112": 3}`), and `stations` the same as far as it was each time one of the
lines `"stations"` was about to be run.

With `"at": "phr/staging.py:112", "time": 3` the process sends itself SIGKILL just before it runs that
line for the third time; or `signal` to the process `whom`, and waits for its end. If it never comes
to that, `came` tells how often it ran the line.

`{"go_on": true}` wakes the process that was stopped and answers the same once it ends.
`{"rest": true}` kills it if it is there still, and answers `{}`.

The program itself only forks: what an order does, reads and opens is gone with its process.
"""

import gc
import json
import os
import pkgutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

import django
import kombu.transport.redis  # noqa: F401 - loaded when the first message is sent
from celery import current_app
from django.urls import get_resolver

from phr.launch.child import adopt_strays, reap_strays

ROOT = Path(__file__).resolve().parent.parent.parent
OURS = tuple(f"{ROOT}/{app}/" for app in ("accounts", "phr", "rights", "sharing"))

Place = tuple[str, int]
Trace = Callable[[FrameType, str, Any], Any]


def place(line: str) -> Place:
    """The file and the number of `phr/staging.py:112`."""
    path, _, number = line.rpartition(":")
    return f"{ROOT}/{path}", int(number)


def spelt(counts: dict[Place, int]) -> dict[str, int]:
    return {f"{path[len(str(ROOT)) + 1 :]}:{line}": times for (path, line), times in counts.items()}


class Lines:
    """Counts the lines of our code as they come."""

    def __init__(self, stations: list[str]) -> None:
        self._seen: dict[Place, int] = {}
        self._before: list[tuple[Place, dict[Place, int]]] = []
        self._places = set(map(place, stations))

    def __call__(self, frame: FrameType, _event: str, _argument: Any) -> Trace | None:
        return self._line if frame.f_code.co_filename.startswith(OURS) else None

    def _line(self, frame: FrameType, event: str, _argument: Any) -> Trace:
        if event == "line":
            at, seen = (frame.f_code.co_filename, frame.f_lineno), self._seen
            if at in self._places:
                self._before.append((at, seen.copy()))
            seen[at] = seen.get(at, 0) + 1
        return self._line

    def told(self) -> dict[str, Any]:
        passed = [(next(iter(spelt({at: 0}))), spelt(before)) for at, before in self._before]
        return {"lines": spelt(self._seen), "stations": passed}


class Strike:
    """Comes down at one line. Other functions than that which holds it run at full speed."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._path, self._number = place(order["at"])
        self._fatal, self._came = order["time"], 0
        self._signal = signal.Signals[order.get("signal", "SIGKILL")]
        self._whom = order.get("whom") or os.getpid()

    def __call__(self, frame: FrameType, _event: str, _argument: Any) -> Trace | None:
        code = frame.f_code
        if code.co_filename != self._path or code.co_firstlineno > self._number:
            return None
        return self._line if any(line == self._number for *_, line in code.co_lines()) else None

    def _line(self, frame: FrameType, event: str, _argument: Any) -> Trace:
        if event == "line" and frame.f_lineno == self._number:
            self._came += 1
            if self._came == self._fatal:
                self._strike()
        return self._line

    def told(self) -> dict[str, Any]:
        return {"came": self._came}

    def _strike(self) -> None:
        os.kill(self._whom, self._signal)
        while self._whom != os.getpid() and _runs(self._whom):
            time.sleep(0.02)


def _runs(process: int) -> bool:
    status = Path(f"/proc/{process}/status")
    return status.exists() and "State:\tZ" not in status.read_text()


def _work(name: str) -> Callable[[str], Any]:
    if ":" in name:
        found: Callable[[str], Any] = pkgutil.resolve_name(name)
        return found
    run: Callable[[str], Any] = current_app.tasks[name].run
    return run


class Errand:
    """One order in a process of its own."""

    def __init__(self, order: dict[str, Any]) -> None:
        # Not a pipe: nobody reads while the process is stopped.
        self._answer = os.memfd_create("answer")
        self._stopped = False
        work = _work(order["task"])
        self.process = os.fork()
        if self.process == 0:
            self._carry_out(order, work)
            os._exit(0)

    def _carry_out(self, order: dict[str, Any], work: Callable[[str], Any]) -> None:
        tracer = Strike(order) if order["at"] else Lines(order.get("stations", []))
        if order["at"] or order.get("watch"):
            sys.settrace(tracer)
        result = work(order["id"])
        sys.settrace(None)
        told = tracer.told() | {"result": result}
        os.write(self._answer, json.dumps(told, default=str).encode())

    def go_on(self) -> dict[str, Any]:
        os.kill(self.process, signal.SIGCONT)
        return self.wait()

    def end(self) -> None:
        """Kill it if it is stopped."""
        if self._stopped:
            os.kill(self.process, signal.SIGKILL)
            self.wait()

    def wait(self) -> dict[str, Any]:
        """Until it ends or is stopped."""
        _, status = os.waitpid(self.process, os.WUNTRACED)
        self._stopped = stopped = os.WIFSTOPPED(status)
        code = 0 if stopped else os.waitstatus_to_exitcode(status)
        told: dict[str, Any] = {"lines": {}, "stations": [], "came": 0, "result": None}
        if not stopped:
            with os.fdopen(self._answer) as answer:
                answer.seek(0)
                told |= json.loads(answer.read() or "{}")
        return told | {"killed": code == -signal.SIGKILL, "failed": code > 0, "stopped": stopped}


def load_pages() -> None:
    """What else a process that has worked for a while has loaded; then as little to copy as can be."""
    get_resolver().app_dict  # noqa: B018 - it is made when it is first asked for
    gc.collect()
    gc.freeze()


def serve(answers: TextIO) -> None:
    """Carry out one order after the other."""
    errand: Errand | None = None
    for line in sys.stdin:
        order, answer = json.loads(line), {}
        if "go_on" in order and errand:
            answer = errand.go_on()
        elif errand:
            errand.end()
        if "task" in order:
            errand = Errand(order)
            answer = errand.wait()
        reap_strays(known=[errand.process] if errand else [])
        print(json.dumps(answer), file=answers, flush=True)


def main() -> None:
    adopt_strays()
    django.setup()
    current_app.loader.import_default_modules()
    load_pages()
    # Not `sys.stdout`: where Python was told not to buffer, the end of a long answer gets lost.
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as answers:
        serve(answers)


if __name__ == "__main__":
    main()
