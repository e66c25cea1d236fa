"""The words of a PDF, for searching: as much as can be had within bounds, never an error.

Source: ISO 32000-1 §9.10 (extraction of text content).
"""

import logging
import re
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from types import FrameType

from pypdf import PdfReader

from phr.formats.terms import clean

_MOST_PAGES = 200
_MOST_CHARACTERS = 400_000
_MOST_SECONDS = 5.0
_MOST_BYTES = 50_000_000
_MOST_WORDS = 5000
_AROUND = re.compile(r"^\W+|\W+$")

logging.getLogger("pypdf").disabled = True


def sample() -> bytes:
    """A PDF of one page with the usual kinds of fonts, to load what reading one loads."""
    drawing = b"BT /F1 9 Tf 9 9 Td (A) Tj /F2 9 Tf <0041> Tj ET"
    packed = zlib.compress(drawing)
    bodies = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F1 5 0 R/F2 6 0 R>>>>>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(packed), packed),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
        b"<</Type/Font/Subtype/Type0/BaseFont/F/Encoding/Identity-H/DescendantFonts[7 0 R]>>",
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont/F/DW 500/W[1[500]]>>",
    )
    out = b"%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(out))
        out += b"%d 0 obj%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % at for at in offsets)
    out += b"xref\n0 8\n0000000000 65535 f \n" + table
    start = out.rindex(b"xref\n")
    return out + b"trailer<</Size 8/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % start


class _TooLong(BaseException):
    """Not an Exception, so that nothing on the way takes it for a fault of the file."""


def words(data: bytes) -> tuple[str, ...]:
    """Distinct words in the order they stand, at most 5000; fewer where reading them is too much.

    None at all where the PDF is encrypted or broken. Takes five seconds at most.
    """
    found: dict[str, None] = {}
    if len(data) <= _MOST_BYTES:
        # A document without its words is still one.
        with suppress(Exception, _TooLong), _hurried():
            _gather(data, found)
    found.pop("", None)
    return tuple(found)[:_MOST_WORDS]


def _gather(data: bytes, found: dict[str, None]) -> None:
    reader = PdfReader(BytesIO(data), strict=False)
    left = _MOST_CHARACTERS
    for number in range(0 if reader.is_encrypted else min(len(reader.pages), _MOST_PAGES)):
        text = reader.pages[number].extract_text()[:left].encode(errors="ignore").decode()
        plain = (_AROUND.sub("", clean(word)).lower() for word in text.split())
        found.update(dict.fromkeys(plain))
        left -= max(1, len(text))
        if left <= 0 or len(found) > _MOST_WORDS:
            return


@contextmanager
def _hurried() -> Iterator[None]:
    """Raise _TooLong from whatever function is called once the time is over.

    The box may not set an alarm, and one page can be made to take for ever.
    """
    ends = time.monotonic() + _MOST_SECONDS

    def look(frame: FrameType, event: str, _: object) -> None:
        # Not in a finaliser or a hook of somebody else's, where nobody would hear it.
        ours = event == "call" and frame.f_globals.get("__name__", "").startswith("pypdf")
        if ours and time.monotonic() > ends:
            raise _TooLong

    sys.setprofile(look)
    try:
        yield
    finally:
        sys.setprofile(None)
