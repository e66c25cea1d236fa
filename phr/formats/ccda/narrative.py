"""A section's narrative as FHIR Narrative: XHTML made anew from a few harmless elements.

Sources: HL7 CDA R2, section 4.3.5; https://hl7.org/fhir/R4/narrative.html
"""

from collections.abc import Iterator
from html import escape

from phr.formats.ccda.tree import get, name
from phr.formats.hardened_xml import Element

_SAME = {
    "table", "thead", "tbody", "tfoot", "tr", "td", "th", "sub", "sup", "ul", "ol", "li", "p", "br",
}  # fmt: skip
_AS = {"paragraph": "p", "item": "li", "footnote": "p", "content": "span", "linkHtml": "span"}
_STYLES = (("Bold", "b"), ("Italics", "i"), ("Emphasis", "i"))
_ROWS = ("colspan", "rowspan")
# What browsers and people hold to belong to a table must not stand loose in it.
_ONLY_ELEMENTS = {"table", "thead", "tbody", "tfoot", "tr", "ul", "ol"}
_HIDDEN = {"colgroup", "col", "thumbnail"}


def xhtml(text: Element) -> str:
    """The narrative in a `div`; every word is kept and escaped, no attribute but table spans."""
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{"".join(_inside(text, ""))}</div>'


def _inside(element: Element, tag: str) -> Iterator[str]:
    """The content of an element that is shown as `tag`."""
    loose = tag not in _ONLY_ELEMENTS
    if loose or (element.text or "").strip():
        yield escape(element.text or "", quote=False)
    for child in element:
        yield from _shown(child, tag)
        if loose or (child.tail or "").strip():
            yield escape(child.tail or "", quote=False)


def _shown(element: Element, parent: str) -> Iterator[str]:
    kind = name(element)
    if kind in _HIDDEN:
        return
    tag = _tag(element, kind, parent)
    if tag == "br":
        yield "<br/>"
    elif tag:
        yield f"<{tag}{_spans(element) if tag in ('td', 'th') else ''}>"
        yield from _inside(element, tag)
        yield f"</{tag}>"
    else:
        yield from _inside(element, parent)


def _tag(element: Element, kind: str, parent: str) -> str:
    """What it becomes; "" when only its content is shown."""
    if kind in _SAME:
        return kind
    if kind == "list":
        return "ol" if get(element, "listType") == "ordered" else "ul"
    if kind == "caption":
        return {"table": "caption", "ul": "li", "ol": "li"}.get(parent, "b")
    if kind == "content":
        styles = get(element, "styleCode")
        return next((tag for style, tag in _STYLES if style in styles), "span")
    return _AS.get(kind, "")


def _spans(element: Element) -> str:
    found = ((each, get(element, each)) for each in _ROWS)
    return "".join(
        f' {k}="{int(v)}"' for k, v in found if v.isascii() and v.isdigit() and len(v) < 4
    )
