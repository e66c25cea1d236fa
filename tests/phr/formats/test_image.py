"""Pictures: described, drawn anew, or refused."""

import json
import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from phr.formats import r4
from phr.formats.parsed import Limits, Parsed, Preview
from tests.phr.formats.reading import read, refusal
from tests.worlds.files import picture


def shown(data: bytes, name: str = "") -> tuple[Parsed, Preview, Image.Image]:
    parsed, preview = read(data, name)
    assert isinstance(parsed, Parsed)
    assert isinstance(preview, Preview)
    return parsed, preview, Image.open(BytesIO(preview.data))


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("JPEG", "RGB"),
        ("JPEG", "L"),
        ("JPEG", "CMYK"),
        ("PNG", "RGB"),
        ("PNG", "RGBA"),
        ("PNG", "P"),
        ("PNG", "1"),
        ("PNG", "I;16"),
        ("PNG", "LA"),
        ("TIFF", "RGB"),
        ("TIFF", "L"),
        ("TIFF", "F"),
        ("TIFF", "I;16"),
    ],
)
def test_a_picture_becomes_a_document_with_a_preview(kind: str, mode: str) -> None:
    raw = picture(kind, mode=mode)
    parsed, preview, drawn = shown(raw, "C:\\scans\\my scan.x")
    resource = json.loads(parsed.body)
    assert r4.problem(resource) is None
    (content,) = resource["content"]
    assert content["attachment"]["contentType"] == f"image/{kind.lower()}"
    assert content["attachment"]["title"] == "my scan.x"
    assert content["attachment"]["size"] == len(raw)
    assert (parsed.resource_type, parsed.category) == ("DocumentReference", "documents")
    assert parsed.labels == ("unclassified",)
    assert parsed.identity is None
    assert parsed.attachments == (0,)
    assert parsed.terms == ("my scan.x",)
    assert drawn.size == (60, 40)
    assert drawn.format == preview.content_type.removeprefix("image/").upper()
    grey = np.asarray(drawn.convert("L")).astype(int)
    assert grey[20, 10] > grey[20, 50] + 60


def test_the_digest_is_of_the_file_whatever_its_name() -> None:
    raw = picture("PNG")
    assert shown(raw, "a.png")[0].digest == shown(raw, "b.png")[0].digest


def test_nothing_but_pixels_is_left_in_the_preview() -> None:
    exif = Image.Exif()
    exif[0x010E] = "CANARY description"
    exif.get_ifd(0x8825)[1] = "N"
    raw = picture("JPEG", exif=exif, comment=b"CANARY comment", icc_profile=b"CANARY profile")
    assert b"CANARY" in raw
    _, preview, drawn = shown(raw)
    assert b"CANARY" not in preview.data
    assert b"Exif" not in preview.data
    assert not dict(drawn.getexif())


def test_the_day_it_was_taken_and_which_side_is_up() -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[36867] = "2024:03:02 10:11:12"
    exif[0x0112] = 6
    parsed, _, drawn = shown(picture("JPEG", exif=exif))
    assert parsed.effective_at == "2024-03-02T00:00:00Z"
    assert drawn.size == (40, 60)


def test_a_nonsense_day_is_no_day() -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[36867] = "0000:00:00 00:00:00"
    assert shown(picture("JPEG", exif=exif))[0].effective_at is None


def test_large_pictures_get_a_small_preview() -> None:
    assert shown(picture("JPEG", size=(4000, 1000)))[2].size == (1600, 400)


def test_the_first_page_of_many() -> None:
    pages = [Image.new("L", (9, 9), n * 50) for n in range(3)]
    out = BytesIO()
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:])
    assert shown(out.getvalue())[1].caption == "Page 1 of 3"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_picture_cut_off(kind: str, part: float) -> None:
    raw = picture(kind, size=(300, 300))
    said = refusal(raw[: int(len(raw) * part)])
    assert said == "The picture is damaged or cut off and cannot be drawn."


def png_header(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + header
        + chunk(b"IDAT", zlib.compress(b"\0" * 9))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(50_000, 50_000), (2**31 - 1, 2**31 - 1), (10_000_001, 5)])
def test_a_flood_of_pixels_is_refused_before_it_is_decoded(size: tuple[int, int]) -> None:
    said = refusal(png_header(*size))
    assert said.endswith("at most 50 million pixels are read.")


def test_the_limit_is_a_setting() -> None:
    said = refusal(picture("PNG", size=(2000, 2000)), limits=Limits(max_pixels=1_000_000))
    assert said == "The picture is 2000 by 2000 pixels; at most 1 million pixels are read."
