"""Lines that are found while another file of the archive is written, until it is their turn.

A ZIP is written one file after the other, and opening every item once more for each table costs
more than holding its lines: compressed, about ten bytes for each item.
"""

import zlib
from collections.abc import Iterator

_LEVEL = 1


class Aside:
    """Takes bytes in their order and gives them back once."""

    def __init__(self) -> None:
        self._packer = zlib.compressobj(_LEVEL)
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Keep these bytes."""
        if part := self._packer.compress(data):
            self._parts.append(part)

    def pieces(self) -> Iterator[bytes]:
        """All of them, and then nothing is kept any more."""
        self._parts.append(self._packer.flush())
        parts, self._parts = self._parts, []
        unpacker = zlib.decompressobj()
        for part in parts:
            yield unpacker.decompress(part)
