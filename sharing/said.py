"""Every text of a FHIR resource that a page may show, so that its words can be looked at."""

import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Any, Final

Json = Mapping[str, Any]

# Of one resource at most so many different texts and letters are looked at.
MOST_TEXTS: Final = 5000
MOST_LETTERS: Final = 1_000_000
# Addresses, numbers of machines, encoded data and markup; only where they are texts.
_NOT_WORDS: Final = frozenset(
    ("resourceType", "id", "reference", "system", "url", "uid", "data", "hash", "div")
)
# Which pages show where nothing but their name says that they are addresses or numbers.
_NAMELIKE: Final = frozenset(("system", "uid", "hash"))
_MARKUP: Final = re.compile(r"<[^<>]*>")
# As much as pages show (`phr.display.narrative`)
_LONGEST_MARKUP: Final = 1_000_000


def said(resource: Json) -> dict[str, None]:
    """The different texts at any depth: displays, texts, notes, names, codes, identifiers.

    Left out are `meta`, addresses (save those of modifier extensions, by which these are named),
    ids, encoded data and narratives. `resource` is parsed JSON of any shape.
    """
    found: dict[str, None] = {}
    left: list[Any] = [resource]
    while left:
        for name, value in left.pop().items():
            kind = type(value)
            if kind is str:
                if _tells(name, value):
                    found[value] = None
            elif kind is dict:
                if name != "meta":
                    left.append(value)
            elif kind is list:
                left += _held(name, value, found)
            if name == "modifierExtension":
                found |= dict.fromkeys(_names(value))
    return found


def _held(name: str, values: list[Any], found: dict[str, None]) -> Iterator[Any]:
    """What a list holds to look into; its texts are added to `found`."""
    for item in values:
        kind = type(item)
        if kind is dict:
            if name != "meta":
                yield item
        elif kind is list:
            yield {name: item}
        elif kind is str and _tells(name, item):
            found[item] = None


def _tells(name: str, text: str) -> bool:
    return name not in _NOT_WORDS or (name in _NAMELIKE and _namelike(text))


def _namelike(text: str) -> bool:
    return text[:1].isalpha() and ":" not in text


def _names(extensions: Any) -> Iterator[str]:
    """How extensions, and those within them, are named: the ends of their addresses."""
    left = [extensions]
    while left:
        found = left.pop()
        for item in found if isinstance(found, list) else [found]:
            if isinstance(item, dict):
                left.append(item.get("extension"))
                if isinstance(url := item.get("url"), str):
                    yield url.rstrip("/").rpartition("/")[2]


def narrative(resource: Json) -> tuple[str, ...]:
    """The words of its `text.div` (FHIR R4 Narrative), each tag read as a space and as nothing."""
    text = resource.get("text")
    markup = text.get("div") if isinstance(text, dict) else None
    if not isinstance(markup, str):
        return ()
    markup = markup[:_LONGEST_MARKUP]
    return tuple(unescape(_MARKUP.sub(between, markup)) for between in (" ", ""))
