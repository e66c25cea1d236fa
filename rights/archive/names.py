"""File names that are safe to unpack anywhere and still readable by a person."""

import re
import unicodedata

LONGEST_BYTES = 120
# Not allowed on Windows, or a way out of a folder; controls, and marks that turn text around.
_UNSAFE = re.compile(
    r'[\\/:*?"<>|\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]+'
)
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,10}$")


def safe(name: str) -> str:
    """One part of a path: no separators, no controls, no dots or spaces at its ends; never empty.

    At most 120 bytes of UTF-8 in normal form C (Unicode Standard Annex 15), the extension kept.
    """
    plain = unicodedata.normalize("NFC", _UNSAFE.sub("_", name))
    plain = " ".join(plain.split()).strip(". ")
    found = _EXTENSION.search(plain)
    extension = found[0] if found else ""
    stem = _cut(plain.removesuffix(extension), LONGEST_BYTES - len(extension))
    return (stem + extension) if stem else f"file{extension}"


def numbered(number: int, name: str) -> str:
    """The safe name behind a number: no two are alike, and none is a device of an old system."""
    return f"{number:05}-{safe(name)}"


def _cut(text: str, most: int) -> str:
    return text.encode()[:most].decode(errors="ignore").strip(". ")
