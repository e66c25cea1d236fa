"""The lines of an HL7 version 2 file, taken apart. Source: HL7 v2.5.1 §2.5, §2.7, appendix 2.C."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from phr.formats.json_stream import Read
from phr.formats.parsed import MB, Limits, Refused

_CHUNK = 1024 * 1024
_MLLP = b"\x0b\x1c\x1a\x00"
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SIGNS = re.compile(r"[!-/:-@\[-`{-~]{5,6}")
_OBX_STATUS = 11
_LINES = (".br", ".sp", ".ce")
# HL7 table 0211, as far as it does not shift between alphabets within a text.
CHARSETS = {
    "ASCII": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "UNICODE": "utf-8",
    **{f"8859/{n}": f"iso8859-{n}" for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 15)},
}


@dataclass(frozen=True, slots=True)
class Signs:
    """The delimiters of one message (MSH-1, MSH-2) and how its bytes become text (MSH-18)."""

    fields: str = "|"
    components: str = "^"
    repetitions: str = "~"
    escape: str = "\\"
    subcomponents: str = "&"
    charset: str = "utf-8"
    escapes: re.Pattern[str] = field(default_factory=lambda: _escapes("\\"))

    def text(self, raw: str) -> str:
        """What stands there, with escape sequences resolved and control characters gone."""
        if raw == '""':
            return ""
        if self.escape in raw:
            raw = self.escapes.sub(self._resolved, raw)
        return _UNSEEN.sub("", raw).strip()

    def _resolved(self, found: re.Match[str]) -> str:
        name = found[1]
        plain = {"F": self.fields, "S": self.components, "T": self.subcomponents,
                 "R": self.repetitions, "E": self.escape, "H": "", "N": ""}  # fmt: skip
        if name in plain:
            return plain[name]
        if name.startswith("X"):
            return bytes.fromhex(name[1:]).decode(self.charset or "utf-8", "replace")
        return "\n" if name.startswith(_LINES) else " "


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment; fields are counted from 1 as the standard does (MSH-1 is the delimiter)."""

    name: str
    fields: tuple[str, ...]
    signs: Signs

    def raw(self, number: int) -> str:
        """A field as it stands, "" where the segment is shorter."""
        return self.fields[number] if number < len(self.fields) else ""

    def repeated(self, number: int) -> list[list[str]]:
        """The repetitions of a field, each as its components; at most 50."""
        signs = self.signs
        many = self.raw(number).split(signs.repetitions, 50)[:50]
        return [each.split(signs.components, 50) for each in many if each.strip()]

    def text(self, number: int, component: int = 1) -> str:
        """One component of the first repetition, resolved."""
        first = next(iter(self.repeated(number)), [])
        return self.part(first, component)

    def part(self, components: list[str], number: int, sub: int = 1) -> str:
        """A component of a repetition; its subcomponent `sub`."""
        if number > len(components):
            return ""
        subs = components[number - 1].split(self.signs.subcomponents, 20)
        return self.signs.text(subs[sub - 1]) if sub <= len(subs) else ""

    def whole(self, number: int) -> str:
        """The field as one text, its repetitions on lines: for text and numbers."""
        many = self.raw(number).split(self.signs.repetitions)
        return "\n".join(self.signs.text(each) for each in many).strip()


def _escapes(sign: str) -> re.Pattern[str]:
    sign = re.escape(sign)
    inside = r"[FSTREHN]|X(?:[0-9A-Fa-f]{2}){1,500}|\.(?:br|sp|ce|fi|nf|in|ti|sk)[ +-]?\d{0,3}"
    return re.compile(f"{sign}({inside}){sign}")


def header(line: bytes, place: str) -> Segment:
    """An MSH segment. Raises Refused when its delimiters or its alphabet cannot be used."""
    sign = chr(line[3]) if len(line) > 3 else ""
    given = line[3:].decode("latin-1").split(sign, 2)[1] if sign else ""
    together = sign + given
    if not _SIGNS.fullmatch(together) or len(set(together)) < len(together):
        raise Refused(
            f"{place} does not say in MSH-1 and MSH-2 which signs divide it, as HL7 wants."
        )
    bare = Signs(sign, given[0], given[1], given[2], given[3], "latin-1", _escapes(given[2]))
    said = cut(line, bare).text(18).upper()
    signs = Signs(sign, given[0], given[1], given[2], given[3], _charset(said, place), bare.escapes)
    return cut(line, signs)


def _charset(said: str, place: str) -> str:
    if said and said not in CHARSETS:
        raise Refused(
            f"{place} is written in an alphabet that is not read; ask for it in UNICODE UTF-8."
        )
    return CHARSETS[said] if said else ""


def cut(line: bytes, signs: Signs) -> Segment:
    """One line as a segment. An alphabet nobody named is UTF-8 if it can be, else ISO 8859-1.

    Raises ValueError when the bytes are not in the alphabet that was named.
    """
    try:
        text = line.decode(signs.charset or "utf-8")
    except UnicodeDecodeError:
        if signs.charset:
            raise ValueError("not in the alphabet named in MSH-18") from None
        text = line.decode("latin-1")
    fields = text.split(signs.fields)
    if fields[0] in ("MSH", "BHS", "FHS"):
        fields.insert(1, signs.fields)
    return Segment(fields[0], tuple(fields), signs)


def lines(stream: Read, limits: Limits) -> Iterator[bytes]:
    """The file's segments, without the framing bytes of MLLP. Raises Refused over the limits.

    Segments end with a carriage return; where there is none, with a line feed. Refused is also a
    file that ends within a result: the beginning of a value is another value.
    """
    rest, end, count = b"", b"", 0
    more = stream(_CHUNK)
    while more:
        end = end or (b"\r" if b"\r" in more else b"\n")
        *whole, rest = (rest + more).split(end)
        for line in whole:
            if line := _stripped(line):
                count += 1
                _refuse_many(count, limits)
                yield line
        if len(rest) > limits.max_resource_bytes:
            most = limits.max_resource_bytes // MB
            raise Refused(f"Line {count + 1} of the file is longer than {most} MB.")
        more = stream(_CHUNK)
    if line := _stripped(rest):
        if line.startswith(b"OBX") and b"\x1c" not in rest and line.count(line[3:4]) < _OBX_STATUS:
            raise Refused("The file ends in the middle of a result. Ask for it again.")
        yield line


def _stripped(line: bytes) -> bytes:
    return line.strip(b"\r\n\t " + _MLLP).removeprefix(b"\xef\xbb\xbf")


def _refuse_many(count: int, limits: Limits) -> None:
    if count > limits.max_entries:
        most = limits.max_entries
        raise Refused(f"The file has more than {most} segments, the most that are taken.")
