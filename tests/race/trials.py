"""Round after round: everybody reads, one way of taking access away, everybody asks again."""

import random
import time
from collections.abc import Callable
from dataclasses import replace
from http.client import HTTPConnection
from threading import Event

from sharing.categories import Category
from sharing.services import granting, members
from tests.cast import ALL
from tests.race.__main__ import Told
from tests.race.reader import Reader, cookie
from tests.race.web import served
from tests.race.world import TOKEN, World, signed_in

READERS = {"person": 3, "facility": 2, "link": 1}
LONGEST_WAIT = 0.08
ASKED_AGAIN = 2


class Ending:
    """A way of taking access away: from whom, and how."""

    def __init__(self, world: World, ports: list[int], session: str) -> None:
        self.world, self.ports, self.session = world, ports, session

    def choose(self, chosen: random.Random) -> tuple[set[str], Callable[[], None]]:
        world, alice = self.world, self.world.cast.alice
        port = chosen.choice(self.ports)
        narrow = replace(ALL, categories=(Category.DOCUMENTS,))
        ways: list[tuple[set[str], Callable[[], None]]] = [
            (set(READERS), lambda: self._press(port, "/sharing/end/")),
            (set(READERS), lambda: self._press(port, "/sharing/end/")),
            ({"person"}, lambda: self._press(port, f"/sharing/grants/{world.person}/revoke/")),
            ({"person"}, lambda: self._press(port, f"/sharing/grants/{world.person}/pause/")),
            ({"person"}, lambda: void(granting.change(alice, world.person, scope=narrow))),
            ({"facility"}, lambda: self._press(port, f"/sharing/grants/{world.facility}/revoke/")),
            ({"facility"}, lambda: void(members.suspend(world.cast.bob, world.role))),
            ({"link"}, lambda: self._press(port, f"/sharing/grants/{world.link}/revoke/")),
        ]
        return chosen.choice(ways)

    def _press(self, port: int, path: str) -> None:
        line = HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {"Host": "testserver", "Cookie": cookie(self.session),
                   "User-Agent": "race", "X-CSRFToken": TOKEN}  # fmt: skip
        line.request("POST", path, headers=headers)
        answer = line.getresponse()
        answer.read()
        if answer.status not in {200, 302}:
            raise RuntimeError(f"{path} answered {answer.status}")


def void(_: object) -> None:
    """What came of it is not needed."""


def run(world: World, application: str, trials: int, chosen: random.Random) -> Told:
    """Rounds until there were so many trials."""
    told = Told()
    with served(application) as ports:
        alice = signed_in(world.cast.alice)
        people = [signed_in(world.cast.bob) for _ in range(READERS["person"])]
        staff = [signed_in(world.dora) for _ in range(READERS["facility"])]
        while told.trials < trials:
            world.give()
            readers = [
                *(Reader(ports, one, world.shared(), "person") for one in people),
                *(Reader(ports, one, world.shared(), "facility") for one in staff),
                Reader(ports, world.opened_link(), world.linked(), "link"),
            ]
            _round(told, readers, Ending(world, ports, alice), chosen)
    return told


def _round(told: Told, readers: list[Reader], ending: Ending, chosen: random.Random) -> None:
    whose, act = ending.choose(chosen)
    stop = Event()
    seeds = [random.Random(chosen.random()) for _ in readers]
    threads = [
        reader.reading(lambda: not stop.is_set(), seed)
        for reader, seed in zip(readers, seeds, strict=True)
    ]
    time.sleep(chosen.random() * LONGEST_WAIT)
    pressed = time.monotonic()
    try:
        act()
        answered = time.monotonic()
        time.sleep(0.03)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    told.acknowledged.append(answered - pressed)
    touched = [reader for reader in readers if reader.group in whose]
    for reader in touched:
        for line in reader._lines * ASKED_AGAIN:
            reader.ask(line, chosen.choice(reader.paths))
    for reader in touched:
        _judge(told, reader, answered)


def _judge(told: Told, reader: Reader, answered: float) -> None:
    for seen in reader.seen:
        if seen.done < answered:
            told.looked[reader.group] += seen.content
            continue
        told.trials += 1
        if seen.sent > answered:
            told.later += 1
            if seen.content:
                told.served.append(f"{reader.group}: {seen.path} answered {seen.status}")
            continue
        if seen.content:
            told.most_bytes = max(told.most_bytes, seen.after(answered))
            told.most_seconds = max(told.most_seconds, seen.pieces[-1][0] - answered)
