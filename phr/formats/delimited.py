"""Tables written as text: their alphabet, what divides their cells, their rows. Source: RFC 4180.

Spreadsheets write them in several ways: divided by commas, semicolons or tabs; in UTF-8, UTF-16 or
Windows-1252. Nothing in a cell is ever more than text, whatever it begins with.
"""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TextIO

from phr.formats.parsed import Limits, Refused

Read = Callable[[int], bytes]

HEAD = 64 * 1024
MOST_COLUMNS = 100
_LONGEST_LINE = 1024 * 1024
_DELIMITERS = (";", "\t", ",", "|")
_SAMPLE_LINES = 40
_TELLS = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")


def warm() -> None:
    """Load the alphabets."""
    for name in ("utf-8", "latin-1", "cp1252", "utf-16", "utf-16-le", "utf-16-be"):
        codecs.lookup(name)


def is_utf16(head: bytes) -> bool:
    """Whether text begins in UTF-16: by its mark, or by a zero beside each of its first letters."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    return _zeros(head, 1) or _zeros(head, 0)


def utf16(head: bytes) -> str:
    """The name of the codec of UTF-16 text that begins so."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-16-le" if _zeros(head, 1) else "utf-16-be"


def _zeros(head: bytes, at: int) -> bool:
    begin = head[:16]
    return len(begin) == 16 and not any(begin[at::2]) and all(begin[1 - at :: 2])


def decoded(head: bytes) -> str:
    """The first bytes as text; a letter that is cut in half at their end is left out."""
    if is_utf16(head):
        return head[: len(head) // 2 * 2].decode(utf16(head), "ignore").removeprefix("\ufeff")
    return "".join(_line(each) for each in head.splitlines(keepends=True)).removeprefix("\ufeff")


def _line(raw: bytes) -> str:
    """One line: UTF-8 if it can be, else Windows-1252."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def is_table(head: bytes) -> bool:
    """Whether text that begins so is divided into columns, the same number in most lines."""
    text = decoded(head)
    return not _CONTROL.search(text) and _delimiter(text)[1] >= 2


def is_text(head: bytes) -> bool:
    """Whether the bytes are text at all."""
    return not _CONTROL.search(decoded(head))


def _delimiter(text: str) -> tuple[str, int]:
    """What divides the cells, and how many of the first lines it divides alike."""
    lines = text.splitlines(keepends=True)[:_SAMPLE_LINES]
    if lines and (told := _TELLS.fullmatch(lines[0])):
        return told[1], len(lines)
    found = [(_alike(lines, sign), -at, sign) for at, sign in enumerate(_DELIMITERS)]
    score, _, sign = max(found)
    return sign, score


def _alike(lines: list[str], sign: str) -> int:
    try:
        rows = [len(row) for row in csv.reader(lines, delimiter=sign) if len(row) > 1]
    except csv.Error:
        return 0
    return max(Counter(rows).values(), default=0)


class _Source(io.RawIOBase):
    """The bytes as a file object, as the library's reader of lines wants them."""

    def __init__(self, head: bytes, read: Read) -> None:
        self._head, self._more = head, read

    def readable(self) -> bool:
        return True

    def readinto(self, into: memoryview) -> int:  # type: ignore[override]
        data = self._head[: len(into)] or self._more(len(into))
        self._head = self._head[len(data) :] if self._head else b""
        into[: len(data)] = data
        return len(data)


def rows(read: Read, limits: Limits) -> tuple[str, Iterator[list[str]]]:
    """What divides the cells, and the rows one after the other.

    Raises Refused where lines or rows are longer than any table's.
    """
    head = read(HEAD)
    wide = is_utf16(head)
    sign, _ = _delimiter(decoded(head))
    buffered = io.BufferedReader(_Source(head, read), HEAD)
    # Bytes that are no UTF-16 pass through as they are, to be read a line at a time.
    text = io.TextIOWrapper(buffered, encoding=utf16(head) if wide else "latin-1", newline="")
    return sign, _rows(_lines(text, bytewise=not wide), sign, limits)


def _lines(text: TextIO, *, bytewise: bool) -> Iterator[str]:
    number = 0
    try:
        while line := text.readline(_LONGEST_LINE):
            number += 1
            if len(line) == _LONGEST_LINE:
                raise Refused(f"Line {number} of the table is longer than any table's should be.")
            plain = _line(line.encode("latin-1")) if bytewise else line
            if number == 1:
                plain = plain.removeprefix("\ufeff")
                if _TELLS.fullmatch(plain):
                    continue
            yield plain
    except UnicodeError:
        raise Refused("The file is not written in the alphabet it says, or is damaged.") from None


def _rows(lines: Iterator[str], sign: str, limits: Limits) -> Iterator[list[str]]:
    number = 0
    try:
        for cells in csv.reader(lines, delimiter=sign):
            number += 1
            if len(cells) > MOST_COLUMNS:
                raise Refused(f"Row {number} has more than {MOST_COLUMNS} columns.")
            if number > limits.max_entries:
                raise Refused(f"The table has more than {limits.max_entries:,} rows.")
            yield [cell.strip() for cell in cells]
    except csv.Error:
        raise Refused(
            f"Row {number + 1} of the table is not divided as a table's rows are."
        ) from None
