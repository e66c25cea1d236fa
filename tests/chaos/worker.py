"""A worker that kills itself between two lines of the portal's own code.

Reads orders from standard input, one JSON a line: `{"task": …, "id": …, "at": …, "time": …}`. Each is
carried out in a forked process, which sends itself SIGKILL just before it runs the line `at`
(`phr/staging.py:112`) for the `time`-th time. Answers `{"killed": …, "lines": …}`, where `lines` are
the lines that were run, in the order of their first run, with how often; only when not killed.
"""

import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import django
from celery import current_app

from phr.launch.child import adopt_strays

ROOT = Path(__file__).resolve().parent.parent.parent
OURS = tuple(f"{ROOT}/{app}/" for app in ("accounts", "phr", "rights", "sharing"))


class Tracer:
    """Counts the lines of our code as they come and ends the process at one of them."""

    def __init__(self, at: str, time: int) -> None:
        self.seen: Counter[str] = Counter()
        file, _, line = at.partition(":")
        self._fatal = (f"{ROOT}/{file}", int(line or 0))
        self._left = time

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> "Tracer | None":
        if event == "line":
            self._line(frame.f_code.co_filename, frame.f_lineno)
            return self
        return self if frame.f_code.co_filename.startswith(OURS) else None

    def _line(self, file: str, line: int) -> None:
        self.seen[f"{file[len(str(ROOT)) + 1 :]}:{line}"] += 1
        if (file, line) == self._fatal:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def carry_out(order: dict[str, Any], answer: int) -> None:
    """In the forked process: run the task as a worker would, under the tracer."""
    tracer = Tracer(order["at"], order["time"])
    task = current_app.tasks[order["task"]]
    sys.settrace(tracer)
    task.run(order["id"])
    sys.settrace(None)
    with os.fdopen(answer, "w") as out:
        json.dump(tracer.seen, out)


def obey(order: dict[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        carry_out(order, writing)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        lines = answer.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return {
        "killed": status == -signal.SIGKILL,
        "failed": status > 0,
        "lines": json.loads(lines or "{}"),
    }


def main() -> None:
    adopt_strays()
    django.setup()
    current_app.loader.import_default_modules()
    for line in sys.stdin:
        print(json.dumps(obey(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
