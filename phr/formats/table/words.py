"""What tables call their columns, their kinds of measurement and their units, in seven languages."""

import re
import tomllib
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Final

_DATA: Final = tomllib.loads(
    (Path(__file__).parents[2] / "data" / "column_words.toml").read_text("utf-8")
)
_UNITS: Final[dict[str, str]] = _DATA["units"]
_BETWEEN = re.compile(r"[\W_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_BRACKETS = re.compile(r"[(\[](.{1,20}?)[)\]]\s*$")
_WORDS: Final[dict[str, str]] = {
    phrase: name
    for table in ("columns", "measurements")
    for name, phrases in _DATA[table].items()
    for phrase in phrases
}
_LONGEST: Final = max(phrase.count(" ") + 1 for phrase in _WORDS)


def plain(text: str) -> str:
    """Small letters without accents."""
    whole = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in whole if not unicodedata.combining(each))


@lru_cache(maxsize=1024)
def meaning(text: str) -> str:
    """What a heading or the name of a measurement means: a column's part, or how a measurement's key
    begins; "" where none of its words is known. The longest phrase counts, the first of equals.
    """
    words = _BETWEEN.sub(" ", plain(_CAMEL.sub(" ", text[:200]))).split()
    for length in range(min(_LONGEST, len(words)), 0, -1):
        for at in range(len(words) - length + 1):
            if found := _WORDS.get(" ".join(words[at : at + length])):
                return found
    return ""


def ucum(unit: str) -> str:
    """A unit as people write it in UCUM, "" where it is not known."""
    return _UNITS.get("".join(unit.casefold().split()), "")


def unit_in(heading: str) -> str:
    """The UCUM unit a heading ends with, as "Weight (kg)" and "Weight kg" do; "" where none."""
    found = _BRACKETS.search(heading)
    last = re.split(r"[\s,;]+", heading.strip())[-1]
    return ucum(found[1]) if found else ucum(last)
