"""The elements of a FHIR resource by their name, and a resource with some of them replaced."""

import json
from collections.abc import Mapping
from typing import Any

import orjson

from phr.formats.resource import decimal

Json = dict[str, Any]


def element(resource: Mapping[str, Any], name: str) -> Json:
    """The members that make up an element: `onset[x]` is any of onsetDateTime, onsetAge and so on.

    With the `_` member that extends a primitive (FHIR R4 JSON, section 2.6.2.3).
    """
    return {key: value for key, value in resource.items() if _belongs(key.removeprefix("_"), name)}


def _belongs(key: str, name: str) -> bool:
    stem = name.removesuffix("[x]")
    if stem == name:
        return key == name
    return key.startswith(stem) and key[len(stem) :][:1].isupper()


def replaced(resource: Mapping[str, Any], elements: Mapping[str, Json]) -> Json:
    """The resource with each of these elements as given, an empty one left out; the rest as it is."""
    gone = {key for name in elements for key in element(resource, name)}
    kept = {key: value for key, value in resource.items() if key not in gone}
    return {**kept, **{key: value for new in elements.values() for key, value in new.items()}}


def exactly(raw: bytes) -> Json:
    """A resource whose decimals are written again digit for digit: 7.20 stays 7.20."""
    found: Json = json.loads(raw, parse_float=decimal, parse_int=_whole)
    return found


def spelled(raw: bytes) -> list[str]:
    """The decimals whose spelling a float forgets, such as 7.20, as `phr.formats.resource.keep` takes
    them."""
    found: list[str] = []
    json.loads(raw, parse_float=found.append)
    return [literal for literal in found if repr(float(literal)) != literal]


def _whole(digits: str) -> int | orjson.Fragment:
    # orjson writes whole numbers of at most 64 bits.
    return int(digits) if len(digits) < 19 else decimal(digits)
