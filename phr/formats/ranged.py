"""A file of which any part can be had: what a reader of archives needs, in flat memory."""

from collections.abc import Callable

from phr.formats.parsed import Limits

Fetch = Callable[[int, int], bytes]

BLOCK = 512 * 1024
# The end of an archive, and the places on either side of a border between two blocks.
REMEMBERED = 3
_HEAD = 4096


class Ranged:
    """`size` bytes behind `fetch(offset, length)`, asked for in blocks of 512 KiB.

    Called with a number it reads on, as every reader's stream does; `read`, `seek` and `tell` are
    what `zipfile` works with.
    """

    def __init__(self, size: int, fetch: Fetch) -> None:
        self.size = size
        self._counted = self._share = self._fetched = 0
        self._fetch = fetch
        self._at = 0
        self._blocks: dict[int, bytes] = {}

    @classmethod
    def of(cls, data: bytes) -> "Ranged":
        """The same over bytes that are in memory anyway."""
        return cls(len(data), lambda offset, length: data[offset : offset + length])

    @classmethod
    def within(cls, read: Callable[[int], bytes], limits: Limits) -> "Ranged":
        """What a stream is when parts of it are needed: itself, or all it holds, in memory."""
        return read if isinstance(read, Ranged) else cls.of(read(limits.max_bytes + 1))

    @property
    def done(self) -> int:
        """How far its reader is, in bytes."""
        return min(self.size, self._counted + min(self._share, self._fetched))

    def begin(self, share: int) -> None:
        """What is fetched from now on counts for at most `share` bytes, and in the end for all."""
        self._counted += self._share
        self._share, self._fetched = share, 0

    def __call__(self, size: int) -> bytes:
        return self.read(size)

    def peek(self) -> bytes:
        """The first bytes."""
        self.seek(0)
        head = self.read(_HEAD)
        self.seek(0)
        return head

    def read(self, size: int = -1) -> bytes:
        """`size` bytes from here, fewer only at the end."""
        end = self.size if size < 0 else min(self.size, self._at + size)
        parts = []
        while self._at < end:
            number, skipped = divmod(self._at, BLOCK)
            part = self._block(number)[skipped : skipped + end - self._at]
            parts.append(part)
            self._at += len(part)
        return b"".join(parts)

    def _block(self, number: int) -> bytes:
        found = self._blocks.pop(number, None)
        if found is None:
            start = number * BLOCK
            found = self._fetch(start, min(BLOCK, self.size - start))
            self._fetched += len(found)
            if not found:
                raise EOFError("the file is shorter than it was said to be")
        while len(self._blocks) >= REMEMBERED:
            del self._blocks[next(iter(self._blocks))]
        self._blocks[number] = found
        return found

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place; `whence` as in `io`. Raises ValueError before the beginning."""
        at = offset + (0, self._at, self.size)[whence]
        if at < 0:
            raise ValueError("before the beginning")
        self._at = at
        return at

    def tell(self) -> int:
        """Where it reads on."""
        return self._at

    def seekable(self) -> bool:
        """Any place can be gone to."""
        return True
