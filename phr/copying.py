"""Rows in PostgreSQL's binary COPY format, made without a step for each value of an array.

Source: PostgreSQL manual, COPY, "Binary Format"; each value as its type's `…send` function gives it.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from struct import Struct, pack
from uuid import UUID

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_INT8, _UUID = 20, 2950


def row(*values: bytes) -> bytes:
    """One row of values that were made by the functions below."""
    return pack(">h", len(values)) + b"".join(values)


def data(value: bytes | None) -> bytes:
    """A `bytea`."""
    return NULL if value is None else pack(">i", len(value)) + value


def text(value: str) -> bytes:
    """A `text`."""
    return data(value.encode())


def uuid(value: UUID) -> bytes:
    return b"\0\0\0\x10" + value.bytes


def integer(value: int) -> bytes:
    """An `int4`."""
    return pack(">ii", 4, value)


def truth(value: bool) -> bytes:  # noqa: FBT001 - the value itself
    """A `boolean`."""
    return b"\0\0\0\x01\x01" if value else b"\0\0\0\x01\0"


def instant(value: datetime | None) -> bytes:
    """A `timestamptz`: microseconds since 2000-01-01 in UTC."""
    if value is None:
        return NULL
    return pack(">iq", 8, (value - _EPOCH) // _MICROSECOND)


def bigints(values: Sequence[int]) -> bytes:
    """A `bigint[]` without NULLs."""
    if not values:
        return _empty(_INT8)
    cells = [8] * (2 * len(values))
    cells[1::2] = values
    return _bigints(len(values)).pack(20 + 12 * len(values), 1, 0, _INT8, len(values), 1, *cells)


# Arrays come in few lengths; what is as long as a large document is not worth remembering.
@lru_cache(maxsize=512)
def _bigints(length: int) -> Struct:
    return Struct(f">iiiiii{'iq' * length}")


def uuids(values: Iterable[UUID]) -> bytes:
    """A `uuid[]` without NULLs."""
    cells = [uuid(value) for value in values]
    if not cells:
        return _empty(_UUID)
    return pack(">iiiiii", 20 + 20 * len(cells), 1, 0, _UUID, len(cells), 1) + b"".join(cells)


def _empty(kind: int) -> bytes:
    return pack(">iiii", 12, 0, 0, kind)
