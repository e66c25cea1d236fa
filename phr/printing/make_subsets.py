"""Make the two subsets from the whole fonts, which are four times as large.

Usage, in any folder, with fontTools 4.68 installed::

    npm pack @expo-google-fonts/noto-sans-sc@0.4.3 @expo-google-fonts/noto-sans-kr@0.4.3
    (unpack both) python make_subsets.py NotoSansSC_400Regular.ttf NotoSansKR_400Regular.ttf
"""

import subprocess
import sys
from collections.abc import Iterable

LETTERS = {chr(point) for point in range(0x3131, 0x318F)}


def plane(codec: str, leads: Iterable[int]) -> set[str]:
    """The East Asian characters that begin with one of these bytes in a double-byte code."""
    pairs = (bytes((lead, trail)) for lead in leads for trail in range(0x40, 0xFF))
    decoded = {pair.decode(codec, "ignore") for pair in pairs}
    return {one for one in decoded if len(one) == 1 and one >= "\u2e80"}


def make(source: str, target: str, letters: set[str]) -> None:
    points = ",".join(f"{ord(one):x}" for one in sorted(letters))
    options = ["--layout-features=ccmp,locl", "--no-hinting", f"--output-file={target}"]
    subprocess.run(["pyftsubset", source, f"--unicodes={points}", *options], check=True)  # noqa: S607


if __name__ == "__main__":
    chinese = plane("gb2312", range(0xA1, 0xF8)) | plane("big5", range(0xA4, 0xC7))
    japanese = plane("euc_jp", range(0xA1, 0xD0))
    make(sys.argv[1], "NotoSansSC-Subset.ttf", chinese | japanese)
    make(sys.argv[2], "NotoSansKR-Subset.ttf", plane("euc_kr", range(0xB0, 0xC9)) | LETTERS)
