"""What data are used for, and the exact words in which people agree to it (GDPR Art. 6, 7, 9)."""

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from hashlib import sha256
from pathlib import Path

LOCALE = "en"
_DATA = Path(__file__).with_name("data") / "consents.toml"


class Purpose(StrEnum):
    """What a person can agree to, one by one."""

    KEEP = "keep"
    NEWS = "news"


@dataclass(frozen=True, slots=True)
class Text:
    """One version of the words that stand beside a box or a button."""

    purpose: Purpose
    version: int
    locale: str
    words: str

    @property
    def sha256(self) -> str:
        """SHA-256 of the words in UTF-8, hexadecimal."""
        return sha256(self.words.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Use:
    """One thing done with data, in plain words (GDPR Art. 13(1)(c), 13(2)(a), 15(1))."""

    title: str
    data: str
    how: str
    why: str
    basis: str
    until: str
    purpose: str = ""


@cache
def _file() -> tuple[tuple[Text, ...], tuple[Use, ...]]:
    tables = tomllib.loads(_DATA.read_text(encoding="utf-8"))
    texts = (Text(Purpose(one.pop("purpose")), **one) for one in tables["text"])
    return tuple(texts), tuple(Use(**one) for one in tables["use"])


def texts() -> tuple[Text, ...]:
    """Every text that was ever shown."""
    return _file()[0]


def uses() -> tuple[Use, ...]:
    """Everything that is done with people's data, as the pages tell it."""
    return _file()[1]


def use(purpose: Purpose) -> Use:
    return next(one for one in uses() if one.purpose == purpose)


def current(purpose: Purpose, locale: str = LOCALE) -> Text:
    """The words somebody is asked to agree to today."""
    fitting = [one for one in texts() if (one.purpose, one.locale) == (purpose, locale)]
    return max(fitting, key=lambda one: one.version)


def shown(digest: str) -> Text:
    """The words of this SHA-256. Raises `KeyError` for words that were never shown."""
    return {one.sha256: one for one in texts()}[digest]
