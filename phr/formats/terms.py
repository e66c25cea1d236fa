"""The words, phrases, codes and values of a FHIR resource that a person may search for."""

import re
from functools import lru_cache
from typing import Any

MOST_TERMS = 200
LONGEST_TERM = 200

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
_UNSEEN = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")


def terms(resource: dict[str, Any]) -> tuple[str, ...]:
    """At most 200 distinct terms of at most 200 characters, in the order they stand."""
    found: dict[str, None] = {}
    _collect(resource, found)
    kept = dict.fromkeys(_term(each) if len(each) < 100 else clean(each) for each in found)
    kept.pop("", None)
    return tuple(kept)[:MOST_TERMS]


@lru_cache(maxsize=8192)
def _term(text: str) -> str:
    """The text as a term; "" if nobody would search for it. Displays repeat, so they are kept."""
    return "" if _NOT_TERM(text) else clean(text)


def clean(text: str) -> str:
    """Text on one line, without control or direction characters, at most 200 characters."""
    return _UNSEEN.sub(" ", text[: 2 * LONGEST_TERM]).strip()[:LONGEST_TERM]


def _collect(node: dict[str, Any], found: dict[str, None]) -> None:
    for name, value in node.items():
        if name in _NOT_WORDS:
            continue
        kind = type(value)
        if kind is str:
            found[value] = None
        elif kind is dict:
            _collect(value, found)
        elif kind is list:
            for each in value:
                kind = type(each)
                if kind is dict:
                    _collect(each, found)
                elif kind is str:
                    found[each] = None
        elif kind is float or kind is int:
            found[str(value)] = None
