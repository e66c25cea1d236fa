"""The words, phrases, codes and values of a FHIR resource that a person may search for."""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from html import unescape
from typing import Any

MOST_TERMS = 200
LONGEST_TERM = 200
# Of what is longer, of narratives and of attached plain text: so many different words, in so many
# characters of all of them together.
MOST_WORDS = 1000
MOST_CHARACTERS = 400_000

# Elements whose text is machinery: references, systems, versions, encoded data, workflow codes.
_NOT_WORDS = frozenset(
    {
        *("meta", "div", "data", "hash", "size", "contentType", "language", "version", "profile"),
        *("resourceType", "id", "uid", "reference", "system", "url", "uri", "fullUrl", "linkId"),
        *("implicitRules", "instantiatesCanonical", "instantiatesUri", "instantiates"),
        *("status", "intent", "use", "criticality", "priority", "mode", "userSelected"),
        *("number", "sequence", "numberOfSeries", "numberOfInstances", "start", "end"),
        *("signature", "valueBase64Binary", "valueUrl", "valueUri"),
    }
)
# Dates are found by date, identifiers made by machines by nobody.
_NOT_TERM = re.compile(
    r"\d{4}-\d\d(-\d\d(T.*)?)?$|(urn:|https?:|#)|"
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
).match
_AROUND = "\"'`.,;:!?()[]{}<>*_=|/\\\u2013\u2014\u2018\u2019\u201c\u201d\u2026\u3001\u3002\u0964"
_INLINE = re.compile(r"</?(?:a|b|big|code|em|i|small|span|strong|sub|sup|tt|u)\b[^<>]*>")
_MARKUP = re.compile(r"<[^<>]*>")
_UNSEEN = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")


def terms(resource: dict[str, Any]) -> tuple[str, ...]:
    """At most 200 distinct terms of at most 200 characters, in the order they stand.

    After them, of a whole resource, at most 1000 words, lower case, of texts longer than that, of
    narratives (`div`) and of attached plain text: what its page shows in full.
    """
    found: dict[str, None] = {}
    longer: list[str] = []
    _collect(resource, found, longer)
    kept = dict.fromkeys(_term(each) if len(each) < 100 else clean(each) for each in found)
    kept.pop("", None)
    said = tuple(kept)[:MOST_TERMS]
    longer += [each for each in found if len(each) > LONGEST_TERM]
    return (*said, *_words(longer)) if longer and "resourceType" in resource else said


def _words(texts: Iterable[str]) -> dict[str, None]:
    """The different words of long texts, as many as are kept."""
    found: dict[str, None] = {}
    left = MOST_CHARACTERS
    for text in texts:
        for word in clean_whole(text[:left]).lower().split(" "):
            for part in _short(word.strip(_AROUND)):
                found[part] = None
            if len(found) >= MOST_WORDS:
                return found
        left -= len(text)
        if left <= 0:
            break
    return found


def _short(word: str) -> Iterator[str]:
    """The word; where a script has no spaces, its parts, each beginning with the last letter before."""
    for start in range(0, len(word), LONGEST_TERM - 1):
        yield word[start : start + LONGEST_TERM]


@lru_cache(maxsize=8192)
def _term(text: str) -> str:
    """The text as a term; "" if nobody would search for it. Displays repeat, so they are kept."""
    return "" if _NOT_TERM(text) else clean(text)


def clean(text: str) -> str:
    """Text on one line, without control or direction characters, at most 200 characters."""
    return _UNSEEN.sub(" ", text[: 2 * LONGEST_TERM]).strip()[:LONGEST_TERM]


def clean_whole(text: str) -> str:
    """The same without an end."""
    return _UNSEEN.sub(" ", text).strip()


def _narrative(node: dict[str, Any]) -> Iterator[str]:
    """The words of a Narrative without its markup, of which some may stand within a word."""
    markup = node.get("div")
    if isinstance(markup, str):
        yield unescape(_MARKUP.sub(" ", _INLINE.sub("", markup[:MOST_CHARACTERS])))


def _attached(node: dict[str, Any]) -> Iterator[str]:
    """What an Attachment of plain text says."""
    data, kind = node.get("data"), node.get("contentType")
    if isinstance(data, str) and isinstance(kind, str) and kind.startswith("text/plain"):
        with suppress(binascii.Error, ValueError):
            raw = base64.b64decode(data[: 4 * MOST_CHARACTERS])
            yield raw.decode("utf-8", "ignore")


def _nothing(node: dict[str, Any]) -> tuple[str, ...]:  # noqa: ARG001
    return ()


_LONG: dict[str, Callable[[dict[str, Any]], Iterable[str]]] = {"div": _narrative, "data": _attached}


def _collect(node: dict[str, Any], found: dict[str, None], longer: list[str]) -> None:
    for name, value in node.items():
        if name in _NOT_WORDS:
            longer += _LONG.get(name, _nothing)(node)
            continue
        kind = type(value)
        if kind is str:
            found[value] = None
        elif kind is dict:
            _collect(value, found, longer)
        elif kind is list:
            for each in value:
                kind = type(each)
                if kind is dict:
                    _collect(each, found, longer)
                elif kind is str:
                    found[each] = None
        elif kind is float or kind is int:
            found[str(value)] = None
