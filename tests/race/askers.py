"""Somebody who asks and asks, or writes and writes, and notes down what came and when."""

import random
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from threading import Event, Thread
from urllib.parse import urlencode

from django.conf import settings

from tests.race.world import CANARY, NEWER, TOKEN

PIECE, PATIENCE = 1 << 16, 60
ASKED_AGAIN = 5
FORM = "application/x-www-form-urlencoded"


def headers(session: str) -> dict[str, str]:
    """What a browser sends that is signed in; with the token against forged forms."""
    cookie = f"{settings.SESSION_COOKIE_NAME}={session}"
    return {"Host": "testserver", "User-Agent": "race", "Cookie": cookie, "X-CSRFToken": TOKEN}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: who asked for what, when it was sent and over, and each piece with content.

    `mark` stands in what it wrote. `newer` says that it brought what was written after the answer.
    """

    what: str
    path: str
    sent: float
    done: float
    status: int
    pieces: tuple[tuple[float, int], ...] = ()
    newer: bool = False
    mark: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.path} answered {self.status}"

    @property
    def succeeded(self) -> bool:
        return self.status == 302 if self.mark else bool(self.pieces)

    def after(self, moment: float) -> int:
        """The bytes of content that came later than that."""
        return sum(size for at, size in self.pieces if at > moment)


@dataclass
class Moment:
    """When the answer came, once it did; `over` when nobody needs to ask any more."""

    at: float | None = None
    over: Event = field(default_factory=Event)


@dataclass
class Errand:
    """What somebody does again and again: reads some paths, or writes to one."""

    what: str
    session: str
    paths: list[str]
    writes: str = ""


class Asker:
    """Does one errand at a time, through lines to all web processes that are kept open."""

    def __init__(self, ports: list[int]) -> None:
        self.asked: list[Asked] = []
        self._lines = [HTTPConnection("127.0.0.1", port, timeout=PATIENCE) for port in ports]

    def start(self, errand: Errand, moment: Moment, chosen: random.Random) -> Thread:
        """Begin; it ends by itself when it has asked often enough after the moment."""
        self.asked = []
        thread = Thread(target=self._go_on, args=(errand, moment, chosen))
        thread.start()
        return thread

    def _go_on(self, errand: Errand, moment: Moment, chosen: random.Random) -> None:
        again = 0
        while again < ASKED_AGAIN and not moment.over.is_set():
            asked = self._ask(errand, chosen.choice(self._lines), chosen.choice(errand.paths))
            self.asked.append(asked)
            again += moment.at is not None and asked.sent > moment.at

    def _ask(self, errand: Errand, line: HTTPConnection, path: str) -> Asked:
        mark = f"mark{secrets.token_hex(8)}" if errand.writes else ""
        body, kind = written(errand.writes, mark) if mark else (None, "")
        said: Mapping[str, str] = headers(errand.session) | ({"Content-Type": kind} if kind else {})
        pieces: list[tuple[float, int]] = []
        sent, status, newer = time.monotonic(), 0, False
        try:
            line.request("POST" if mark else "GET", path, body, said)
            answer = line.getresponse()
            status = answer.status
            newer = _take(answer, pieces)
        except (HTTPException, OSError):
            # A stream that was cut off ends so; what came before counts.
            line.close()
        return Asked(errand.what, path, sent, time.monotonic(), status, tuple(pieces), newer, mark)


def _take(answer: HTTPResponse, pieces: list[tuple[float, int]]) -> bool:
    """Add each piece with content. Returns whether it was what nobody may see."""
    tail, newer = b"", False
    while piece := answer.read1(PIECE):
        seen = tail + piece
        if CANARY.encode() in seen:
            pieces.append((time.monotonic(), len(piece)))
        newer = newer or NEWER.encode() in seen
        tail = seen[-len(CANARY) - len(NEWER) :]
    return newer


def written(kind: str, mark: str) -> tuple[bytes, str]:
    """The body of a form with a mark in it, and its type."""
    if kind == "file":
        edge = "edge-of-the-race"
        told = f'Content-Disposition: form-data; name="file"; filename="{mark}.txt"'
        body = f"--{edge}\r\n{told}\r\nContent-Type: text/plain\r\n\r\nLetter\r\n--{edge}--\r\n"
        return body.encode(), f"multipart/form-data; boundary={edge}"
    fields = {"text": mark}
    if kind == "entry":
        fields = {"name": mark, "status": "active", "started_year": "2019"}
    return urlencode(fields).encode(), FORM
