"""FHIR R4 JSON: a Bundle of any type, or one resource. Source: https://hl7.org/fhir/R4/json.html

A Bundle is read entry by entry, so memory follows the largest resource, not the file.
"""

import hashlib
import json
import re
from collections.abc import Generator, Iterator, Sequence
from typing import Any

import orjson

from phr.formats import r4
from phr.formats.effective import effective_at
from phr.formats.json_stream import JsonStream, Read
from phr.formats.parsed import Limits, Output, Parsed, Refused, Skipped
from phr.formats.terms import terms
from sharing.categories import category_of
from sharing.labels import suggest

Json = dict[str, Any]

NAME = "FHIR"
_ENTRY_MEMBERS = frozenset({"resource", "fullUrl", "request", "response", "search", "link"})
_LONGEST_IDENTITY = 500
# A Reference.reference that is neither absolute nor contained.
_RELATIVE = re.compile(r'"reference"\s*:\s*"(?!#)[^":]*"')
_ABSOLUTE = ("urn:uuid:", "urn:oid:", "http://", "https://")


def warm() -> None:
    """Load whatever is loaded on first use; nothing can be opened once the box is locked."""
    suggest({"resourceType": "Basic"})
    category_of({"resourceType": "Basic"})


def read(stream: Read, limits: Limits, filename: str) -> Iterator[Output]:  # noqa: ARG001
    """Resources of the file in their order. Raises Refused at the first that is not valid."""
    text = JsonStream(stream, limits)
    start = 1 if text.next(0)[0] == "\ufeff" else 0
    if text.next(start)[0] != "{":
        raise Refused("The file is JSON but not a FHIR resource, which begins with a brace {.")
    if _is_bundle(text, start):
        at = yield from _Bundle(text, limits, "").read(start)
    else:
        at = yield from _single(text, start, limits)
    if text.next(at)[0]:
        raise Refused(
            f"{text.where(at)} has more text after the end of the resource; several resources "
            "have to come in a Bundle."
        )


def _is_bundle(text: JsonStream, at: int) -> bool:
    """Look ahead for `resourceType`; `entry` before it is a Bundle's unless it holds `item`s."""
    members = text.members(at)
    name, at = next(members)
    while name is not None:
        found, at = text.next(at)
        if name == "entry" and found == "[":
            first = text.value(at + 1)[0] if text.next(at + 1)[0] == "{" else {}
            return not first or not _ENTRY_MEMBERS.isdisjoint(first)
        value, _, at = text.value(at)
        if name == "resourceType":
            return bool(value == "Bundle")
        name, at = members.send(at)
    return False


def _single(text: JsonStream, at: int, limits: Limits) -> Generator[Output, None, int]:
    resource, begin, at = text.value(at)
    if not isinstance(resource.get("resourceType"), str):
        raise Refused("The file is JSON but not FHIR: resourceType is missing.")
    raw = text.text[begin:at]
    _shallow(raw, resource, text, limits)
    item = _keep(resource, raw, text.decimals, "", _identifier(resource))
    if isinstance(item, Skipped):
        raise Refused(f"The file holds nothing to keep: {item.reason}.")
    yield item
    return at


class _Bundle:
    """Reads one Bundle; `prefix` is the place of a Bundle inside a Bundle ("Entry 3, ")."""

    def __init__(self, text: JsonStream, limits: Limits, prefix: str) -> None:
        self._text = text
        self._limits = limits
        self._prefix = prefix
        self._entries = 0
        self._identities: set[str] = set()

    def read(self, at: int) -> Generator[Output, None, int]:
        """Every entry; returns the position after the Bundle."""
        rest: Json = {}
        members = self._text.members(at)
        name, at = next(members)
        while name is not None:
            if name == "entry" and self._text.next(at)[0] == "[":
                at = yield from self._list(at)
            else:
                rest[name], _, at = self._text.value(at)
            name, at = members.send(at)
        if rest.get("resourceType") != "Bundle":
            raise Refused("The file has entries, but its resourceType is not Bundle.")
        _refuse_if(r4.check("Bundle", rest, "Bundle"), self._prefix.removesuffix(", "))
        return at

    def _list(self, at: int) -> Generator[Output, None, int]:
        _, at = self._text.expect("[", at)
        found, end = self._text.next(at)
        if found == "]":
            return end + 1
        found = ","
        while found != "]":
            self._entries += 1
            if self._entries > self._limits.max_entries:
                most = self._limits.max_entries
                raise Refused(f"The file has more than {most} entries, the most that are taken.")
            at = yield from self._entry(
                self._text.forget(at), f"{self._prefix}entry {self._entries}"
            )
            found, at = self._text.expect(",]", at)
        return at

    def _entry(self, at: int, place: str) -> Generator[Output, None, int]:
        text = self._text
        text.place = place[0].upper() + place[1:]
        entry: Json = {}
        span = (at, at)
        decimals: tuple[str, ...] = ()
        members = text.members(at)
        name, at = next(members)
        while name is not None:
            entry[name], begin, at = text.value(at)
            if name == "resource":
                span, decimals = (begin, at), tuple(text.decimals)
            name, at = members.send(at)
        yield from self._item(entry, text.text[slice(*span)], decimals, place)
        text.place = ""
        return at

    def _item(
        self, entry: Json, raw: str, decimals: tuple[str, ...], place: str
    ) -> Iterator[Output]:
        resource = entry.get("resource")
        if not isinstance(resource, dict):
            _refuse_if(r4.check("Bundle_Entry", entry, "Bundle.entry"), place)
            yield Skipped(place, "it has no resource in it")
            return
        kind = resource.get("resourceType")
        if not isinstance(kind, str):
            yield Skipped(place, "it does not say which type of resource it is")
            return
        _shallow(raw, resource, self._text, self._limits)
        entry["resource"] = (
            {"resourceType": kind} if kind in r4.TYPES else {"resourceType": "Basic"}
        )
        _refuse_if(r4.check("Bundle_Entry", entry, "Bundle.entry"), place)
        if kind == "Bundle":
            inner = JsonStream(_nothing, self._limits, raw)
            yield from _Bundle(inner, self._limits, f"{place}, ").read(0)
        else:
            identity, url = self._identity(resource, entry), entry.get("fullUrl", "")
            yield _keep(resource, raw, decimals, place, identity, url=url)

    def _identity(self, resource: Json, entry: Json) -> str | None:
        """The business identifier, unless an earlier entry has the same one: then the fullUrl."""
        found = _identifier(resource)
        if found and found not in self._identities:
            self._identities.add(found)
            return found
        url = entry.get("fullUrl", "")
        return _bounded(url) if url.startswith(_ABSOLUTE) else None


