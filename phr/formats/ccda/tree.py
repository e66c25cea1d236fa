"""Finding one's way in the elements of a CDA document. Source: HL7 CDA R2, namespaces."""

from collections.abc import Iterator
from functools import cache

from phr.formats.hardened_xml import Element

HL7 = "{urn:hl7-org:v3}"
_SDTC = "{urn:hl7-org:sdtc}"
_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_TEMPLATES = "2.16.840.1.113883.10.20."


@cache
def _path(path: str) -> str:
    steps = path.split("/")
    return "/".join(
        step if step in (".", "..", "*") else
        f"{_SDTC}{step.removeprefix('sdtc:')}" if step.startswith("sdtc:") else f"{HL7}{step}"
        for step in steps
    )  # fmt: skip


def one(element: Element | None, path: str) -> Element | None:
    """The first element at a path such as "effectiveTime/low", or None."""
    return None if element is None else element.find(_path(path))


def every(element: Element | None, path: str) -> list[Element]:
    """All elements at a path; "sdtc:" stands before names that HL7 added to CDA."""
    return [] if element is None else element.findall(_path(path))


def name(element: Element) -> str:
    """The element's name without its namespace; "" for what belongs to another."""
    tag = str(element.tag)
    return tag.removeprefix(HL7) if tag.startswith(HL7) else ""


def get(element: Element | None, attribute: str) -> str:
    """An attribute without space around it, or ""."""
    return "" if element is None else (element.get(attribute) or "").strip()


def kind(element: Element | None) -> str:
    """The data type a value declares: "PQ", "CD", "IVL_TS" and so on, or ""."""
    return "" if element is None else (element.get(_TYPE) or "").rpartition(":")[2].strip()


def null(element: Element | None) -> bool:
    """Whether the element is missing or says that its value is."""
    return element is None or bool(element.get("nullFlavor"))


def negated(statement: Element | None) -> bool:
    """Whether the statement says that it is not so (negationInd, an xs:boolean)."""
    return get(statement, "negationInd") in ("true", "1")


def words(element: Element | None) -> str:
    """All text in the element with single spaces."""
    if element is None:
        return ""
    return " ".join(" ".join(str(each) for each in element.itertext()).split())


def templates(element: Element) -> frozenset[str]:
    """The C-CDA templates it follows, without the root they share: "22.4.3"."""
    roots = (get(each, "root") for each in every(element, "templateId"))
    return frozenset(r.removeprefix(_TEMPLATES) for r in roots if r.startswith(_TEMPLATES))


def related(statement: Element, template: str) -> Iterator[Element]:
    """Statements of one template one step inside another, by entryRelationship or component."""
    for way in ("entryRelationship", "component"):
        for each in every(statement, f"{way}/*"):
            if template in templates(each):
                yield each
