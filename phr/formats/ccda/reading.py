"""A document read as its elements come. Source: HL7 CDA R2, ClinicalDocument."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from phr.formats.ccda.composition import composition, section
from phr.formats.ccda.context import Context, Draft, identifiers
from phr.formats.ccda.narrative import xhtml
from phr.formats.ccda.people import patient
from phr.formats.ccda.plans import PLANS, care_plan
from phr.formats.ccda.sections import NAMES, reader
from phr.formats.ccda.text import Texts
from phr.formats.ccda.times import instant
from phr.formats.ccda.tree import every, get, name, null, one, words
from phr.formats.ccda.unstructured import Body, body, called, document
from phr.formats.hardened_xml import Element
from phr.formats.parsed import MB, Limits, Output, Parsed, Refused, Skipped
from phr.formats.resource import made, person

Json = dict[str, Any]

_REFERENCE_BYTES = 80


@dataclass(slots=True)
class _Section:
    """A section that has begun and not yet ended."""

    element: Element
    text: str = ""
    code: str = ""
    entries: int = 0
    urls: list[str] = field(default_factory=list)
    inner: list[Json] = field(default_factory=list)


class Reading:
    """What has been read so far; `start` and `end` are told of each element in its order."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._context = Context()
        self._root: Element | None = None
        self._body = False
        self._open: list[_Section] = []
        self._sections: list[Json] = []
        self._file: Body | None = None
        self._restricted: list[str] = []
        self._count = 0
        self._bytes = 0

    def start(self, element: Element) -> Iterator[Output]:
        """An element begins; what came before it is complete."""
        parent = element.getparent()
        match name(element):
            case "ClinicalDocument" if parent is None:
                self._root = element
            case "component" if parent is self._root and not self._body:
                yield from self._header()
            case "structuredBody":
                self._body = True
            case "section":
                self._open.append(_Section(element))
                self._context.texts.append(Texts())
                self._restricted.append(self._restricted[-1] if self._restricted else "")
            case "entry" if self._within(parent):
                self._counted()

    def end(self, element: Element) -> Iterator[Output]:
        """An element ends; entries and sections are let go of."""
        parent = element.getparent()
        match name(element):
            case "code" if self._within(parent):
                self._open[-1].code = get(element, "code")
            case "confidentialityCode" if self._within(parent):
                self._restricted[-1] = max(self._restricted[-1], _restricted(element))
                self._context.restrict(self._restricted[-1])
            case "text" if self._within(parent):
                self._narrative(element)
            case "text" if parent is not None and name(parent) == "nonXMLBody":
                self._file, self._body = body(element), True
            case "entry" if self._within(parent):
                yield from self._entry(element)
                element.clear()
            case "section" if self._open and self._open[-1].element is element:
                yield from self._close()
                element.clear()

    def finish(self) -> Iterator[Output]:
        """The document has ended: its Composition."""
        if self._root is None or not self._body:
            raise Refused("The document has no body: there is nothing in it to read.")
        self._context.restrict(self._context.highest)
        if self._file and not self._file.text:
            yield from self._wrapping(self._root, self._file)
            return
        if self._file:
            told = {"status": "additional", "div": self._file.text}
            self._sections.append({"title": called(self._root), "text": told})
        yield from self._made(
            composition(self._root, self._sections, self._context), "the document"
        )

    def _wrapping(self, root: Element, file: Body) -> Iterator[Output]:
        for item in self._made(document(root, file, self._context), "the document"):
            if isinstance(item, Parsed):
                yield from file.items(item, called(root), self._limits)
            else:
                yield item

    def _within(self, parent: Element | None) -> bool:
        return bool(self._open) and parent is self._open[-1].element

    def _header(self) -> Iterator[Output]:
        root, context = self._root, self._context
        numbers = identifiers(root)
        own = "|".join(str(v) for each in numbers[:1] for v in each.values())
        context.said = instant(get(one(root, "effectiveTime"), "value"))
        context.document = own or _fingerprint(root)
        self._restricted = [_restricted(one(root, "confidentialityCode"))]
        context.restrict(self._restricted[0])
        for at, role in enumerate(every(root, "recordTarget/patientRole"), 1):
            draft = patient(role, context)
            context.subject = context.subject or draft.url
            yield person(draft.resource, draft.url)
            yield from self._made(draft, f"the person the document is about, number {at}")
        if not context.subject:
            raise Refused("The document does not say whom it is about.")

    def _narrative(self, element: Element) -> None:
        now = self._open[-1]
        now.text = now.text or xhtml(element)
        self._weigh(len(now.text))
        self._context.texts[-1] = Texts(element)

    def _weigh(self, more: int) -> None:
        self._bytes += more
        if self._bytes > self._limits.max_resource_bytes:
            most = self._limits.max_resource_bytes // MB
            raise Refused(f"The document has more than {most} MB of text, the most that is taken.")

    def _entry(self, entry: Element) -> Iterator[Output]:
        now = self._open[-1]
        now.entries += 1
        place = f"{NAMES.get(now.code, 'another section')}, entry {now.entries}"
        statement = next(iter(each for each in entry if name(each)), None)
        found = None if statement is None else reader(statement, now.code)
        if statement is None or null(statement) or found is None:
            yield Skipped(place, "it is kept as text only, in the document")
            return
        any_kept = False
        for draft in found(statement, self._context):
            any_kept = True
            yield from self._made(draft, place, now)
        if not any_kept:
            yield Skipped(place, "it says nothing that can be kept by itself")

    def _made(self, draft: Draft, place: str, now: _Section | None = None) -> Iterator[Output]:
        """The resource, or why it is left out: one bad entry does not cost the others."""
        self._counted()
        resource, said = draft.resource, self._context.said
        if said:
            resource = resource | {"meta": {**resource.get("meta", {}), "lastUpdated": said}}
        try:
            item = made(resource, place, url=draft.url, identity=draft.identity)
        except Refused:
            kind = draft.resource["resourceType"]
            yield Skipped(
                place, f"it cannot be kept as {kind}; it is kept as text, in the document"
            )
            return
        if now:
            now.urls.append(draft.url)
            self._weigh(_REFERENCE_BYTES)
        yield item

    def _counted(self) -> None:
        self._count += 1
        if self._count > self._limits.max_entries:
            most = self._limits.max_entries
            raise Refused(f"The file has more than {most} entries, the most that are taken.")

    def _close(self) -> Iterator[Output]:
        now = self._open[-1]
        if now.code in PLANS and (now.urls or now.text):
            title = words(one(now.element, "title"))
            plan = care_plan(title, now.code, now.text, now.urls, self._context)
            yield from self._made(plan, f"{NAMES[now.code]}, as a whole", now)
        self._open.pop()
        self._restricted.pop()
        self._context.restrict(self._restricted[-1] if self._restricted else "")
        found = section(now.element, now.text, now.inner, now.urls, self._context)
        self._context.texts.pop()
        if found:
            (self._open[-1].inner if self._open else self._sections).append(found)


def _restricted(code: Element | None) -> str:
    """R or V, the confidentiality above the usual; "" otherwise."""
    found = get(code, "code")
    return found if found in ("R", "V") else ""


def _fingerprint(root: Element | None) -> str:
    """A name for a document that has none."""
    parts = [etree.tostring(each) for each in every(root, "recordTarget")]
    return hashlib.sha256(b"".join(parts)).hexdigest()
