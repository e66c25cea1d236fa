"""The wire between box and parent: length, JSON head, raw payload.

A frame is `>II` (head length, payload length), the head as a JSON array, the payload bytes. The
parent trusts nothing: every field is checked for its type before a value is built.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from phr.formats import restored
from phr.formats.age import MENDED, Age
from phr.formats.meaning import Meaning
from phr.formats.parsed import (
    Columns,
    Ordinary,
    Output,
    Parsed,
    Person,
    Piece,
    Preview,
    Progress,
    Refused,
    Skipped,
)
from phr.formats.restored import Restored

_SIZES = struct.Struct(">II")
_MAX_HEAD = 4_000_000


class BadFrame(Exception):
    """The box sent something that is not in its protocol."""


class Done:
    """The box read the whole file."""


@dataclass(frozen=True, slots=True)
class Want:
    """The box needs `length` bytes of the file from byte `offset` on, and waits for them."""

    offset: int
    length: int


Said = Output | Refused | Done | Want


def encode(item: Said) -> bytes:
    """One frame of bytes for the item."""
    if isinstance(item, Refused | Done | Want):
        head, payload = _between(item)
    else:
        head, payload = restored.split(item) if isinstance(item, Restored) else _split(item)
    text = orjson.dumps(head)
    return _SIZES.pack(len(text), len(payload)) + text + payload


def _split(item: Ordinary) -> tuple[list[Any], bytes]:  # noqa: PLR0911 - one a kind
    match item:
        case Parsed():
            fields = [
                item.resource_type, item.category, item.effective_at, item.labels, item.identity,
                item.digest, item.terms, item.place, item.attachments, item.links, item.subject,
                item.visit, item.head, item.codes, item.meaning.core, item.meaning.refs,
                item.meaning.around, item.meaning.numbers, item.age.updated, item.age.issued,
                item.age.standing,
            ]  # fmt: skip
            return ["P", *fields], item.body
        case Preview():
            return ["V", item.content_type, item.caption], item.data
        case Progress():
            return ["G", item.done, item.total, item.unit], b""
        case Person():
            said = [item.names, item.birth_date, item.identifiers, item.links, item.in_words]
            return ["N", *said], b""
        case Piece():
            return ["B", item.content_type, item.name, item.last], item.data
        case Columns():
            return ["C", item.names, item.samples, item.guess], b""
        case Skipped():
            return ["S", item.place, item.reason], b""


def _between(item: Refused | Done | Want) -> tuple[list[Any], bytes]:
    match item:
        case Refused():
            return ["R", item.sentence], b""
        case Want():
            return ["W", item.offset, item.length], b""
        case Done():
            return ["D"], b""


class Decoder:
    """Turns what the box wrote back into values.

    `max_payload` is the largest payload in bytes that is believed.
    """

    def __init__(self, max_payload: int) -> None:
        self._max_payload = max_payload
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Said]:
        """Values completed by `data`. Raises BadFrame."""
        self._buffer += data
        at, end = 0, len(self._buffer)
        try:
            while end - at >= 8:
                head, payload = _SIZES.unpack_from(self._buffer, at)
                if head > _MAX_HEAD or payload > self._max_payload:
                    raise BadFrame("a frame is larger than allowed")
                if end - at < 8 + head + payload:
                    break
                start, at = at + 8, at + 8 + head + payload
                yield _decode(
                    bytes(self._buffer[start : start + head]),
                    bytes(self._buffer[start + head : at]),
                )
        finally:
            del self._buffer[:at]


def _decode(head: bytes, payload: bytes) -> Said:
    try:
        kind, *fields = orjson.loads(head)
        return _BUILD[kind](payload, *fields)
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadFrame("a frame has the wrong shape") from error


def _text(*values: object) -> None:
    for value in values:
        if type(value) is not str:
            raise TypeError("text expected")


def _parsed(body: bytes, *fields: Any) -> Parsed:
    (
        kind, category, at, labels, identity, digest, terms, place, attachments, links, subject,
        visit, head, codes, core, refs, around, numbers, updated, issued, standing,
    ) = fields  # fmt: skip
    _text(kind, category, digest, place, subject, visit, *labels, *terms, *links, *head, *codes)
    _text(*(v for v in (at, identity, updated, issued) if v is not None), core, *refs, *around)
    _text(*(part for number, value in numbers for part in (number, value)))
    if not all(type(n) is int for n in (*attachments, standing)) or not 0 <= standing <= MENDED:
        raise TypeError("numbers expected")
    return Parsed(
        kind, category, at, tuple(labels), identity, digest, tuple(terms), place, body,
        tuple(attachments), tuple(links), subject, visit, tuple(head), tuple(codes),
        Meaning(core, tuple(refs), tuple(around), tuple((one, value) for one, value in numbers)),
        Age(updated, issued, standing),
    )  # fmt: skip


def _preview(data: bytes, content_type: Any, caption: Any) -> Preview:
    _text(caption)
    if content_type not in ("image/png", "image/jpeg"):
        raise ValueError("picture expected")
    return Preview(content_type, data, caption)


def _person(_: bytes, *fields: Any) -> Person:
    names, birth_date, identifiers, links, in_words = fields
    _text(*names, *identifiers, *links, *([] if birth_date is None else [birth_date]))
    if type(in_words) is not bool:
        raise TypeError("truth value expected")
    return Person(tuple(names), birth_date, tuple(identifiers), tuple(links), in_words)


def _piece(data: bytes, content_type: Any, name: Any, last: Any) -> Piece:
    _text(content_type, name)
    if type(last) is not bool:
        raise TypeError("truth value expected")
    return Piece(data, content_type, name, last)


def _columns(_: bytes, names: Any, samples: Any, guess: Any) -> Columns:
    _text(*names, *(cell for row in samples for cell in row), *guess, *guess.values())
    return Columns(tuple(names), tuple(tuple(row) for row in samples), guess)


def _progress(_: bytes, done: Any, total: Any, unit: Any) -> Progress:
    if type(done) is not int or type(total) not in (int, type(None)):
        raise TypeError("numbers expected")
    if unit not in ("bytes", "entries"):
        raise ValueError("unit expected")
    return Progress(done, total, unit)


def _skipped(_: bytes, place: Any, reason: Any) -> Skipped:
    _text(place, reason)
    return Skipped(place, reason)


def _refused(_: bytes, sentence: Any) -> Refused:
    _text(sentence)
    return Refused(sentence[:500])


def _done(_: bytes) -> Done:
    return Done()


def _want(_: bytes, offset: Any, length: Any) -> Want:
    if type(offset) is not int or type(length) is not int or offset < 0 or length < 1:
        raise TypeError("a range expected")
    return Want(offset, length)


_BUILD: dict[str, Callable[..., Said]] = {
    "P": _parsed,
    "N": _person,
    "B": _piece,
    "C": _columns,
    "V": _preview,
    "G": _progress,
    "S": _skipped,
    "R": _refused,
    "D": _done,
    "W": _want,
    **restored.BUILD,
}
