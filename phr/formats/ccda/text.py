"""The parts of a section's narrative that entries point to. Source: HL7 CDA R2, section 4.3.5."""

from itertools import islice

from phr.formats.ccda.tree import get, one
from phr.formats.hardened_xml import Element

_LONGEST = 4000
_MOST_PIECES = 500


class Texts:
    """The narrative of one section by the ID of its elements."""

    def __init__(self, narrative: Element | None = None) -> None:
        self._parts: dict[str, Element] = {}
        for each in [] if narrative is None else narrative.iter():
            if number := each.get("ID"):
                self._parts.setdefault(number.strip(), each)

    def resolved(self, element: Element | None) -> str:
        """The element's own words, or the words its `reference` points to; "" for neither."""
        if element is None:
            return ""
        target = get(one(element, "reference"), "value")
        if target.startswith("#"):
            return short(self._parts.get(target[1:]))
        return short(element)


def short(element: Element | None) -> str:
    """The first 4000 characters of an element's text, with single spaces."""
    if element is None:
        return ""
    pieces = islice(element.itertext(), _MOST_PIECES)
    return " ".join(" ".join(str(each)[:_LONGEST] for each in pieces).split())[:_LONGEST]
