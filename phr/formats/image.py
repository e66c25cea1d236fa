"""JPEG, PNG and TIFF pictures: kept as they are, shown only as a picture drawn anew.

The preview has no EXIF, no place, no colour profile, no comments: only pixels.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from io import BytesIO

import numpy as np
from PIL import (
    Image,
    ImageOps,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
)

from phr.formats.document import document
from phr.formats.json_stream import Read
from phr.formats.parsed import Limits, Output, Preview, Refused
from sharing.categories import category_of
from sharing.labels import suggest

NAME = "a picture"
LONGEST_SIDE = 1600
_TYPES = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "TIFF": "image/tiff"}
# Modes that can be made smaller first, so that large pictures need little memory.
_SMOOTH = frozenset({"L", "RGB", "RGBA", "LA", "CMYK", "YCbCr"})
_EXIF, _TAKEN = 0x8769, 36867
_PLUGINS = (JpegImagePlugin, MpoImagePlugin, PngImagePlugin, TiffImagePlugin)

# Sizes are checked here, against the limits given, before anything is decoded.
Image.MAX_IMAGE_PIXELS = None


def warm() -> None:
    """Load whatever is loaded on first use."""
    suggest({"resourceType": "DocumentReference"})
    category_of({"resourceType": "DocumentReference"})
    for kind in ("JPEG", "PNG"):
        Image.new("RGB", (8, 8)).save(BytesIO(), kind)
    _flat(Image.new("I;16", (8, 8)))


def read(
    stream: Read, limits: Limits, filename: str, options: Mapping[str, str] | None = None
) -> Iterator[Output]:
    """One DocumentReference and its Preview. Raises Refused when damaged or too large."""
    data = stream(limits.max_bytes + 1)
    try:
        with Image.open(BytesIO(data), formats=("JPEG", "PNG", "TIFF")) as picture:
            check_size(*picture.size, limits)
            kind, taken = _TYPES[picture.format or ""], _taken(picture)
            pages = int(getattr(picture, "n_frames", 1)) if picture.format == "TIFF" else 1
            drawn = _draw(picture)
    except (Refused, MemoryError):
        raise
    except Exception:  # noqa: BLE001 - Pillow raises many kinds on damaged pictures
        raise Refused("The picture is damaged or cut off and cannot be drawn.") from None
    yield document(data, kind, filename, taken, options)
    yield preview(drawn, f"Page 1 of {pages}" if pages > 1 else "The picture")


def check_size(width: int, height: int, limits: Limits) -> None:
    """Raises Refused when a picture has more pixels than allowed, before it is decoded."""
    if width * height > limits.max_pixels:
        most = limits.max_pixels // 1_000_000
        raise Refused(
            f"The picture is {width} by {height} pixels; at most {most} million pixels are read."
        )


def step(size: tuple[int, ...]) -> int:
    """Taking every so many pixels leaves at least 1600 on the longest side, or all there are."""
    return max(1, max(size) // LONGEST_SIDE)


def preview(picture: Image.Image, caption: str) -> Preview:
    """The picture (L or RGB) encoded: PNG for greys, where letters matter, otherwise JPEG."""
    out = BytesIO()
    # A new image from the pixels alone: `save` would carry comments over.
    bare = Image.frombytes(picture.mode, picture.size, picture.tobytes())
    if picture.mode == "L":
        bare.save(out, "PNG")
        return Preview("image/png", out.getvalue(), caption)
    bare.save(out, "JPEG", quality=85)
    return Preview("image/jpeg", out.getvalue(), caption)


def _draw(picture: Image.Image) -> Image.Image:
    """The picture upright, at most 1600 pixels a side, as L or RGB."""
    orientation = picture.getexif().get(0x0112)
    picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
    picture.load()
    if picture.mode in _SMOOTH:
        picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    flat = _flat(picture)
    flat.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    if orientation in range(2, 9):
        flat.getexif()[0x0112] = orientation
        ImageOps.exif_transpose(flat, in_place=True)
    return flat


def _flat(picture: Image.Image) -> Image.Image:
    """As L or RGB: transparency on white, 16 bits and more stretched to 8."""
    if picture.mode in ("L", "RGB"):
        return picture
    if picture.mode == "1":
        return picture.convert("L")
    if picture.mode.startswith(("I", "F")):
        values = np.asarray(picture)[:: step(picture.size), :: step(picture.size)]
        values = values.astype(np.float32)
        low, high = (float(v) for v in np.nanpercentile(values, (0.5, 99.5)))
        scaled = np.clip((values - low) / max(high - low, 1e-6), 0, 1) * 255
        return Image.fromarray(np.nan_to_num(scaled).astype(np.uint8))
    if picture.has_transparency_data:
        above = picture.convert("RGBA")
        below = Image.new("RGBA", above.size, "white")
        return Image.alpha_composite(below, above).convert("RGB")
    return picture.convert("RGB")


def _taken(picture: Image.Image) -> str | None:
    """The day the picture was taken, from EXIF; its clock has no time zone, so only the day."""
    text = picture.getexif().get_ifd(_EXIF).get(_TAKEN)
    found = re.match(r"(\d{4}):(\d\d):(\d\d)\b", text) if isinstance(text, str) else None
    try:
        return date(*map(int, found.groups())).isoformat() if found else None
    except ValueError:
        return None
