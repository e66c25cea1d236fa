"""Somebody who asks and asks, and writes down what came and when."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from threading import Thread

from django.conf import settings

from tests.race.world import CANARY

PIECE = 1 << 16


def cookie(session: str) -> str:
    return f"{settings.SESSION_COOKIE_NAME}={session}"


@dataclass(frozen=True, slots=True)
class Seen:
    """One request: when it was sent, and when each piece with content in it came."""

    path: str
    sent: float
    done: float
    status: int
    pieces: tuple[tuple[float, int], ...]

    @property
    def content(self) -> bool:
        return bool(self.pieces)

    def after(self, moment: float) -> int:
        """The bytes of content that came later than that."""
        return sum(size for at, size in self.pieces if at > moment)


class Reader:
    """Asks one of its paths again and again, of one web process after the other."""

    def __init__(self, ports: list[int], session: str, paths: list[str], group: str) -> None:
        self.group, self.paths, self.seen = group, paths, list[Seen]()
        self._headers = {"Host": "testserver", "User-Agent": "race"}
        self._headers["Cookie"] = cookie(session)
        self._lines = [HTTPConnection("127.0.0.1", port, timeout=60) for port in ports]

    def reading(self, going: Callable[[], bool], chosen: random.Random) -> Thread:
        thread = Thread(target=self._read, args=(going, chosen))
        thread.start()
        return thread

    def _read(self, going: Callable[[], bool], chosen: random.Random) -> None:
        while going():
            self.ask(chosen.choice(self._lines), chosen.choice(self.paths))

    def ask(self, line: HTTPConnection, path: str) -> Seen:
        """One request, whole."""
        sent, pieces, status = time.monotonic(), list[tuple[float, int]](), 0
        try:
            line.request("GET", path, headers=self._headers)
            answer = line.getresponse()
            status = answer.status
            while piece := answer.read1(PIECE):
                if CANARY.encode() in piece:
                    pieces.append((time.monotonic(), len(piece)))
        except (HTTPException, OSError):
            # A stream that was cut off ends so; what came before counts.
            line.close()
        seen = Seen(path, sent, time.monotonic(), status, tuple(pieces))
        self.seen.append(seen)
        return seen
