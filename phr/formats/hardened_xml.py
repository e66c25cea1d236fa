"""XML read an element at a time: no document type, no entities, no network, bounded depth.

Source: https://www.w3.org/TR/xml/ 1.0, section 2.8 (the prolog, where a document type would be).
"""

import codecs
import re
from collections.abc import Iterator
from encodings.aliases import aliases
from typing import Literal

from lxml import etree

from phr.formats.delimited import is_utf16, utf16
from phr.formats.json_stream import Read, too_large
from phr.formats.parsed import MB, Limits, Refused

Element = etree._Element  # noqa: SLF001 - the only name its type has
Event = tuple[Literal["start", "end"], Element]

_CHUNK = 64 * 1024
_LONGEST_PROLOG = 256 * 1024
_SPACE = re.compile(r"\s*").match
_DECLARED = re.compile(rb"<\?xml\b[^>]{0,200}?\bencoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
# Of one byte a letter, with the letters of ASCII where they belong: any other encoding but UTF-16
# could hide markup from whoever looks at the bytes.
_ENCODINGS = (
    "utf_8", "utf_8_sig", "ascii", "latin_1",
    *(f"iso8859_{part}" for part in (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16)),
    *(f"cp125{part}" for part in range(9)),
)  # fmt: skip
# By every name they have: looking up a name nobody knows would look for a file of that name.
_BY_NAME = {name: name for name in _ENCODINGS} | {
    name: codec for name, codec in aliases.items() if codec in _ENCODINGS
}
# libxml2 xmlerror.h: text after the document, and a limit of its own.
_TOO_MUCH, _LIMIT = 5, 114


def warm() -> None:
    """Load whatever is loaded on first use: codecs and the parser's own tables."""
    for name in (*_ENCODINGS, "utf-16", "utf-16-le", "utf-16-be"):
        codecs.lookup(name)
    for text in ("<a>é</a>", "<a", "<a>&x;</a>", "<a>\x01</a>"):
        parser = _parser()
        try:
            parser.feed(text.encode())
            parser.close()
        except etree.XMLSyntaxError as error:
            str(error)


def events(stream: Read, limits: Limits) -> Iterator[Event]:
    """Start and end of each element in its order; the caller clears what it is done with.

    Raises Refused, with the line, when it is no well-formed XML or not safe to read.
    """
    parser = _parser()
    depth = 0
    error: etree.XMLSyntaxError | None = None
    for text in _texts(stream, limits):
        error = _feed(parser, text)
        for event, element in _read(parser):
            depth += 1 if event == "start" else -1
            if depth > limits.max_depth:
                raise _too_deep(limits)
            yield event, element
        if error:
            break
    try:
        if error is None:
            parser.close()
    except etree.XMLSyntaxError as late:
        if getattr(late, "code", 0) != _TOO_MUCH:
            raise Refused("The file ends too early: it is cut off in the middle.") from None
        error = late
    if error:
        raise _refusal(error, limits)


def _parser() -> etree.XMLPullParser:
    return etree.XMLPullParser(
        events=("start", "end"),
        encoding="utf-8",
        # Without a document type every entity but the five of XML is a mistake, not a gap.
        resolve_entities="internal",  # type: ignore[arg-type]
        load_dtd=False,
        dtd_validation=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )


def _feed(parser: etree.XMLPullParser, text: str) -> etree.XMLSyntaxError | None:
    try:
        parser.feed(text.encode())
    except etree.XMLSyntaxError as error:
        return error
    return None


def _read(parser: etree.XMLPullParser) -> Iterator[Event]:
    try:
        yield from parser.read_events()  # type: ignore[misc]
    except etree.XMLSyntaxError:
        # What `feed` raised, told again.
        return


def _texts(stream: Read, limits: Limits) -> Iterator[str]:
    """The text in chunks; the first holds the whole prolog, in which there is no `<!DOCTYPE`."""
    total = 0
    decoder: codecs.IncrementalDecoder | None = None
    prolog: str | None = ""
    while data := stream(_CHUNK):
        total += len(data)
        if total > limits.max_bytes:
            raise too_large(limits)
        decoder = decoder or codecs.getincrementaldecoder(_encoding(data))()
        text = _decoded(decoder, data)
        if prolog is None:
            yield text
            continue
        prolog += text
        if _past_prolog(prolog):
            yield prolog
            prolog = None
        elif len(prolog) > _LONGEST_PROLOG:
            raise Refused("The file begins with too much text before its first element.")
    if decoder:
        yield (prolog or "") + _decoded(decoder, b"", final=True)


def _encoding(head: bytes) -> str:
    if is_utf16(head):
        return utf16(head)
    found = _DECLARED.match(head.removeprefix(codecs.BOM_UTF8))
    said = re.sub(r"[-.]", "_", found[1].decode().lower()) if found else "utf_8"
    name = _BY_NAME.get(said)
    if name is None:
        raise Refused("The file says it is written in an encoding that is not read; use UTF-8.")
    return "utf_8_sig" if name == "utf_8" else name


def _decoded(decoder: codecs.IncrementalDecoder, data: bytes, *, final: bool = False) -> str:
    try:
        return decoder.decode(data, final)
    except UnicodeDecodeError:
        raise Refused("The file is not written in the encoding it says, or is damaged.") from None


def _past_prolog(text: str) -> bool:
    """Whether the first element has begun. Raises Refused at a document type."""
    at = 0
    while True:
        at = _SPACE(text, at).end()  # type: ignore[union-attr]
        if text.startswith("<!--", at):
            end = text.find("-->", at + 4)
        elif text.startswith("<?", at):
            end = text.find("?>", at + 2) - 1
        elif text.startswith("<!", at) and len(text) > at + 8:
            raise Refused("The file has a document type or entities, which are not read.")
        else:
            return len(text) > at + 8
        if end < 0:
            return False
        at = end + 3


def _too_deep(limits: Limits) -> Refused:
    return Refused(f"The file is nested more than {limits.max_depth} levels deep.")


def _refusal(error: etree.XMLSyntaxError, limits: Limits) -> Refused:
    """A sentence from the number and place of a mistake, never from its text."""
    line, code = error.position[0], getattr(error, "code", 0)
    if code == _LIMIT and "depth" in str(error).lower():
        return _too_deep(limits)
    if code == _LIMIT:
        most = limits.max_resource_bytes // MB
        return Refused(f"Line {line} has a text or a value larger than {most} MB.")
    return Refused(f"Line {line} is not correct XML.")
