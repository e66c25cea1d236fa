"""Lines of the report, and whether every limit held."""

import resource
import statistics
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from django.db import connection, connections


@dataclass(slots=True)
class Report:
    """Prints each figure as it comes; `over` are those past their limit."""

    over: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        print(text, flush=True)

    def at_least(self, name: str, found: float, limit: float) -> None:
        self._judge(name, f"{found:,.2f} (at least {limit:,.2f})", held=found >= limit)

    def at_most(self, name: str, found: float, limit: float) -> None:
        self._judge(name, f"{found:,.2f} (at most {limit:,.2f})", held=found <= limit)

    def _judge(self, name: str, text: str, *, held: bool) -> None:
        self.say(f"  {'ok  ' if held else 'OVER'} {name}: {text}")
        if not held:
            self.over.append(name)


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of one act, done many times."""

    p50: float
    p95: float

    def __str__(self) -> str:
        return f"p50 {self.p50:6.1f} ms   p95 {self.p95:6.1f} ms"


def measure(act: Callable[[], object], times: int = 100) -> Times:
    """Do `act` a few times to warm up, then `times` times on the clock."""
    for _ in range(5):
        act()
    took = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        took.append((time.perf_counter() - began) * 1000)
    return Times(statistics.median(took), statistics.quantiles(took, n=20)[-1])


def work(act: Callable[[], object], times: int = 40, *, first: int = 5) -> float:
    """Milliseconds of processor that one `act` takes, here and in the database's own process.

    On a machine that has nothing else to do the act takes about as long; on a busy one this stays.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        server = Path(f"/proc/{cursor.fetchone()[0]}/schedstat")
    for _ in range(first):
        act()
    began = time.process_time_ns() + int(server.read_text().split()[0])
    for _ in range(times):
        act()
    return (time.process_time_ns() + int(server.read_text().split()[0]) - began) / times / 1e6


def work_by_turns(acts: dict[str, Callable[[], object]], rounds: int = 15) -> dict[str, float]:
    """The middle of the milliseconds of processor that each of several acts takes, by turns."""
    took: dict[str, list[float]] = {name: [] for name in acts}
    for act in acts.values():
        for _ in range(3):
            act()
    for _ in range(rounds):
        for name, act in acts.items():
            took[name].append(work(act, times=1, first=0))
    return {name: statistics.median(all_) for name, all_ in took.items()}


def server_seconds() -> float:
    """Seconds of processor that the processes behind our connections have taken so far."""
    return sum(_server(alias) for alias in connections)


def _server(alias: str) -> float:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        server = Path(f"/proc/{cursor.fetchone()[0]}/schedstat")
    return int(server.read_text().split()[0]) / 1e9


def by_turns(acts: dict[str, Callable[[], object]], rounds: int = 60) -> dict[str, Times]:
    """Measure several acts by turns, so that a noisy moment of the machine meets all of them."""
    took: dict[str, list[float]] = {name: [] for name in acts}
    for act in acts.values():
        for _ in range(5):
            act()
    for _ in range(rounds):
        for name, act in acts.items():
            began = time.perf_counter()
            act()
            took[name].append((time.perf_counter() - began) * 1000)
    return {
        name: Times(statistics.median(all_), statistics.quantiles(all_, n=20)[-1])
        for name, all_ in took.items()
    }


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds by the clock, and of the processor: our own, our children's and the database's."""

    clock: float
    processor: float
    children: float
    database: float

    @property
    def every(self) -> float:
        return self.processor + self.children + self.database


def timed(act: Callable[[], object]) -> Took:
    """Do `act` once."""
    before = _now()
    act()
    return Took(*(after - then for after, then in zip(_now(), before, strict=True)))


def peak(act: Callable[[], object]) -> float:
    """The most MB of Python's memory that were held at once while `act` was done."""
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def _now() -> tuple[float, float, float, float]:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (
        time.perf_counter(), time.process_time(), children.ru_utime + children.ru_stime,
        server_seconds(),
    )  # fmt: skip
