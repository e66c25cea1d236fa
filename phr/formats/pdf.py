"""PDF, kept as it is, never drawn; its words are found by search. Source: ISO 32000-1 §7.5."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from phr.formats.document import document
from phr.formats.json_stream import Read
from phr.formats.parsed import Limits, Output, Refused
from phr.formats.pdf_text import sample, words
from sharing.categories import category_of
from sharing.labels import suggest

NAME = "PDF"
_HEADER = re.compile(rb"%PDF-[12]\.[0-9]")
_CREATED = re.compile(rb"/CreationDate\s*\(D:(\d{4})(\d\d)(\d\d)")
# pypdf loads its decoders and tables of characters when a page first needs them.
_SAMPLE = sample()


def warm() -> None:
    """Load whatever is loaded on first use."""
    suggest({"resourceType": "DocumentReference"})
    category_of({"resourceType": "DocumentReference"})
    words(_SAMPLE)


def read(
    stream: Read, limits: Limits, filename: str, options: Mapping[str, str] | None = None
) -> Iterator[Output]:
    """One DocumentReference. Raises Refused when the file is cut off."""
    data = stream(limits.max_bytes + 1)
    if not _HEADER.search(data, 0, 1100):
        raise Refused("The file begins like a PDF but does not say which version it is.")
    if b"%%EOF" not in data[-2048:] or b"startxref" not in data[-2048:]:
        raise Refused("The PDF ends too early: it is cut off in the middle.")
    found = document(data, "application/pdf", filename, _created(data), options)
    yield replace(found, terms=(*found.terms, *words(data)))


def _created(data: bytes) -> str | None:
    found = _CREATED.search(data)
    if not found:
        return None
    year, month, day = (int(part) for part in found.groups())
    plausible = 1990 <= year <= 2100 and 1 <= month <= 12 and 1 <= day <= 28
    return f"{year}-{month:02}-{day:02}" if plausible else None
