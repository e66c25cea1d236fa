"""FHIR R4 JSON: a Bundle of any type, one resource, or one on each line (NDJSON).

Sources: https://hl7.org/fhir/R4/json.html and https://hl7.org/fhir/R4/nd-json.html

A Bundle is read entry by entry, so memory follows the largest resource, not the file.
"""

from collections.abc import Generator, Iterator
from typing import Any

from phr.formats import r4
from phr.formats.json_stream import JsonStream, Read
from phr.formats.meaning import bounded
from phr.formats.parsed import Limits, Output, Parsed, Person, Refused, Skipped
from phr.formats.resource import identifier, keep, person, refuse_if
from phr.formats.subjects import named
from sharing.categories import category_of
from sharing.labels import suggest

Json = dict[str, Any]

NAME = "FHIR"
_ENTRY_MEMBERS = frozenset({"resource", "fullUrl", "request", "response", "search", "link"})
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
            "have to come in a Bundle, or each on a line of its own."
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
    """One resource, or as many as follow one another on lines of their own."""
    identities: set[str] = set()
    told: set[Person] = set()
    more, count = True, 0
    while more:
        count += 1
        if count > limits.max_entries:
            most = limits.max_entries
            raise Refused(f"The file has more than {most} resources, the most that are taken.")
        text.place = f"Resource {count}" if count > 1 else ""
        resource, begin, at = text.value(at)
        raw, decimals = text.text[begin:at], tuple(text.decimals)
        found, start = text.next(at)
        more = found == "{" and "\n" in text.text[at:start] and "\n" not in raw
        place = f"resource {count}" if more or count > 1 else ""
        for item in _alone(text, (resource, raw, decimals), place, limits, identities):
            yield item
            yield from _told(item, resource, told)
        at = text.forget(start) if more else at
    return at


def _alone(
    text: JsonStream,
    read: tuple[Json, str, tuple[str, ...]],
    place: str,
    limits: Limits,
    identities: set[str],
) -> Iterator[Output]:
    resource, raw, decimals = read
    if not isinstance(resource.get("resourceType"), str):
        begin = place.capitalize() or "The file"
        raise Refused(f"{begin} is JSON but not FHIR: resourceType is missing.")
    _shallow(raw, resource, text, limits)
    identity = identifier(resource)
    item = keep(resource, raw, decimals, place, None if identity in identities else identity)
    if identity:
        identities.add(identity)
    if isinstance(item, Skipped) and not place:
        raise Refused(f"The file holds nothing to keep: {item.reason}.")
    if resource["resourceType"] == "Patient":
        yield person(resource)
    yield item


def _told(item: Output, resource: Json, told: set[Person]) -> Iterator[Person]:
    """Whom a resource that is kept names within itself, each once."""
    for who in named(resource) if isinstance(item, Parsed) else ():
        if who not in told:
            told.add(who)
            yield who


class _Bundle:
    """Reads one Bundle; `prefix` is the place of a Bundle inside a Bundle ("Entry 3, ")."""

    def __init__(self, text: JsonStream, limits: Limits, prefix: str) -> None:
        self._text = text
        self._limits = limits
        self._prefix = prefix
        self._entries = 0
        self._identities: set[str] = set()
        self._told: set[Person] = set()

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
        refuse_if(r4.check("Bundle", rest, "Bundle"), self._prefix.removesuffix(", "))
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
            refuse_if(r4.check("Bundle_Entry", entry, "Bundle.entry"), place)
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
        refuse_if(r4.check("Bundle_Entry", entry, "Bundle.entry"), place)
        if kind == "Bundle":
            inner = JsonStream(_nothing, self._limits, raw)
            yield from _Bundle(inner, self._limits, f"{place}, ").read(0)
        else:
            identity, url = self._identity(resource, entry), entry.get("fullUrl", "")
            if kind == "Patient":
                yield person(resource, url)
            item = keep(resource, raw, decimals, place, identity, url=url)
            yield item
            yield from _told(item, resource, self._told)

    def _identity(self, resource: Json, entry: Json) -> str | None:
        """The business identifier, unless an earlier entry has the same one: then the fullUrl."""
        found = identifier(resource)
        if found and found not in self._identities:
            self._identities.add(found)
            return found
        url = entry.get("fullUrl", "")
        return bounded(url) if url.startswith(_ABSOLUTE) else None


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


def _nothing(_: int) -> bytes:
    return b""
