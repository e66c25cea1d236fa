"""What a reader may do with any bytes: give what frames carry, or refuse with one sentence."""

import logging
import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from io import BytesIO

from phr.formats import detect, names
from phr.formats.frames import BadFrame, Decoder, encode
from phr.formats.json_stream import JsonStream
from phr.formats.parsed import MB, Columns, Limits, Output, Refused
from phr.formats.ranged import Ranged

Target = Callable[[bytes], None]

LIMITS = Limits(max_bytes=4 * MB, max_resource_bytes=MB, max_entries=5000, max_pixels=2_000_000)
_LONGEST_SENTENCE = 500
# A reader is asked by its short name, and a file of its own ending is what it reads.
_NAMED = {"table": "a.csv", "fhir": "a.json", "dicom": "a.dcm"}


class Fault(Exception):
    """A reader broke its promise."""


def every() -> dict[str, Target]:
    """The targets by name: each reader, and what reads around them."""
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    readers = {name.removeprefix("phr.formats."): _reader(name) for name in sorted(names())}
    return readers | {"detect": _detect, "frames": _frames, "json_stream": _json}


def _reader(name: str) -> Target:
    module = import_module(name)
    short = name.removeprefix("phr.formats.")

    def give(data: bytes, **answers: dict[str, str]) -> Iterator[Output]:
        # Half of the readers' files come in ranges; the last byte decides which.
        stream = Ranged.of(data) if data[-1:] > b"\x7f" else BytesIO(data).read
        yield from module.read(stream, LIMITS, _NAMED.get(short, ""), **answers)

    def target(data: bytes) -> None:
        module.warm()
        with warnings.catch_warnings(), _refusing():
            warnings.simplefilter("ignore")
            for item in give(data):
                _passes(item)
                if isinstance(item, Columns):
                    for read in give(data, options=item.guess):
                        _passes(read)

    return target


class _refusing:  # noqa: N801 - reads as a phrase
    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, refused: BaseException | None, _: object) -> bool:
        if not isinstance(refused, Refused):
            return False
        said = refused.sentence
        if not said.endswith(".") or "\n" in said or len(said) > _LONGEST_SENTENCE:
            raise Fault(f"no sentence: {said!r}")
        return True


def _passes(item: Output) -> None:
    """What goes through the wire is what comes out of it."""
    back = list(Decoder(max_payload=LIMITS.max_bytes).feed(encode(item)))
    if back != [item]:
        raise Fault(f"the frame of a {type(item).__name__} comes back as something else")


def _detect(data: bytes) -> None:
    name, _, head = data.partition(b"\0")
    with _refusing():
        detect(head[:4096], name[-255:].decode(errors="replace"))


def _frames(data: bytes) -> None:
    """Whatever the box writes, in whatever pieces: values, or BadFrame."""
    if data[:1] == b"[":
        data = struct.pack(">II", len(data), 0) + data
    decoder = Decoder(max_payload=MB)
    with suppress(BadFrame):
        for at in range(0, len(data), 977):
            list(decoder.feed(data[at : at + 977]))


def _json(data: bytes) -> None:
    """The stream of values takes nothing that is no JSON."""
    stream = JsonStream(BytesIO(data).read, LIMITS)
    with _refusing():
        character, at = stream.next(0)
        if character:
            stream.value(at)
