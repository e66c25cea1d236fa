"""Text from outside made safe and short enough to show. The result is plain text, not markup."""

import re
from collections.abc import Iterable
from typing import Any, Final

MOST_ITEMS: Final = 100
# No text of one item is longer on its page, on paper or in an archive
LONGEST_TEXT: Final = 100_000
# Control characters, zero-width marks and direction overrides; tab and newline stay
UNSEEN: Final = dict.fromkeys(
    (
        *(*range(9), 11, 12, *range(14, 32), *range(127, 160)),
        *(0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x2070)),
        *(0xFEFF, 0xFFFE, 0xFFFF),
    )
)
# Joiners spell words in Arabic, Syriac and the scripts of India and its neighbours, elsewhere they hide
_JOINERS: Final = re.compile(
    r"(?<![\u0620-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u17ff])[\u200c\u200d]+"
)
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def clean(value: object, limit: int = 300) -> str:
    """One line of at most `limit` characters; "" unless `value` is a string with something in it.

    Control characters, direction overrides and lone surrogates are left out, so that a name
    cannot disguise itself or break the page it stands on.
    """
    if not isinstance(value, str):
        return ""
    if _plain(value, limit):
        return " ".join(value.split())
    return _cut(" ".join(_seen(value, limit).split()), limit)


def clean_lines(value: object, limit: int = LONGEST_TEXT) -> str:
    """Like `clean`, but line breaks stay; at most one empty line in a row."""
    if not isinstance(value, str):
        return ""
    if _plain(value, limit):
        return " ".join(value.split())
    lines = (" ".join(line.split()) for line in _seen(value, limit).splitlines())
    return _cut(re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip(), limit)


def _plain(value: str, limit: int) -> bool:
    """Whether there is nothing to leave out or to cut: most text is so, and asked a million times."""
    return len(value) <= limit and value.isascii() and value.isprintable()


def _seen(value: str, limit: int) -> str:
    text = value[: limit * 4]
    if text.isascii() and text.isprintable():
        return text
    seen = text.encode("utf-8", "ignore").decode("utf-8").translate(UNSEEN)
    return _JOINERS.sub("", seen)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def joined(parts: Iterable[str], separator: str = "; ", most: int = 10) -> str:
    """The different non-empty parts in their order, the first `most` of them and how many more."""
    kept = list(dict.fromkeys(part for part in parts if part))
    more = [f"and {len(kept) - most} more"] if len(kept) > most else []
    return separator.join(kept[:most] + more)


def capital(text: str) -> str:
    """The same text beginning with a capital letter, unless it begins with a name or an address.

    "pH", "eGFR", "dr.jones@example.org" and "https://example.org" stay as they are.
    """
    if text[:1].isupper():
        return text
    first = text.split(maxsplit=1)[0].strip(",;:.()") if text.strip() else ""
    plain = first.replace("-", "").replace("'", "").isalpha() and not first[1:2].isupper()
    return text[:1].upper() + text[1:] if plain else text


def lowered(text: str) -> str:
    """The same text as it reads inside a sentence; abbreviations keep their capitals."""
    return text if text[1:2].isupper() or not text[1:2] else text[:1].lower() + text[1:]


def spaced(name: object) -> str:
    """A code or a field name as words: "entered-in-error" and "birthDate" become sentences."""
    text = clean(name, 80).replace("-", " ").replace("_", " ")
    words = _CAMEL.sub(" ", text).split()
    return capital(
        " ".join(word if len(word) > 1 and word.isupper() else word.lower() for word in words)
    )


def each(value: object) -> list[dict[str, Any]]:
    """The objects of a JSON list, or a single object as a list; at most 100 of them."""
    if isinstance(value, dict):
        return [value]
    items = value[:MOST_ITEMS] if isinstance(value, list) else []
    return [item for item in items if isinstance(item, dict)]


def one(value: object) -> dict[str, Any]:
    """The object itself, the first object of a list, or an empty one."""
    if isinstance(value, dict):
        return value
    found = each(value) if value else ()
    return found[0] if found else {}
