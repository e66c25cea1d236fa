"""The words of a FHIR Narrative, without its markup. Source: FHIR R4 Narrative §2.31."""

from collections.abc import Iterator
from html import unescape
from typing import Final

from phr.display.words import LONGEST_TEXT, UNSEEN, clean_lines, joined

_LONGEST_MARKUP: Final = 1_000_000
_BREAKS: Final = frozenset(("p", "div", "br", "li", "tr", "table", "h1", "h2", "h3", "h4", "h5"))
_CELLS: Final = frozenset(("td", "th"))
_HIDDEN: Final = frozenset(("script", "style"))
_LINE: Final = "\x1e"
_CELL: Final = "\x1f"


def narrative(value: object, limit: int = LONGEST_TEXT) -> str:
    """One line for each block, commas between the cells of a row; "" when there is nothing.

    Takes time in proportion to the length of the markup, however broken it is.
    """
    markup = value.get("div") if isinstance(value, dict) else None
    if not isinstance(markup, str):
        return ""
    text = "".join(_pieces(markup[:_LONGEST_MARKUP].translate(UNSEEN)))
    lines = (_row(line) for line in text.split(_LINE))
    return clean_lines("\n".join(line for line in lines if line), limit)


def _row(line: str) -> str:
    return joined((" ".join(cell.split()) for cell in line.split(_CELL)), ", ", most=200)


def _pieces(markup: str) -> Iterator[str]:
    first, *pieces = markup.split("<")
    yield unescape(first)
    hidden = commented = False
    for piece in pieces:
        if commented or piece.startswith("!--"):
            _, ended, after = piece.partition("-->")
            commented = not ended
        else:
            tag, _, after = piece.partition(">")
            name = tag.strip("/ ").split(" ", 1)[0].lower()
            if name in _HIDDEN:
                hidden = not tag.startswith("/")
            yield _LINE if name in _BREAKS else _CELL if name in _CELLS else ""
        if not hidden:
            yield unescape(after)
