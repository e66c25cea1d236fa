"""Orders to the worker of `worker.py`, and which of all kills to try."""

import inspect
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).resolve().parent.parent.parent
EVERY = os.environ.get("PHR_CHAOS") == "all"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kill:
    """Just before this line is run for the `time`-th time.

    `signal` goes to the process `whom`, or to the worker itself.
    """

    at: str = ""
    time: int = 1
    signal: str = "SIGKILL"
    whom: int = 0

    def __str__(self) -> str:
        return f"{self.at}, time {self.time}"


NO_KILL = Kill()


def line_of(function: Callable[..., Any], text: str) -> str:
    """The first line of a function that holds this text: `rights/saga.py:68`."""
    lines, first = inspect.getsourcelines(function)
    at = first + next(number for number, line in enumerate(lines) if text in line)
    return f"{function.__module__.replace('.', '/')}.py:{at}"


@dataclass(frozen=True, slots=True)
class Worker:
    process: subprocess.Popen[str]

    def run(self, task: str, about: object, kill: Kill = NO_KILL) -> dict[str, Any]:
        """Let the worker run a task and die at `kill`, if it comes by there."""
        return self._succeed(task, about, kill)

    def watch(self, task: str, about: object, stations: Iterable[str] = ()) -> dict[str, Any]:
        """Let the worker run a task undisturbed, and tell what it ran."""
        return self._succeed(task, about, NO_KILL, watch=True, stations=list(stations))

    def _succeed(self, task: str, about: object, kill: Kill, **more: Any) -> dict[str, Any]:
        answer = self.order(task=task, id=str(about), **asdict(kill), **more)
        assert not answer["failed"], f"the task failed before {kill}"
        return answer

    def go_on(self) -> dict[str, Any]:
        """Wake the process that a kill with SIGSTOP stopped."""
        return self.order(go_on=True)

    def rest(self) -> None:
        """Nothing of what was ordered runs any more, not even what is stopped."""
        self.order(rest=True)

    def order(self, **order: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
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
def started(environment: Mapping[str, str] = os.environ) -> Iterator[Worker]:
    """The worker program, with the databases and the files of this test run or other ones."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.chaos.worker"],
        cwd=ROOT,
        env={**environment, "DJANGO_SETTINGS_MODULE": "phr.settings"},
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
    return evenly(found, most)


def evenly(found: Sequence[T], most: int) -> list[T]:
    """At most so many, spread over all of them."""
    step = max(1.0, len(found) / most)
    return [found[int(step * number + step / 2)] for number in range(min(most, len(found)))]


@dataclass(frozen=True, slots=True)
class Stretch:
    """The lines that were run from a station to the next: a kill before each."""

    station: str
    kills: tuple[Kill, ...]


def stretches(answer: dict[str, Any]) -> list[Stretch]:
    """What a worker ran between its stations, in order; the lines of each in no order."""
    passed = [*answer["stations"], ("", answer["lines"])]
    return [
        Stretch(
            station,
            tuple(
                Kill(line, before.get(line, 0) + 1)
                for line, times in after.items()
                if times > before.get(line, 0)
            ),
        )
        for (station, before), (_, after) in pairwise(passed)
    ]
