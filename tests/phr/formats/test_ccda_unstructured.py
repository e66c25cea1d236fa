"""C-CDA documents that hold a file instead of sections: the file comes out, with the document's head."""

from base64 import b64encode
from io import BytesIO

import orjson
import pytest
from PIL import Image

from phr.box import parse
from phr.formats.parsed import Parsed, Piece, Preview
from tests.phr.formats.reading import kept, read
from tests.worlds.ccda import document
from tests.worlds.files import pdf

Json = dict[str, object]


def wrapping(data: bytes, media: str = "") -> bytes:
    text = b64encode(data).decode()
    about = f'mediaType="{media}" representation="B64"'
    return document(f"<nonXMLBody><text {about}>{text[:60]}\n{text[60:]}</text></nonXMLBody>")


def of_type(kind: str, items: list[Parsed]) -> Parsed:
    (found,) = (each for each in items if each.resource_type == kind)
    return found


def test_a_pdf_comes_out_as_it_was_and_is_found_by_its_words() -> None:
    whole = pdf("Ferritin is high")
    items = read(wrapping(whole, "application/pdf"))
    pieces = [each for each in items if isinstance(each, Piece)]
    assert b"".join(each.data for each in pieces) == whole
    assert [each.last for each in pieces] == [False] * (len(pieces) - 1) + [True]
    found = of_type("DocumentReference", [each for each in items if isinstance(each, Parsed)])
    assert "ferritin" in found.terms
    resource = orjson.loads(found.body)
    assert resource["content"][0]["attachment"]["contentType"] == "application/pdf"
    assert resource["subject"]["reference"].startswith("urn:uuid:")
    assert not any(each.resource_type == "Composition" for each in kept(wrapping(whole)))


def test_a_picture_is_drawn_whatever_it_is_said_to_be() -> None:
    made = BytesIO()
    Image.new("RGB", (8, 8)).save(made, "PNG")
    items = read(wrapping(made.getvalue(), "application/pdf"))
    (piece,) = (each for each in items if isinstance(each, Piece))
    assert piece.content_type == "image/png"
    assert any(isinstance(each, Preview) for each in items)


@pytest.mark.parametrize(
    "whole",
    [
        document("<nonXMLBody><text>Dear doctor,\n\n5 &lt; 7 \u00fc</text></nonXMLBody>"),
        wrapping("Dear doctor,\n\n5 < 7 \u00fc".encode(), "text/plain"),
        wrapping("Dear doctor,\n\n5 < 7 \u00fc".encode("latin-1"), "text/plain"),
    ],
)  # fmt: skip
def test_plain_text_is_a_section_of_the_document(whole: bytes) -> None:
    found = of_type("Composition", kept(whole))
    (section,) = orjson.loads(found.body)["section"]
    said = section["text"]["div"].partition(">")[2].removesuffix("</div>")
    assert said == "<p>Dear doctor,</p><p>5 &lt; 7 \u00fc</p>"
    assert "dear" in found.terms


def test_a_web_page_is_kept_and_never_shown_as_one() -> None:
    items = read(wrapping(b"<script>alert(1)</script>", "text/html"))
    (piece,) = (each for each in items if isinstance(each, Piece))
    assert (piece.content_type, piece.data) == ("text/html", b"<script>alert(1)</script>")


def test_it_is_read_in_the_locked_box() -> None:
    whole = wrapping(pdf("Ferritin"), "application/pdf")
    found = list(parse([whole], filename="a.xml"))
    assert sum(isinstance(each, Piece) for each in found) == 1
