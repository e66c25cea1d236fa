"""Web workers are killed while pieces of a file come in: the file finishes, byte for byte."""

import hashlib
import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from threading import Timer

import pytest

from accounts.actors import Actor, System
from phr import integrity
from phr.receiving import STEP
from phr.services import uploads
from phr.storage import CHUNK
from tests.browser.portal import Portal
from tests.cast import Cast
from tests.doors import sign_in
from tests.worlds.tus import PIECE, START, id_in

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.timeout(120),
    pytest.mark.usefixtures("static_files"),
    pytest.mark.django_db(databases=["default", "vault"], transaction=True),
]
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
DATA = b"%PDF-1.4\n" + os.urandom(3 * STEP)
LARGEST = 2 * STEP


@pytest.fixture
def portal() -> Iterator[Portal]:
    running = Portal()
    running.start()
    yield running
    running.stop()


class Browser:
    """Alice's, with her session and her page's token, and no memory of what was sent."""

    def __init__(self, portal: Portal) -> None:
        client = sign_in("alice@example.org")
        page = client.get("/records/upload/").content.decode()
        found = TOKEN.search(page)
        assert found
        self.port = portal.port
        self.headers = {
            "Host": f"localhost:{portal.port}",
            "Cookie": f"session={client.cookies['session'].value}",
            "X-CSRFToken": found[1],
            "Tus-Resumable": "1.0.0",
        }

    def ask(self, method: str, path: str, body: bytes = b"", /, **more: str) -> HTTPResponse:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=20)) as line:
            line.request(method, path, body, self.headers | more)
            with line.getresponse() as answer:
                answer.read()
                return answer

    def offset_of(self, place: str, *, at_least: int) -> int:
        """How much is here, asked until it is that much, or the portal is back."""
        offset = -1
        for _ in range(200):
            with suppress(OSError, HTTPException):
                offset = int(self.ask("HEAD", place).headers["Upload-Offset"])
            if offset >= at_least:
                return offset
            time.sleep(0.1)
        raise AssertionError(f"only {offset} bytes are here")


def workers(portal: Portal) -> list[int]:
    """The processes that answer; their master starts new ones."""
    master = portal.web.process.pid
    tasks = Path(f"/proc/{master}/task").iterdir()
    return [int(pid) for task in tasks for pid in (task / "children").read_text().split()]


def kill_workers(portal: Portal) -> None:
    for pid in workers(portal):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_of_a_piece(cast: Cast, portal: Portal) -> None:
    alice = Browser(portal)
    length = {"Upload-Length": str(len(DATA)), "Upload-Metadata": "filename YS5wZGY="}
    place = str(alice.ask("POST", START, **length).headers["Location"])
    here = killed_after(alice, portal, place, sent=STEP + 1000, acknowledged=STEP)
    assert here == STEP
    killing = Timer(0.02, kill_workers, [portal])
    killing.start()
    with suppress(OSError, HTTPException):
        alice.ask("PATCH", place, DATA[here:][:LARGEST], **piece_at(here))
    killing.join()
    here = alice.offset_of(place, at_least=here)
    while here < len(DATA):
        assert here % CHUNK == 0
        alice.ask("PATCH", place, DATA[here:][:LARGEST], **piece_at(here))
        here = alice.offset_of(place, at_least=min(here + CHUNK, len(DATA)))

    sent = b"".join(uploads.original(cast.alice, id_in(place)).pieces)
    assert hashlib.sha256(sent).digest() == hashlib.sha256(DATA).digest()
    assert integrity.check(Actor.job(System.INTEGRITY)).sound


def piece_at(offset: int) -> dict[str, str]:
    return {"Content-Type": PIECE, "Upload-Offset": str(offset)}


def killed_after(
    alice: Browser, portal: Portal, place: str, *, sent: int, acknowledged: int
) -> int:
    """Every worker dies while one waits for the rest of a piece. Returns what they left."""
    with closing(HTTPConnection("127.0.0.1", portal.port, timeout=20)) as line:
        line.putrequest("PATCH", place, skip_host=True)
        size = {"Content-Length": str(LARGEST)}
        for name, value in (alice.headers | piece_at(0) | size).items():
            line.putheader(name, value)
        line.endheaders(DATA[:sent])
        alice.offset_of(place, at_least=acknowledged)
        kill_workers(portal)
    return alice.offset_of(place, at_least=acknowledged)
