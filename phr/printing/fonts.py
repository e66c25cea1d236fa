"""The fonts a PDF is set in, and which characters they can show.

Sources: OpenType 1.9, "Font file" (table directory, collections) and "cmap" formats 4 and 12.
"""

import struct
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

OURS = Path(__file__).parent / "fonts"
_ENDS = {".ttf", ".otf", ".ttc", ".otc"}


def files(folders: Iterable[str]) -> list[Path]:
    """The font files in our own folder and in these, at any depth."""
    found = chain.from_iterable(Path(folder).rglob("*") for folder in [str(OURS), *folders])
    return sorted(path for path in found if path.suffix.lower() in _ENDS)


def coverage(paths: Iterable[Path]) -> set[int]:
    """The code points for which one of the fonts has a glyph; a font that cannot be read has none."""
    found: set[int] = set()
    for path in paths:
        try:
            found.update(_code_points(path.read_bytes()))
        except (OSError, struct.error, IndexError):
            continue
    return found


def _code_points(data: bytes) -> Iterator[int]:
    for start in _font_starts(data):
        (count,) = struct.unpack_from(">H", data, start + 4)
        for at in range(start + 12, start + 12 + 16 * count, 16):
            tag, _, offset, _ = struct.unpack_from(">4sIII", data, at)
            if tag == b"cmap":
                yield from _cmap(data, offset)


def _font_starts(data: bytes) -> tuple[int, ...]:
    if data[:4] != b"ttcf":
        return (0,)
    (count,) = struct.unpack_from(">I", data, 8)
    return struct.unpack_from(f">{count}I", data, 12)


def _cmap(data: bytes, cmap: int) -> Iterator[int]:
    (count,) = struct.unpack_from(">H", data, cmap + 2)
    offsets = {struct.unpack_from(">HHI", data, cmap + 4 + 8 * at)[2] for at in range(count)}
    for offset in offsets:
        (kind,) = struct.unpack_from(">H", data, cmap + offset)
        if kind == 12:
            yield from _groups(data, cmap + offset)
        elif kind == 4:
            yield from _segments(data, cmap + offset)


def _groups(data: bytes, at: int) -> Iterator[int]:
    (count,) = struct.unpack_from(">I", data, at + 12)
    for start, end, glyph in struct.iter_unpack(">III", data[at + 16 : at + 16 + 12 * count]):
        yield from range(start + (glyph == 0), min(end, 0x10FFFF) + 1)


def _segments(data: bytes, at: int) -> Iterator[int]:
    (twice,) = struct.unpack_from(">H", data, at + 6)
    half = f">{twice // 2}H"
    ends, starts, deltas, offsets = (
        struct.unpack_from(half, data, at + 14 + place)
        for place in (0, twice + 2, 2 * twice + 2, 3 * twice + 2)
    )
    for segment, (start, end) in enumerate(zip(starts, ends, strict=True)):
        for point in range(start, end + 1):
            glyph = point
            if offsets[segment]:
                place = at + 16 + 3 * twice + 2 * segment + offsets[segment]
                (glyph,) = struct.unpack_from(">H", data, place + 2 * (point - start))
            if offsets[segment] == 0 or glyph:
                glyph = (glyph + deltas[segment]) & 0xFFFF
            if glyph:
                yield point
