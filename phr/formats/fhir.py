"""FHIR R4 JSON: a Bundle of any type, one resource, or one on each line (NDJSON).

Sources: https://hl7.org/fhir/R4/json.html and https://hl7.org/fhir/R4/nd-json.html

A Bundle is read entry by entry, so memory follows the largest resource, not the file. An entry that
breaks a rule of FHIR R4 is left out; what is not JSON, too large or of another version, is refused.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

from phr.formats import r4
from phr.formats.json_stream import JsonStream, Read
from phr.formats.meaning import bounded
from phr.formats.parsed import Limits, Output, Parsed, Person, Refused, Skipped
from phr.formats.resource import (
    MESSAGE,
    at_place,
    identifier,
    keep,
    keep_valid,
    person,
    refuse_if,
)
from phr.formats.subjects import named
from sharing.categories import category_of
from sharing.labels import suggest

Json = dict[str, Any]

NAME = "FHIR"
_ENTRY_MEMBERS = frozenset({"resource", "fullUrl", "request", "response", "search", "link"})
# Source: https://hl7.org/fhir/R4/http.html#paging
_REST = Skipped(
    "the rest",
    "it is not in this file, which is only one page of several; get the others from the same place",
)
_NO_TYPE = "it does not say which type of resource it is"
_ABSOLUTE = ("urn:uuid:", "urn:oid:", "http://", "https://")


def warm() -> None:
    """Load whatever is loaded on first use; nothing can be opened once the box is locked."""
    suggest({"resourceType": "Basic"})
    category_of({"resourceType": "Basic"})


def read(stream: Read, limits: Limits, filename: str) -> Iterator[Output]:  # noqa: ARG001
    """Resources of the file in their order, and what is left out of it. Raises Refused."""
    text, sifted = JsonStream(stream, limits), _Sifted()
    start = 1 if text.next(0)[0] == "\ufeff" else 0
    if text.next(start)[0] != "{":
        raise Refused("The file is JSON but not a FHIR resource, which begins with a brace {.")
    if _is_bundle(text, start):
        at = yield from _Bundle(text, limits, "", sifted).read(start)
    else:
        at = yield from _single(text, start, limits, sifted)
    if text.next(at)[0]:
        raise Refused(
            f"{text.where(at)} has more text after the end of the resource; several resources "
            "have to come in a Bundle, or each on a line of its own."
        )
    if sifted.first and not sifted.kept:
        raise Refused(sifted.first)


@dataclass
class _Sifted:
    """How many resources are kept, and a sentence about the first that breaks a rule of FHIR."""

    kept: int = 0
    first: str = ""

    def without(self, place: str, problem: str) -> Skipped:
        """Leave out what stands there. Raises Refused when it speaks of another version of FHIR."""
        if r4.is_of_another_version(problem):
            refuse_if(problem, place)
        self.first = self.first or at_place(place, problem)
        return Skipped(place, problem)


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


def _single(
    text: JsonStream, at: int, limits: Limits, sifted: _Sifted
) -> Generator[Output, None, int]:
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
        if isinstance(resource.get("resourceType"), str):
            _shallow(raw, resource, text, limits)
        if more or count > 1:
            place = f"resource {count}"
            items = _line((resource, raw, decimals), place, identities, sifted)
        else:
            items = _alone(resource, raw, decimals)
        for item in items:
            yield item
            yield from _told(item, resource, told)
        at = text.forget(start) if more else at
    return at


def _alone(resource: Json, raw: str, decimals: tuple[str, ...]) -> Iterator[Output]:
    """The only resource of a file. Raises Refused."""
    if not isinstance(resource.get("resourceType"), str):
        raise Refused("The file is JSON but not FHIR: resourceType is missing.")
    item = keep(resource, raw, decimals, "", identifier(resource))
    if isinstance(item, Skipped):
        raise Refused(f"The file holds nothing to keep: {item.reason}.")
    if resource["resourceType"] == "Patient":
        yield person(resource)
    yield item


def _line(
    read: tuple[Json, str, tuple[str, ...]], place: str, identities: set[str], sifted: _Sifted
) -> Iterator[Output]:
    """One resource of many."""
    resource, raw, decimals = read
    kind = resource.get("resourceType")
    if not isinstance(kind, str):
        yield sifted.without(place, _NO_TYPE)
        return
    if kind == "Patient":
        yield person(resource)
    if kind != MESSAGE and (problem := r4.problem(resource)):
        yield sifted.without(place, problem)
        return
    identity = identifier(resource)
    known = identity in identities
    item = keep_valid(resource, raw, decimals, place, None if known else identity)
    if identity:
        identities.add(identity)
    sifted.kept += isinstance(item, Parsed)
    yield item


def _told(item: Output, resource: Json, told: set[Person]) -> Iterator[Person]:
    """Whom a resource that is kept names within itself, each once."""
    for who in named(resource) if isinstance(item, Parsed) else ():
        if who not in told:
            told.add(who)
            yield who


class _Bundle:
    """Reads one Bundle; `prefix` is the place of a Bundle inside a Bundle ("Entry 3, ")."""

    def __init__(self, text: JsonStream, limits: Limits, prefix: str, sifted: _Sifted) -> None:
        self._text = text
        self._sifted = sifted
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
                if name == "link" and _has_next(rest[name]):
                    yield _REST
            name, at = members.send(at)
        if rest.get("resourceType") != "Bundle":
            raise Refused("The file has entries, but its resourceType is not Bundle.")
        refuse_if(r4.check("Bundle", rest, "Bundle"), self._prefix.removesuffix(", "))
        if rest.get("total", 0) > self._entries and not _has_next(rest.get("link")):
            yield _REST
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
            wrong = r4.check("Bundle_Entry", entry, "Bundle.entry")
            none = Skipped(place, "it has no resource in it")
            yield self._sifted.without(place, wrong) if wrong else none
            return
        kind = resource.get("resourceType")
        if not isinstance(kind, str):
            yield Skipped(place, _NO_TYPE)
            return
        _shallow(raw, resource, self._text, self._limits)
        if kind == "Patient":
            # Whom a file is about must be known even where this entry is left out.
            yield person(resource, _url(entry))
        if wrong := _wrong(kind, resource, entry):
            yield self._sifted.without(place, wrong)
        elif kind == "Bundle":
            inner = JsonStream(_nothing, self._limits, raw)
            yield from _Bundle(inner, self._limits, f"{place}, ", self._sifted).read(0)
        else:
            identity, url = self._identity(resource, entry), _url(entry)
            item = keep_valid(resource, raw, decimals, place, identity, url=url)
            self._sifted.kept += isinstance(item, Parsed)
            yield item
            yield from _told(item, resource, self._told)

    def _identity(self, resource: Json, entry: Json) -> str | None:
        """The business identifier, unless an earlier entry has the same one: then the fullUrl."""
        found = identifier(resource)
        if found and found not in self._identities:
            self._identities.add(found)
            return found
        url = _url(entry)
        return bounded(url) if url.startswith(_ABSOLUTE) else None


def _has_next(links: Any) -> bool:
    """Whether there is a page after this one."""
    many = links if isinstance(links, list) else []
    return any(isinstance(each, dict) and each.get("relation") == "next" for each in many)


def _wrong(kind: str, resource: Json, entry: Json) -> str | None:
    """What is wrong with an entry that holds a resource, or None."""
    entry["resource"] = {"resourceType": kind if kind in r4.TYPES else "Basic"}
    if (found := r4.check("Bundle_Entry", entry, "Bundle.entry")) or kind == MESSAGE:
        return found
    if kind != "Bundle":
        return r4.problem(resource)
    # The entries of a Bundle within are read one by one.
    inner = {k: v for k, v in resource.items() if k != "entry" or not isinstance(v, list)}
    return r4.check("Bundle", inner, "Bundle")


def _url(entry: Json) -> str:
    found = entry.get("fullUrl")
    return found if isinstance(found, str) else ""


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
