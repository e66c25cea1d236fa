"""Text that fonts can show and lines can hold: what has no glyph is replaced, what is long may break."""

import re
from collections.abc import Mapping
from typing import Any, Final
from unicodedata import category

REPLACEMENT: Final = "\ufffd"
BREAK: Final = "\u200b"
LONGEST_WORD: Final = 40
# Embeddings, overrides and isolates (UAX #9): one item must not turn the next one round.
_DIRECTIONS: Final = frozenset((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
_VARIATIONS: Final = frozenset((*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
_MARKS: Final = (
    r"\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0903"
    r"\u093a-\u094f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
)
# Scripts written without spaces know themselves where to break.
_SPACELESS: Final = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\uffff"
# Words that no line of paper holds.
_LONG: Final = re.compile(rf"([^\s{_SPACELESS}]{{{LONGEST_WORD}}})(?=[^\s{_MARKS}])")
# Marks piled up higher than any language does would cover the lines above.
_PILED: Final = re.compile(rf"([{_MARKS}]{{4}})[{_MARKS}]+")


def replacements(text: str, covered: set[int]) -> dict[int, str]:
    """For `str.translate`: each character of `text` that cannot be shown, and what stands for it."""
    found = {ord(letter): _instead(letter) for letter in set(text) if ord(letter) not in covered}
    found |= dict.fromkeys((*range(10), *range(11, 32), *range(127, 160), *_DIRECTIONS), "")
    return found


def _instead(letter: str) -> str:
    kind = category(letter)
    if letter == "\n":
        return letter
    if kind in {"Cc", "Cf", "Cs"} or ord(letter) in _VARIATIONS:
        return ""
    return " " if kind.startswith("Z") else REPLACEMENT


def fitted(value: Any, table: Mapping[int, str]) -> Any:
    """The same JSON with every string translated, and with places to break in very long words."""
    if isinstance(value, str):
        said = value.translate(table)
        if not said.isascii():
            said = _PILED.sub(r"\g<1>", said)
        return _LONG.sub(rf"\g<1>{BREAK}", said) if len(said) > LONGEST_WORD else said
    if isinstance(value, list):
        return [fitted(one, table) for one in value]
    if isinstance(value, dict):
        return {name: fitted(one, table) for name, one in value.items()}
    return value
