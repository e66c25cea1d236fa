"""A worker that is killed, or stopped, between two lines of the portal's own code.

Reads orders from standard input, one JSON a line, and answers each with one line of JSON.

`{"task": …, "id": …, "at": …, "time": …}` is carried out in a forked process: a task by its name, or
`module:function`. Just before that process runs the line `at` (`phr/staging.py:112`) for the
`time`-th time, it sends itself SIGKILL; or `signal` to the process `whom`, and waits for its end.
Answers `{"killed": …, "stopped": …, "failed": …, "lines": …, "stations": …, "result": …}`, where
`lines` are the lines that were run, in the order of their first run, with how often, and `stations`
the same as far as it was each time one of the lines `stations` was about to be run.

`{"go_on": true}` wakes the process that was stopped and answers the same once it ends.
`{"rest": true}` kills it if it is there still, and answers `{}`.

The program itself only forks: what an order does, reads and opens is gone with its process.
"""

import json
import os
import pkgutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import django
from celery import current_app

from phr.launch.child import adopt_strays, reap_strays

ROOT = Path(__file__).resolve().parent.parent.parent
OURS = tuple(f"{ROOT}/{app}/" for app in ("accounts", "phr", "rights", "sharing"))


class Tracer:
    """Counts the lines of our code as they come, and strikes at one of them."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.seen: Counter[str] = Counter()
        self.stations: list[tuple[str, Counter[str]]] = []
        self._places = set(order.get("stations", []))
        self._fatal, self._left = order["at"], order["time"]
        self._signal = signal.Signals[order.get("signal", "SIGKILL")]
        self._whom = order.get("whom") or os.getpid()

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> "Tracer | None":
        if event == "line":
            self._line(f"{frame.f_code.co_filename[len(str(ROOT)) + 1 :]}:{frame.f_lineno}")
            return self
        return self if frame.f_code.co_filename.startswith(OURS) else None

    def _line(self, line: str) -> None:
        if line in self._places:
            self.stations.append((line, self.seen.copy()))
        self.seen[line] += 1
        if line == self._fatal:
            self._left -= 1
            if self._left == 0:
                self._strike()

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
        self.process = os.fork()
        if self.process == 0:
            self._carry_out(order)
            os._exit(0)

    def _carry_out(self, order: dict[str, Any]) -> None:
        tracer, work = Tracer(order), _work(order["task"])
        sys.settrace(tracer)
        result = work(order["id"])
        sys.settrace(None)
        told = {"lines": tracer.seen, "stations": tracer.stations, "result": result}
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
        told: dict[str, Any] = {"lines": {}, "stations": [], "result": None}
        if not stopped:
            with os.fdopen(self._answer) as answer:
                answer.seek(0)
                told |= json.loads(answer.read() or "{}")
        return told | {"killed": code == -signal.SIGKILL, "failed": code > 0, "stopped": stopped}


def main() -> None:
    adopt_strays()
    django.setup()
    current_app.loader.import_default_modules()
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
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
