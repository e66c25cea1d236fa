"""A ZIP written straight into a stream that cannot be turned back, each file hashed on its way.

Format: APPNOTE.TXT 6.3 with data descriptors (4.4.4 bit 3), UTF-8 names (bit 11), and ZIP64 where
a file may be large (4.5.3). Every file is deflated, because readers that go through a ZIP from its
beginning cannot find the end of a stored one; what does not shrink is deflated at level 0.
"""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from types import TracebackType
from typing import IO, Protocol, Self
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

BUFFER = 64 * 1024
# From 4 on zlib looks twice for each match: 13 in 100 fewer bytes for twice the time.
LEVEL, UNSHRUNK = 3, 0
# A file whose size was not told, or is at least this, gets 64-bit sizes.
LARGE = 1024**3
# A file shrinks when its beginning does, to less than this share.
WORTHWHILE = 0.95


class Sink(Protocol):
    """Where the archive goes: takes bytes as they come and is never asked for them again."""

    def write(self, data: bytes, /) -> object: ...


class _Stream:
    """What `ZipFile` wants of a file; without `tell` it knows that there is no way back."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def write(self, data: bytes) -> int:
        self._sink.write(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is kept back here."""


@dataclass(frozen=True, slots=True)
class Packed:
    """One file of the archive: its path, its size in bytes and its SHA-256."""

    path: str
    size: int
    sha256: str


class Entry:
    """A file of the archive while it is written."""

    def __init__(self, out: IO[bytes]) -> None:
        self.size = 0
        self._out, self._sha = out, sha256()
        self._waiting: list[bytes] = []
        self._held = 0

    def write(self, data: bytes) -> None:
        self._waiting.append(data)
        self._held += len(data)
        if self._held >= BUFFER:
            self.flush()

    def flush(self) -> None:
        data = b"".join(self._waiting)
        self._waiting, self._held = [], 0
        self.size += len(data)
        self._sha.update(data)
        self._out.write(data)

    @property
    def digest(self) -> str:
        return self._sha.hexdigest()


class Pack:
    """The archive; `files` are those written so far. Leaving the block well writes its end."""

    def __init__(self, sink: Sink, made_at: datetime) -> None:
        self._zip = ZipFile(_Stream(sink), "w")  # type: ignore[call-overload]
        self._date = made_at.timetuple()[:6]
        self.files: list[Packed] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if kind is None:
            self._zip.close()
        else:
            self._zip.fp = None  # or it would end the archive when it is forgotten

    @contextmanager
    def file(self, path: str, *, size: int = LARGE, shrinks: bool = True) -> Iterator[Entry]:
        """Write one file; one at a time. `size` in bytes, where it is known, and whether it shrinks."""
        info = ZipInfo(path, self._date)
        info.compress_type, info.external_attr = ZIP_DEFLATED, 0o100644 << 16
        info._compresslevel = LEVEL if shrinks else UNSHRUNK  # type: ignore[attr-defined]  # noqa: SLF001 - has no public name before Python 3.13
        with self._zip.open(info, "w", force_zip64=size >= LARGE) as out:
            entry = Entry(out)
            yield entry
            entry.flush()
        self.files.append(Packed(path, entry.size, entry.digest))

    def text(self, path: str, text: str) -> None:
        """Write a short file at once."""
        data = text.encode()
        with self.file(path, size=len(data)) as out:
            out.write(data)


def shrinks(beginning: bytes) -> bool:
    """Whether a file that begins like this is worth compressing."""
    return len(zlib.compress(beginning, 1)) < WORTHWHILE * len(beginning)
