"""The process that parser processes are forked from: whatever readers load is loaded once.

Started by phr/forking.py. It never sees a byte of a file. Standard input is a Unix socket over
which each message brings three descriptors: the standard input and output of a new parser process,
and a socket that stands for it: when its other end is shut, the process is ended, and its exit code
as `subprocess` writes it (negative: the signal) goes back in decimal digits.
"""

import gc
import os
import select
import signal
import socket
from importlib import import_module

from phr.formats import names
from phr.formats.__main__ import main as parse

_FIRST_FREE, _MOST_DESCRIPTORS = 3, 4096


def main() -> None:
    """Fork until nobody can ask any more and every child has been ended."""
    os.chdir("/")
    os.closerange(_FIRST_FREE, _MOST_DESCRIPTORS)
    for name in names():
        import_module(name).warm()
    gc.collect()
    gc.freeze()  # children then share these pages until they write to them
    _Forks().serve()
    os._exit(0)


class _Forks:
    def __init__(self) -> None:
        self._door = socket.socket(fileno=0)
        self._children: dict[int, tuple[socket.socket, int]] = {}
        self._poll = select.poll()
        self._poll.register(self._door, select.POLLIN)
        self._open = True

    def serve(self) -> None:
        """Answer the door, and end the children whose parents are done with them."""
        while self._open or self._children:
            for descriptor, _ in self._poll.poll():
                if descriptor == self._door.fileno():
                    self._answer()
                else:
                    self._end(descriptor)

    def _answer(self) -> None:
        data, (*given,), _, _ = socket.recv_fds(self._door, 1, 3)
        if not data:
            self._poll.unregister(self._door)
            self._open = False
            return
        child = os.fork()
        if not child:
            _become(given[0], given[1])
        os.close(given[0])
        os.close(given[1])
        self._children[given[2]] = (socket.socket(fileno=given[2]), child)
        self._poll.register(given[2], select.POLLIN)

    def _end(self, descriptor: int) -> None:
        watch, child = self._children.pop(descriptor)
        self._poll.unregister(descriptor)
        # It is not reaped before this, so the number is still its own.
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        with watch:
            try:
                watch.send(str(os.waitstatus_to_exitcode(status)).encode())
            except OSError:
                return  # its parent is gone


def _become(given: int, out: int) -> None:
    """Be a parser process, which holds nothing but its file and its answer."""
    os.setsid()
    os.dup2(given, 0)
    os.dup2(out, 1)
    os.closerange(_FIRST_FREE, _MOST_DESCRIPTORS)
    try:
        parse()
    finally:
        os._exit(1)
