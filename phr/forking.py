"""Parser processes: each a fork of one that has the readers loaded (phr/formats/forkserver.py).

Loading them takes a quarter of a second, which an import of many small files would pay for each.
A process forks from a server of its own, which ends with it.
"""

import atexit
import os
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO

_ROOT = str(Path(__file__).resolve().parent.parent)
_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); from phr.formats.forkserver import main; main()"
)
_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
# Forks of one process share its layout in memory: what a file learned of it must not last.
MOST_FORKS = 200
# A server that is asked answers within milliseconds.
_PATIENCE_SECONDS = 30
_UNKNOWN = 1


class Child:
    """A parser process; `stdin` and `stdout` are its pipes."""

    def __init__(self, stdin: IO[bytes], stdout: IO[bytes], watch: socket.socket) -> None:
        self.stdin, self.stdout = stdin, stdout
        self._watch = watch
        self._watch.settimeout(_PATIENCE_SECONDS)
        self._code = _UNKNOWN

    def end(self) -> int:
        """End it if it has not ended. Returns its exit code: negative is a signal, 1 unknown."""
        with self._watch, suppress(OSError):
            self._watch.shutdown(socket.SHUT_WR)
            self._code = int(self._watch.recv(16) or _UNKNOWN)
        return self._code


class _Server:
    def __init__(self) -> None:
        self._door, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.left = MOST_FORKS
        try:
            self.pid = _start(theirs.fileno())
        except OSError:
            self._door.close()
            raise
        finally:
            theirs.close()

    def fork(self, descriptors: list[int]) -> None:
        """Ask for a child. Raises OSError when nobody is there."""
        self.left -= 1
        socket.send_fds(self._door, [b"."], descriptors)

    def leave(self) -> None:
        """Ask for nothing more: it goes when the last of its children went."""
        self._door.close()

    def stays(self) -> bool:
        """Whether it still runs; when it does not, it is no zombie after this."""
        with suppress(ChildProcessError):
            return os.waitpid(self.pid, os.WNOHANG) == (0, 0)
        return False


def _start(door: int) -> int:
    quiet = [(os.POSIX_SPAWN_OPEN, one, os.devnull, os.O_WRONLY, 0) for one in (1, 2)]
    return os.posix_spawn(
        sys.executable,
        [sys.executable, "-I", "-c", _START, _ROOT],
        _ENVIRONMENT,
        file_actions=[(os.POSIX_SPAWN_DUP2, door, 0), *quiet],
        setsid=True,
    )


_lock = threading.Lock()
_servers: list[_Server] = []


def child() -> Child:
    """A new parser process. Raises OSError when none can be started."""
    here, there = os.pipe(), os.pipe()
    mine, theirs = socket.socketpair()
    stdin, stdout = os.fdopen(here[1], "wb", 0), os.fdopen(there[0], "rb", 0)
    try:
        with theirs:
            _ask([here[0], there[1], theirs.fileno()])
    except OSError:
        for each in (stdin, stdout, mine):
            each.close()
        raise
    finally:
        os.close(here[0])
        os.close(there[1])
    return Child(stdin, stdout, mine)


def _ask(descriptors: list[int]) -> None:
    with _lock:
        if _servers and _servers[-1].left:
            with suppress(OSError):  # it was killed
                return _servers[-1].fork(descriptors)
        if _servers:
            _servers[-1].leave()
        _servers[:] = [one for one in _servers if one.stays()]
        _servers.append(_Server())
        return _servers[-1].fork(descriptors)


def server() -> int:
    """The process number of the server that forks now, 0 when there is none."""
    return _servers[-1].pid if _servers else 0


def forget() -> None:
    """Ask a new server from now on: nobody may use that of the process it was forked from."""
    global _lock  # noqa: PLW0603 - another thread may have held it when this process was forked
    _lock = threading.Lock()
    for one in _servers:
        one.leave()
    _servers.clear()


os.register_at_fork(after_in_child=forget)
atexit.register(forget)
