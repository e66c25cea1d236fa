"""The entries of a Bundle one at a time, each with its resource as it is written."""

from collections.abc import Generator
from typing import Any

from phr.formats.json_stream import JsonStream

# The entry, the JSON of its resource, and the decimals in that as they are written.
Entry = tuple[dict[str, Any], str, tuple[str, ...]]


def entries(text: JsonStream) -> Generator[Entry, None, None]:
    """Every entry of the Bundle that the text is. Raises Refused where it is not JSON."""
    members = text.members(0)
    name, at = next(members)
    while name is not None:
        if name == "entry":
            at = yield from _list(text, at)
        else:
            _, _, at = text.value(at)
        name, at = members.send(at)


def _list(text: JsonStream, at: int) -> Generator[Entry, None, int]:
    _, at = text.expect("[", at)
    found = ","
    while found != "]":
        at = yield from _one(text, text.forget(at))
        found, at = text.expect(",]", at)
    return at


def _one(text: JsonStream, at: int) -> Generator[Entry, None, int]:
    entry: dict[str, Any] = {}
    span, decimals = (at, at), tuple[str, ...]()
    members = text.members(at)
    name, at = next(members)
    while name is not None:
        entry[name], begin, at = text.value(at)
        if name == "resource":
            span, decimals = (begin, at), tuple(text.decimals)
        name, at = members.send(at)
    yield entry, text.text[slice(*span)], decimals
    return at
