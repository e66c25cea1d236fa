"""Keeps the started processes running, and stops every one of them."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from phr.launch.account import CannotStart
from phr.launch.child import Child, reap_strays

MOST_RESTARTS = 5
PER_SECONDS = 60.0


@dataclass(slots=True)
class Watched:
    """A running child, how to start it again, and when that was done (monotonic seconds)."""

    child: Child
    again: Callable[[], Child]
    restarts: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Supervisor:
    """Children in the order they were started: a later one may need an earlier one."""

    tiers: list[list[Watched]] = field(default_factory=list)

    def add(self, *starts: Callable[[], Child]) -> None:
        """Start children that need all earlier ones but not each other. Raises CannotStart."""
        tier: list[Watched] = []
        self.tiers.append(tier)
        for start in starts:  # one by one: what runs must be known when the next one fails
            tier.append(Watched(start(), start))  # noqa: PERF401

    def look(self) -> None:
        """Start again what has ended.

        Raises CannotStart when something ended more than five times within a minute.
        """
        for tier in self.tiers:
            for watched in tier:
                if watched.child.ended is not None:
                    self._restart(watched)
        reap_strays({w.child.process.pid for tier in self.tiers for w in tier})

    def _restart(self, watched: Watched) -> None:
        child, now = watched.child, time.monotonic()
        watched.restarts = [at for at in watched.restarts if now - at < PER_SECONDS]
        if len(watched.restarts) >= MOST_RESTARTS:
            raise CannotStart(f"{child.command.name} keeps stopping:\n{child.last_words()}")
        print(
            f"{child.command.name} stopped (status {child.ended}); starting it again.", flush=True
        )
        child.end(within=0)
        watched.restarts.append(now)
        watched.child = watched.again()

    def stop(self, within: float = 15) -> None:
        """Stop everything, the last started first; each tier has `within` seconds to finish."""
        while self.tiers:
            tier = self.tiers.pop()
            for watched in tier:
                watched.child.ask_to_stop()
            deadline = time.monotonic() + within
            for watched in tier:
                watched.child.end(within=max(0.0, deadline - time.monotonic()))
