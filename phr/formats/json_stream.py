"""JSON read a value at a time from a stream of bytes, through a window that slides.

Strict RFC 8259 with what FHIR adds (https://hl7.org/fhir/R4/json.html): UTF-8, no duplicate keys,
no NaN. Positions (`at`) are indices into the window; they stay right until `forget` is called.
"""

import codecs
import json
import re
from collections.abc import Callable, Generator
from itertools import pairwise
from json.decoder import scanstring  # type: ignore[attr-defined]
from json.scanner import make_scanner
from typing import Any

from phr.formats.parsed import MB, Limits, Refused

Read = Callable[[int], bytes]

_CHUNK = 256 * 1024
_SPACE = re.compile(r"[ \t\n\r]*").match
_LONGEST_TOKEN = 16


class JsonStream:
    """A window over the text; `read(n)` gives n bytes, fewer only at the end.

    `text` is what stands before them. `place` names the part being read, for sentences.
    `decimals` holds, after `value`, the numbers whose spelling a float forgets ("1.00").
    """

    def __init__(self, read: Read, limits: Limits, text: str = "") -> None:
        self._read = read
        self._limits = limits
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._lines_before = 0
        self._ended = False
        self.text = text
        self.place = ""
        self.bytes_read = 0
        self.decimals: list[str] = []
        decoder = json.JSONDecoder(
            object_pairs_hook=_unique, parse_float=self._decimal, parse_constant=_no_number
        )
        self._scan = make_scanner(decoder)  # type: ignore[arg-type]

    def next(self, at: int) -> tuple[str, int]:
        """The next character that is not space ("" at the end) and its position."""
        if (found := self.text[at : at + 1]) and found not in " \t\n\r":
            return found, at
        while True:
            at = _SPACE(self.text, at).end()  # type: ignore[union-attr]
            if at < len(self.text):
                return self.text[at], at
            if not self._fill():
                return "", at

    def expect(self, characters: str, at: int) -> tuple[str, int]:
        """The next character, which must be one of these, and the position after it."""
        found, at = self.next(at)
        if not found or found not in characters:
            raise self.broken(at)
        return found, at + 1

    def value(self, at: int) -> tuple[Any, int, int]:
        """The JSON value there, where its text starts, and where it ends. Raises Refused."""
        _, at = self.next(at)
        while True:
            self.decimals.clear()
            try:
                found, end = self._scan(self.text, at)
                if end < len(self.text) or self._ended or not self._fill():
                    self._whole(found, at, end)
                    return found, at, end
            except StopIteration as stop:
                self._more(at, int(stop.value))
            except json.JSONDecodeError as error:
                self._more(at, len(self.text) if "Unterminated" in error.msg else error.pos)
            except RecursionError:
                raise self.too_deep() from None
            except _Fault as fault:
                raise Refused(f"{self._owner()} {fault}.") from None
            except ValueError:
                raise Refused(f"{self._owner()} has a number with too many digits.") from None

    def members(self, at: int) -> Generator[tuple[str | None, int], int, None]:
        """Names of the members of the object there, each with the position of its value.

        The caller sends back the position after the value; the last thing given is (None, end).
        """
        seen: set[str] = set()
        _, at = self.expect("{", at)
        found, at = self.expect('"}', at)
        while found != "}":
            name, at = self._name(at)
            if name in seen:
                raise Refused(f"{self._owner()} {_twice(name)}.")
            seen.add(name)
            _, at = self.expect(":", at)
            at = yield name, at
            found, at = self.expect(",}", at)
            if found == ",":
                found, at = self.expect('"', at)
        yield None, at

    def forget(self, at: int) -> int:
        """Let go of the text before `at` once that is worth it; gives the new position."""
        if at < _CHUNK:
            return at
        self._lines_before += self.text.count("\n", 0, at)
        self.text = self.text[at:]
        return 0

    def where(self, at: int) -> str:
        """The place in words, to begin a sentence with."""
        line = f"line {self._lines_before + self.text.count(chr(10), 0, at) + 1}"
        return f"{self.place} ({line})" if self.place else line.capitalize()

    def too_deep(self) -> Refused:
        """What to say about nesting over the limit."""
        most = self._limits.max_depth
        return Refused(f"{self._owner()} is nested more than {most} levels deep.")

    def broken(self, at: int) -> Refused:
        """What to say when the text is not JSON there."""
        if at >= len(self.text) and self._ended:
            return Refused("The file ends too early: it is cut off in the middle.")
        return Refused(f"{self.where(at)} is not correct JSON.")

    def _owner(self) -> str:
        return self.place or "The file"

    def _name(self, at: int) -> tuple[str, int]:
        while True:
            try:
                name, end = scanstring(self.text, at, True)  # noqa: FBT003
            except json.JSONDecodeError as error:
                self._more(at, len(self.text) if "Unterminated" in error.msg else error.pos)
            else:
                self._whole(name, at - 1, end)
                return str(name), int(end)

    def _whole(self, found: Any, at: int, end: int) -> None:
        """Refuse half of a surrogate pair: JSON's grammar lets it pass, Unicode does not."""
        if self.text.find("\\ud", at, end) < 0 and self.text.find("\\uD", at, end) < 0:
            return
        try:
            json.dumps(found, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            owner = f"{self.place}, a" if self.place else "A"
            said = f"{owner} text holds half of a character (a lone surrogate)."
            raise Refused(said) from None

    def _more(self, start: int, failed: int) -> None:
        """Read on when the scan may have failed only for want of text; otherwise raise."""
        if failed < len(self.text) - _LONGEST_TOKEN or not self._fill():
            raise self.broken(max(failed, start))
        if len(self.text) - start > self._limits.max_resource_bytes:
            most = self._limits.max_resource_bytes // MB
            raise Refused(f"{self.where(start)} starts a resource larger than {most} MB.")

    def _fill(self) -> bool:
        """Add to the window, as much again as is there. False at the end of the file."""
        while not self._ended:
            data = self._read(max(_CHUNK, min(len(self.text), 64 * _CHUNK)))
            self._ended = not data
            self.bytes_read += len(data)
            if self.bytes_read > self._limits.max_bytes:
                raise too_large(self._limits)
            try:
                more = self._utf8.decode(data, self._ended)
            except UnicodeDecodeError:
                raise Refused(f"{self.where(len(self.text))} is not UTF-8 text.") from None
            if more:
                self.text += more
                return True
        return False

    def _decimal(self, literal: str) -> float:
        number = float(literal)
        if number in (float("inf"), float("-inf")):
            raise _Fault("has a number that is too large")
        if repr(number) != literal:
            self.decimals.append(literal)
        return number


def too_large(limits: Limits) -> Refused:
    """What to say about a file over the limit."""
    return Refused(f"The file is larger than {limits.max_bytes // MB} MB, the most that is taken.")


class _Fault(Exception):
    """What is wrong with a value, to follow the name of its place."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = sorted(name for name, _ in pairs)
        raise _Fault(_twice(next(one for one, other in pairwise(names) if one == other)))
    return found


def _twice(name: str) -> str:
    shown = f'"{name}"' if re.fullmatch(r"_?[A-Za-z]{1,40}", name) else "one name"
    return f"gives {shown} twice in the same place"


def _no_number(name: str) -> float:
    raise _Fault(f"has {name} where a number belongs")
