"""Orders to the worker of `worker.py`, and which of all kills to try."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

ROOT = Path(__file__).resolve().parent.parent.parent
EVERY = os.environ.get("PHR_CHAOS") == "all"


@dataclass(frozen=True, slots=True)
class Kill:
    """Just before this line is run for the `time`-th time."""

    at: str = ""
    time: int = 1

    def __str__(self) -> str:
        return f"{self.at}, time {self.time}"


@dataclass(frozen=True, slots=True)
class Worker:
    process: subprocess.Popen[str]

    def run(self, task: str, about: UUID, kill: Kill = Kill()) -> dict[str, Any]:
        """Let the worker run a task and die at `kill`, if it comes by there."""
        order = {"task": task, "id": str(about), "at": kill.at, "time": kill.time}
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        assert not answer["failed"], f"the task failed before {kill}"
        return answer

    def orphans(self) -> list[str]:
        """Process numbers of what killed workers left: the program adopts it (see `worker.py`)."""
        tasks = Path(f"/proc/{self.process.pid}/task")
        return [
            pid
            for task in tasks.iterdir()
            for pid in (task / "children").read_text().split()
            if Path(f"/proc/{pid}/cmdline").read_bytes()
        ]


@contextmanager
def started() -> Iterator[Worker]:
    """The worker program, with the databases and the files of this test run."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.chaos.worker"],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "phr.settings"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield Worker(process)
        assert process.stdin is not None
        process.stdin.close()


def kills(lines: dict[str, int], *, most: int) -> list[Kill]:
    """A kill before each line that was run, and before its last run; an even choice of `most`."""
    found = [Kill(line) for line in lines]
    found += [Kill(line, times) for line, times in lines.items() if times > 1]
    if EVERY or len(found) <= most:
        return found
    step = len(found) / most
    return [found[int(step * number + step / 2)] for number in range(most)]