def _keep(
    resource: Json,
    raw: str,
    decimals: Sequence[str],
    place: str,
    identity: str | None,
    *,
    url: str = "",
) -> Parsed | Skipped:
    kind = resource["resourceType"]
    if kind not in r4.TYPES:
        raise Refused(_at(place, _unknown(kind)))
    _refuse_if(r4.problem(resource), place)
    if "\\ud" in raw or "\\uD" in raw:
        _refuse_if(_surrogates(raw), place)
    if kind == "OperationOutcome":
        return Skipped(place, "it is a message between systems")
    return Parsed(
        kind,
        str(category_of(resource)),
        effective_at(resource),
        tuple(map(str, suggest(resource))),
        identity,
        _digest(resource, [*decimals, _base(raw, url)]),
        terms(resource),
        place or "the file",
        raw.encode(),
        links=_links(resource, url),
    )


def _links(resource: Json, url: str) -> tuple[str, ...]:
    """How a Reference.reference may name this resource (FHIR R4 references, section 2.3.0.1)."""
    own = f"{resource['resourceType']}/{resource['id']}" if "id" in resource else ""
    return tuple(_bounded(name) for name in (url, own) if name)


def _identifier(resource: Json) -> str | None:
    found = resource.get("identifier")
    for each in found if isinstance(found, list) else [found]:
        if isinstance(each, dict):
            system, value = each.get("system"), each.get("value")
            if isinstance(system, str) and isinstance(value, str):
                return _bounded(f"{resource['resourceType']}|{system}|{value}")
    return None


def _bounded(identity: str) -> str:
    """The identity, or its digest where it is too long to be kept."""
    if len(identity) <= _LONGEST_IDENTITY:
        return identity
    return f"urn:sha256:{hashlib.sha256(identity.encode(errors='replace')).hexdigest()}"


def _base(raw: str, url: str) -> str:
    """The server whose numbers a resource uses, when it refers to others by `Type/id` alone.

    Two hospitals may both have a `Medication/1`: the same words then do not mean the same.
    """
    if not url.startswith(("http://", "https://")) or not _RELATIVE.search(raw):
        return ""
    return url.rsplit("/", 2)[0]


def _digest(resource: Json, besides: Sequence[str]) -> str:
    content = {k: v for k, v in resource.items() if k not in ("meta", "text")}
    try:
        canonical = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        # Whole numbers of more than 64 bits, which orjson does not write.
        canonical = json.dumps(content, sort_keys=True).encode()
    return hashlib.sha256(canonical + "".join(sorted(besides)).encode()).hexdigest()


def _surrogates(raw: str) -> str | None:
    """Half of a surrogate pair: JSON's grammar lets it pass, Unicode and every reader do not."""
    try:
        orjson.loads(raw)
    except orjson.JSONDecodeError:
        return "a text holds half of a character (a lone surrogate)"
    return None


def _shallow(raw: str, resource: Json, text: JsonStream, limits: Limits) -> None:
    most = limits.max_depth
    if raw.count("{") + raw.count("[") > most and _deeper(resource, most):
        raise text.too_deep()


def _deeper(node: Any, most: int) -> bool:
    layer = [node]
    for _ in range(most):
        layer = [
            v
            for each in layer
            for v in (each.values() if isinstance(each, dict) else each)
            if isinstance(v, dict | list)
        ]
        if not layer:
            return False
    return True


def _unknown(kind: str) -> str:
    if version := r4.VERSION_OF.get(kind):
        return f"{kind} is a type of FHIR {version}; only R4 is read"
    shown = kind if re.fullmatch(r"[A-Z][A-Za-z]{1,40}", kind) else "its resourceType"
    return f"{shown} is not a type of FHIR R4"


def _refuse_if(problem: str | None, place: str) -> None:
    if problem:
        raise Refused(_at(place, problem))


def _at(place: str, problem: str) -> str:
    sentence = f"{place}, {problem}." if place else f"{problem}."
    return sentence[0].upper() + sentence[1:]


def _nothing(_: int) -> bytes:
    return b""
