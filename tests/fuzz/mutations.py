"""Small damage done to a file by chance, so that a short search needs no tool."""

import re
from random import Random

_TOKENS = (
    b"", b"\0", b"\xff\xff\xff\xff", b"\x80", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\\ud800", b"-1",
    b"1e999", b"NaN", b"99999999999999999999", b"{", b"[[", b'"', b"null", b"<a>", b"]]>", b"&x;",
    b"<!DOCTYPE", b"|", b"^", b"~", b"\r", b"\n", b";", b",", b"/", b"..", b"20249999",
)  # fmt: skip
_NUMBER = re.compile(rb"\d+")


def damaged(data: bytes, others: list[bytes], chance: Random) -> bytes:
    """The file with one to six changes; `others` lend it parts."""
    for _ in range(chance.randint(1, 6)):
        data = chance.choice(_CHANGES)(data, chance, others)
    return data


def _place(data: bytes, chance: Random, most: int) -> tuple[int, int]:
    start = chance.randint(0, len(data))
    return start, min(len(data), start + chance.randint(0, most))


def _put(data: bytes, chance: Random, _: list[bytes]) -> bytes:
    start, end = _place(data, chance, 4)
    return data[:start] + chance.choice(_TOKENS) + data[end:]


def _flip(data: bytes, chance: Random, _: list[bytes]) -> bytes:
    start, end = _place(data, chance, 4)
    return data[:start] + chance.randbytes(end - start) + data[end:]


def _cut(data: bytes, chance: Random, _: list[bytes]) -> bytes:
    start, end = _place(data, chance, max(1, len(data) // 3))
    return data[:start] + data[end:]


def _repeat(data: bytes, chance: Random, _: list[bytes]) -> bytes:
    start, end = _place(data, chance, 300)
    return data[:end] + data[start:end] * chance.choice((1, 2, 30)) + data[end:]


def _swap(data: bytes, chance: Random, others: list[bytes]) -> bytes:
    """A part of one file, wherever it falls, in another."""
    other = chance.choice(others)
    start, end = _place(other, chance, 200)
    at, until = _place(data, chance, 200)
    return data[:at] + other[start:end] + data[until:]


def _count(data: bytes, chance: Random, _: list[bytes]) -> bytes:
    """Another number where one stands."""
    found = list(_NUMBER.finditer(data[:20_000]))
    if not found:
        return data
    one = chance.choice(found)
    number = chance.choice((b"0", b"-1", b"1" * 40, b"2147483648", b"1.5", b"1e5"))
    return data[: one.start()] + number + data[one.end() :]


_CHANGES = (_put, _flip, _cut, _repeat, _swap, _count)
