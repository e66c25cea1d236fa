"""The lists in data/sensitivity.toml, made ready to be asked very often.

A label is a bit here, a set of labels an integer, so that a resource with many codes costs a few
dictionary look-ups and no allocation.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

WHOLE: Final = ("snomed", "loinc", "rxnorm")
BY_BEGINNING: Final = ("icd-10", "icd-9", "icd-11", "icpc-2", "atc", "hcpcs")
LONGEST_TEXT: Final = 60_000
_DATA: Final = Path(__file__).with_name("data") / "sensitivity.toml"
_TO_SPACE: Final = dict.fromkeys(
    (*range(33, 48), *range(58, 65), *range(91, 97), *range(123, 127), *range(0x2010, 0x2020)), " "
) | dict.fromkeys(
    # What nobody sees between two letters.
    (
        *(*range(9), 11, 12, *range(14, 32), *range(127, 160), 0xAD, *range(0x200B, 0x2010)),
        *(*range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF),
    ),
    "",
)
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_LONGEST_CODE: Final = 80

# What the walker of codes does with a field of a resource: its code tells what the resource is
# about, or only where it is filed; it holds fields to walk.
TELLING: Final = 1
FILED: Final = 2
NESTED: Final = 4


class Rules:
    """Answers, as a bit set of labels, what a code, a text or a security tag suggests.

    `bits` maps each table of the file (a label) to its bit. Raises KeyError when the file names a
    label that `bits` lacks, and ValueError for a range that cannot be counted through.
    """

    def __init__(self, bits: Mapping[str, int], path: Path = _DATA) -> None:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        self._systems: dict[str, str] = tables.pop("systems")
        self._harmless = _by_first_word(tables.pop("harmless")["words"])
        self.fields = _roles(tables.pop("fields"))
        kinds = tables.pop("kinds")
        self.ordinary, self.opaque = frozenset(kinds["ordinary"]), frozenset(kinds["opaque"])
        self._plain = tuple(kinds.get("plain", ()))
        self._whole: dict[str, dict[str, int]] = {system: {} for system in WHOLE}
        self._beginning: dict[str, dict[str, int]] = {system: {} for system in BY_BEGINNING}
        self._words: dict[str, int] = {}
        self._phrases: dict[str, list[tuple[str, int]]] = {}
        self.types: dict[str, int] = {}
        self.security: dict[str, int] = {}
        for label, table in tables.items():
            self._add(bits[label], table)

    def _add(self, bit: int, table: Mapping[str, list[str]]) -> None:
        for system in WHOLE:
            _mark(self._whole[system], table.get(system, ()), bit)
        for system in BY_BEGINNING:
            starts = (start for item in table.get(system, ()) for start in _expanded(item))
            _mark(self._beginning[system], starts, bit)
        _mark(self._words, (word for word in table["words"] if " " not in word), bit)
        phrases_of = _by_first_word(word for word in table["words"] if " " in word)
        for first, phrases in phrases_of.items():
            self._phrases.setdefault(first, []).extend((phrase, bit) for phrase in phrases)
        _mark(self.types, table.get("types", ()), bit)
        _mark(self.security, table.get("security", ()), bit)

    def of_code(self, system: str, code: str) -> int:
        """The labels a code suggests; 0 for an unknown system or a harmless code."""
        name = self._systems.get(system) or _guessed(system)
        if name in self._whole:
            return self._whole[name].get(code, 0)
        if name not in self._beginning:
            return 0
        starts, found = self._beginning[name], 0
        plain = code[:16].replace(".", "").upper()
        for length in range(1, min(len(plain), 7) + 1):
            found |= starts.get(plain[:length], 0)
        return found

    def knows(self, system: object) -> bool:
        """Whether its sensitive codes are on the lists, or it has none."""
        if not isinstance(system, str):
            return False
        return bool(self._systems.get(system) or _guessed(system)) or system.startswith(self._plain)

    def of_text(self, text: str) -> int:
        """The labels the words of a text suggest; only the first 60 000 characters are read.

        A code like `hivPositive` is read as pages show it, too.
        """
        words = text[:LONGEST_TEXT].lower().translate(_TO_SPACE).split()
        if len(words) == 1 and len(text) <= _LONGEST_CODE and not text.islower():
            words += _CAMEL.sub(" ", text).lower().translate(_TO_SPACE).split()
        found = self._found(words)
        if found and any(word in self._harmless for word in words):
            return self._found(self._without_harmless(words))
        return found

    def _found(self, words: list[str]) -> int:
        found = 0
        line = ""
        for word in dict.fromkeys(words):
            found |= self._words.get(word, 0)
            if word in self._phrases:
                line = line or f" {' '.join(words)} "
                for phrase, bit in self._phrases[word]:
                    if f" {phrase} " in line:
                        found |= bit
        return found

    def _without_harmless(self, words: list[str]) -> list[str]:
        line = f" {' '.join(words)} "
        for word in dict.fromkeys(words):
            for phrase in self._harmless.get(word, ()):
                while f" {phrase} " in line:
                    line = line.replace(f" {phrase} ", " ")
        return line.split()


def _guessed(system: str) -> str:
    """National editions of ICD-10 have many addresses; ICD-10-PCS is about procedures."""
    return "icd-10" if "icd-10" in system.lower() and "pcs" not in system.lower() else ""


def _mark(table: dict[str, int], keys: Iterable[str], bit: int) -> None:
    for key in keys:
        table[key] = table.get(key, 0) | bit


def _roles(fields: Mapping[str, list[str]]) -> dict[str, int]:
    roles: dict[str, int] = {}
    for bit, kind in ((TELLING, "telling"), (FILED, "filed"), (NESTED, "nested")):
        _mark(roles, fields[kind], bit)
    return roles


def _by_first_word(phrases: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for phrase in phrases:
        found.setdefault(phrase.split(" ", 1)[0], []).append(phrase)
    return found


def _expanded(item: str) -> Iterator[str]:
    """Every beginning named by "F20-F99", or the item itself when it is not a range."""
    first, dash, last = item.partition("-")
    if not dash:
        yield first
        return
    at = next(i for i, (one, other) in enumerate(zip(first, last, strict=True)) if one != other)
    low, high = first[at:], last[at:]
    if not (low.isdigit() and high.isdigit() and low < high):
        raise ValueError(f"{item!r} in sensitivity.toml is not a range that can be counted through")
    for number in range(int(low), int(high) + 1):
        yield f"{first[:at]}{number:0{len(low)}d}"
