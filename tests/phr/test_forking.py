"""The server that parser processes are forked from: gone, renewed, and never a parent's."""

import os
import signal
from pathlib import Path

import pytest

from phr import forking
from phr.box import parse
from phr.formats.parsed import Output, Progress
from tests.phr.formats.reading import read
from tests.worlds.files import fhir


def boxed() -> list[Output]:
    found = parse([fhir("searchset")], filename="a.json")
    return [item for item in found if not isinstance(item, Progress)]


def ended(pid: int) -> bool:
    """Whether it has ended; waits, where it is this process's own."""
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        return not Path(f"/proc/{pid}").exists()
    return True


def test_one_server_forks_for_many_files_and_holds_nothing_of_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SECRET_KEY", "canary")
    forking.forget()
    boxed()
    first = forking.server()
    boxed()
    assert forking.server() == first
    assert b"canary" not in Path(f"/proc/{first}/environ").read_bytes()
    links = {str(one.readlink()) for one in Path(f"/proc/{first}/fd").iterdir()}
    assert all(one == "/dev/null" or one.startswith("socket:") for one in links), links


def test_a_server_that_was_killed_is_replaced() -> None:
    boxed()
    first = forking.server()
    os.kill(first, signal.SIGKILL)
    assert ended(first)
    assert boxed() == read(fhir("searchset"), "a.json")
    assert forking.server() != first


def test_a_server_is_renewed_while_its_children_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forking, "MOST_FORKS", 1)
    forking.forget()
    items = parse([fhir("searchset")], filename="a.json")
    one = next(items)
    first = forking.server()
    assert boxed() == read(fhir("searchset"), "a.json")
    assert forking.server() != first
    assert [item for item in [one, *items] if not isinstance(item, Progress)] == boxed()
    assert ended(first)


def test_a_forked_process_asks_a_server_of_its_own() -> None:
    boxed()
    pid = os.fork()
    if not pid:
        same = forking.server()
        works = boxed() == read(fhir("searchset"), "a.json")
        os._exit(0 if works and not same else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert boxed() == read(fhir("searchset"), "a.json")


def test_the_server_ends_with_the_process_it_belongs_to() -> None:
    out, into = os.pipe()
    pid = os.fork()
    if not pid:
        boxed()
        os.write(into, str(forking.server()).encode())
        os.kill(os.getpid(), signal.SIGKILL)
    os.close(into)
    os.waitpid(pid, 0)
    with os.fdopen(out, "rb") as pipe:
        server = int(pipe.read())
    for _ in range(1000):
        if ended(server) or "\nState:\tZ" in Path(f"/proc/{server}/status").read_text():
            return
        os.sched_yield()
    raise AssertionError("the server outlived its process")
