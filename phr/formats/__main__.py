"""The parser process: reads a file from standard input, writes frames to standard output.

Forked by phr/formats/forkserver.py, with every reader warm. Standard input begins with a line of
JSON: limits, file name, size, and how the file comes: from its beginning to its end, or in the
ranges that are asked for (`Want`), as an archive is read, whose table of contents stands at its
end. The process locks itself before it looks at more than the file's first bytes.
"""

import os
import time
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from phr.formats import DOCUMENTS, detect
from phr.formats.frames import Done, Want, encode
from phr.formats.json_stream import too_large
from phr.formats.lockdown import lock
from phr.formats.parsed import DESCRIBED, MB, Limits, Output, Progress, Refused
from phr.formats.ranged import Ranged
from phr.formats.resource import only_look
from phr.formats.seccomp import CannotLock

_HEAD = 4096
_READ = 1024 * 1024
_BATCH = 256 * 1024
_EVERY_SECONDS = 0.1
_CANNOT_LOCK = 70


class _Source:
    """Standard input, counted."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._head = b""
        self.done = 0

    def peek(self) -> bytes:
        """The first bytes, which `read` will give again."""
        self._head = self.read(_HEAD)
        self.done = 0
        return self._head

    def read(self, size: int) -> bytes:
        """`size` bytes, fewer only at the end. Raises Refused over the limit."""
        head, self._head = self._head[:size], self._head[size:]
        data = head + _exactly(size - len(head))
        self.done += len(data)
        if self.done > self._limits.max_bytes:
            raise too_large(self._limits)
        return data


def _exactly(size: int) -> bytes:
    """So many bytes of standard input, fewer only at its end."""
    parts: list[bytes] = []
    while size and (part := os.read(0, min(size, _READ))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


class _Sink:
    """The frames' way out, a batch at a time so that small resources do not cost a call each."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._batch = bytearray()
        self._last = time.monotonic()

    def put(self, frame: bytes) -> None:
        """Take one frame."""
        self._batch += frame
        if len(self._batch) >= _BATCH:
            self.flush()

    def due(self) -> bool:
        """Whether the reader of the frames has heard nothing for a tenth of a second."""
        now = time.monotonic()
        if now - self._last < _EVERY_SECONDS:
            return False
        self._last = now
        return True

    def flush(self) -> None:
        """Write everything."""
        rest = memoryview(bytes(self._batch))
        self._batch.clear()
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]


def main() -> None:
    """Parse standard input under the limits given, then leave."""
    asked = _asked()
    limits = Limits(**asked["limits"])
    if limits.looking:
        only_look()
    # Libraries may print; only frames may reach the parent.
    sink = _Sink(os.dup(1))
    os.dup2(2, 1)
    source = _ranged(asked["size"], sink) if asked["ranged"] else _Source(limits)
    try:
        for item in _read(source, limits, asked["filename"], asked["options"]):
            # A reader's own Progress only says that it is alive.
            if not isinstance(item, Progress):
                sink.put(encode(item))
            if sink.due():
                sink.put(encode(Progress(source.done, asked["size"], "bytes")))
                sink.flush()
        last: Done | Refused = Done()
    except Refused as refused:
        last = refused
    except MemoryError:
        most = limits.memory // MB
        last = Refused(f"The file needs more than {most} MB of memory to read, which is too much.")
    except CannotLock:
        os._exit(_CANNOT_LOCK)
    except Exception:  # noqa: BLE001 - whatever a hostile file provokes, its owner gets a sentence
        last = Refused("The file is damaged or made in a way that cannot be read safely.")
    sink.put(encode(last))
    sink.flush()
    os._exit(0)


def _ranged(size: int, sink: _Sink) -> Ranged:
    """The file in ranges, each asked for and waited for."""

    def fetch(offset: int, length: int) -> bytes:
        sink.put(encode(Want(offset, length)))
        sink.flush()
        return _exactly(length)

    return Ranged(size, fetch)


def _asked() -> dict[str, Any]:
    """The first line. It comes this way because arguments of a process are seen by everybody."""
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            os._exit(0)  # the parent was killed before it could ask
        line += byte
    asked: dict[str, Any] = orjson.loads(line)
    return asked


def _read(
    source: _Source | Ranged, limits: Limits, filename: str, options: dict[str, str]
) -> Iterator[Output]:
    module = detect(source.peek(), filename)
    if options.get("zone"):
        # Locked, nothing can be read from the disk any more.
        ZoneInfo(options["zone"])
    try:
        lock(limits)
    except OSError as error:
        raise CannotLock from error
    # A reader that goes to and fro recognises what allows it.
    stream = source if isinstance(source, Ranged) else source.read
    if DESCRIBED in options and module.__name__ not in DOCUMENTS:
        instead = "Take it back, and add it with “Upload records” instead."
        raise Refused(f"This is {module.NAME}, not a letter or a picture. {instead}")
    # Only a reader that gave `Columns`, or of a document that was described, is ever answered.
    answered = {"options": options} if options else {}
    yield from module.read(stream, limits, filename, **answered)
