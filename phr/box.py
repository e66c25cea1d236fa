"""The parser box: reads an untrusted file in a process that can do nothing else.

No Django, no database, no key is within reach of the child: its environment is empty, it is locked
by `phr.formats.lockdown`, and all it can do is write frames, which are checked here.
"""

import fcntl
import os
import select
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import IO

import orjson

from phr import forking
from phr.formats.frames import BadFrame, Decoder, Done, Want
from phr.formats.json_stream import too_large
from phr.formats.parsed import MB, Limits, Output, Parsed, Refused

_PIPE = 1024 * 1024
# A file that is read best from its end: a ZIP archive.
_ARCHIVE = b"PK\x03\x04"
# The box may ask for one range at a time of at most so many bytes, and for the whole file, looked
# at twice, a few times over.
MOST_AT_ONCE = 1024 * 1024
_MOST_TIMES, _BESIDES = 4, 64 * MB

Ranges = Callable[[int, int], bytes]
_UNSAFE = "The file is damaged or made in a way that cannot be read safely."


class BoxBroken(RuntimeError):
    """The box does not work on this machine: a matter for the operator, not for the file."""


def parse(
    chunks: Iterable[bytes],
    *,
    filename: str,
    limits: Limits | None = None,
    size: int | None = None,
    ranges: Ranges | None = None,
    options: Mapping[str, str] | None = None,
) -> Iterator[Output]:
    """Resources, pictures, progress and skipped entries of one file, as they are read.

    `options` are what its owner answered to the `Columns` of a table.

    `size` in bytes, when known, is for `Progress.total`. Who can give any part of the file,
    `ranges(offset, length)`, gives it as well with the size: an archive is then read in flat memory,
    and `chunks` are left alone. Closing the iterator ends the child. Raises Refused with a sentence
    for the owner of the file: not valid, too large, too slow.
    """
    parts = ranges if ranges and size and ranges(0, len(_ARCHIVE)) == _ARCHIVE else None
    box = _Box(limits or Limits(), filename, size, parts, options or {})
    try:
        yield from box.run(iter(chunks))
    finally:
        box.end()


class _Box:
    def __init__(
        self,
        limits: Limits,
        filename: str,
        size: int | None,
        ranges: Ranges | None,
        options: Mapping[str, str],
    ) -> None:
        self._limits = limits
        self._ranges = ranges
        self._size = size or 0
        if ranges and self._size > limits.max_bytes:
            raise too_large(limits)
        try:
            self._child = forking.child()
        except OSError as error:
            raise BoxBroken("no parser process could be started") from error
        self._in = _pipe(self._child.stdin)
        self._out = _pipe(self._child.stdout)
        self._decoder = Decoder(max_payload=max(limits.max_resource_bytes, limits.max_bytes))
        asked = {
            "limits": asdict(limits),
            "filename": filename[-255:],
            "size": size,
            "ranged": ranges is not None,
            "options": dict(options),
        }
        self._pending = memoryview(orjson.dumps(asked) + b"\n")
        self._waited = 0.0
        self._sent = 0
        self._kept = 0

    def run(self, chunks: Iterator[bytes]) -> Iterator[Output]:
        """Feed the child and read it by turns, so that neither can block the other."""
        poll = select.poll()
        poll.register(self._out, select.POLLIN)
        poll.register(self._in, select.POLLOUT)
        while True:
            ready = dict(self._wait(poll))
            if not self._in.closed and self._in.fileno() in ready:
                self._fill(chunks, poll)
            if self._out.fileno() in ready:
                data = os.read(self._out.fileno(), _PIPE)
                if not data:
                    raise Refused(self._last_words())
                for item in self._items(data):
                    if isinstance(item, Done):
                        return
                    if isinstance(item, Want):
                        self._answer(item, poll)
                        continue
                    if self._kept > self._limits.max_entries:
                        raise Refused(_UNSAFE)
                    yield item

    def end(self) -> None:
        """Close the pipes and end the child, which cannot have started another."""
        for stream in (self._in, self._out):
            stream.close()
        self._child.end()

    def _wait(self, poll: select.poll) -> list[tuple[int, int]]:
        """Wait for the child; the time its parent takes for itself does not count."""
        left = self._limits.wall_seconds - self._waited
        started = time.monotonic()
        ready = poll.poll(max(0, left) * 1000)
        self._waited += time.monotonic() - started
        if not ready:
            raise Refused(self._too_slow())
        return ready

    def _fill(self, chunks: Iterator[bytes], poll: select.poll) -> None:
        """Write as much as the pipe takes: the child reads on while what it found is worked up."""
        self._feed(chunks, poll)
        while not (self._pending or self._in.closed or self._ranges):
            self._feed(chunks, poll)

    def _feed(self, chunks: Iterator[bytes], poll: select.poll) -> None:
        """Write what the pipe takes of a chunk, and keep what it did not."""
        if not self._pending:
            if self._ranges:
                return poll.unregister(self._in)
            chunk = next(chunks, None)
            if chunk is None:
                return self._stop_feeding(poll)
            self._sent += len(chunk)
            if self._sent > self._limits.max_bytes:
                raise too_large(self._limits)
            self._pending = memoryview(chunk)
        with suppress(BlockingIOError):
            try:
                self._pending = self._pending[os.write(self._in.fileno(), self._pending) :]
            except BrokenPipeError:
                self._stop_feeding(poll)
        return None

    def _answer(self, want: Want, poll: select.poll) -> None:
        """Give the child the range it waits for. Raises Refused for one that it cannot need."""
        self._sent += want.length
        inside = want.offset + want.length <= self._size and want.length <= MOST_AT_ONCE
        often = self._sent > _MOST_TIMES * self._size + _BESIDES
        if self._ranges is None or self._pending or not inside or often or self._in.closed:
            raise Refused(_UNSAFE)
        self._pending = memoryview(self._ranges(want.offset, want.length))
        poll.register(self._in, select.POLLOUT)

    def _stop_feeding(self, poll: select.poll) -> None:
        poll.unregister(self._in)
        self._in.close()

    def _items(self, data: bytes) -> Iterator[Output | Done | Want]:
        try:
            for item in self._decoder.feed(data):
                if isinstance(item, Refused):
                    raise item
                self._kept += isinstance(item, Parsed)
                yield item
        except BadFrame:
            raise Refused(_UNSAFE) from None

    def _last_words(self) -> str:
        """What to say when the child ended without a word. Raises BoxBroken."""
        code = self._child.end()
        if code > 0:
            raise BoxBroken(f"the parser process could not start or lock itself (exit code {code})")
        if code == -signal.SIGXCPU:
            return self._too_slow()
        if code in (-signal.SIGABRT, -signal.SIGKILL):
            return f"The file needs more than {self._limits.memory // MB} MB of memory to read."
        return _UNSAFE

    def _too_slow(self) -> str:
        return "The file took too long to read, so reading was stopped."


def _pipe(stream: IO[bytes]) -> IO[bytes]:
    """The parent's end of a pipe, made wide so that both sides can work at once."""
    os.set_blocking(stream.fileno(), False)
    with suppress(OSError):  # over the user's quota of pipe memory; it is only slower then
        fcntl.fcntl(stream.fileno(), fcntl.F_SETPIPE_SZ, _PIPE)
    return stream
