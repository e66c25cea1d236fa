"""Files in an archive that are kept themselves: PDF, pictures, and the images of scans."""

import hashlib
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from types import ModuleType

import orjson

from phr.formats.json_stream import Read
from phr.formats.parsed import Limits, Output, Parsed, Piece, Preview, Progress, Refused, Skipped
from phr.formats.study import Study
from phr.formats.terms import clean
from phr.formats.zip_directory import base

PIECE = 256 * 1024
TYPES = (
    (b"%PDF-", 1024, "application/pdf"),
    (b"\xff\xd8\xff", 3, "image/jpeg"),
    (b"\x89PNG", 4, "image/png"),
    (b"II*\x00", 4, "image/tiff"),
    (b"MM\x00*", 4, "image/tiff"),
)
Opened = tuple[ModuleType, Read]
Open = Callable[[zipfile.ZipInfo], Opened]
# Told, before a file is read, for how many bytes of progress that counts.
Begin = Callable[[int], None]


def content_type(head: bytes) -> str:
    """The MIME type of a file that begins like this."""
    if head[128:132] == b"DICM":
        return "application/dicom"
    found = (name for start, within, name in TYPES if start in head[:within])
    return next(found, "application/octet-stream")


class Kept:
    """A stream that remembers what was read from it, to hand it on piece by piece."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._parts: list[bytes] = []

    def __call__(self, size: int) -> bytes:
        data = self._read(size)
        self._parts.append(data)
        return data

    def pieces(self, name: str) -> Iterator[Piece]:
        """All of it, and whatever was not read yet."""
        data = memoryview(b"".join([*self._parts, self._read(-1)]))
        self._parts.clear()
        kind = content_type(bytes(data[:1024]))
        for start in range(0, len(data), PIECE):
            last = start + PIECE >= len(data)
            yield Piece(bytes(data[start : start + PIECE]), kind, clean(name), last)


def document(opened: Opened, limits: Limits, name: str) -> Iterator[Output]:
    """What a PDF or a picture holds, then its bytes. Raises Refused."""
    module, read = opened
    kept = Kept(read)
    for item in module.read(kept, limits, name):
        yield replace(item, attachments=()) if isinstance(item, Parsed) else item
    yield from kept.pieces(name)


@dataclass
class _Scan:
    """One study, as far as its images were looked at."""

    first: Parsed
    study: Study
    members: list[zipfile.ZipInfo]
    digests: list[str]
    labels: set[str] = field(default_factory=set)
    terms: dict[str, None] = field(default_factory=dict)

    def whole(self) -> Parsed:
        """The study with every image in it; a single image is what it would be by itself."""
        body = orjson.dumps(self.study.counted())
        digest = hashlib.sha256("".join(sorted(self.digests)).encode()).hexdigest()
        return replace(
            self.first,
            body=body,
            digest=self.digests[0] if len(self.digests) == 1 else digest,
            labels=tuple(sorted(self.labels)),
            terms=tuple(self.terms),
            attachments=(),
        )


class Scans:
    """The DICOM files of one archive: each study is one item, whatever number of files it has.

    All are looked at before the first is handed out, and opened again then: an archive may hold
    more images than memory.
    """

    def __init__(self, limits: Limits, open_: Open, begin: Begin) -> None:
        self._begin = begin
        self._limits = limits
        self._open = open_
        self._found: dict[str, _Scan] = {}

    def look(self, opened: Opened, member: zipfile.ZipInfo, place: str) -> Iterator[Output]:
        """Take one image in. Raises Refused."""
        self._begin(-member.compress_size // 2)
        for item in self._items(opened, member):
            if not isinstance(item, Parsed):
                yield item
                continue
            self._add(replace(item, place=f"{place}, {item.place}"), member)
            # Drawing it is for later.
            break
        yield Progress(0, None, "bytes")

    def _items(self, opened: Opened, member: zipfile.ZipInfo) -> Iterator[Output]:
        module, read = opened
        yield from module.read(read, self._limits, base(member))

    def _add(self, item: Parsed, member: zipfile.ZipInfo) -> None:
        resource = orjson.loads(item.body)
        name = item.identity or item.digest
        scan = self._found.get(name)
        if scan is None:
            scan = self._found[name] = _Scan(item, Study(resource), [], [])
        elif not scan.study.add(resource):
            raise Refused("It is the same image as another file of the archive.")
        scan.members.append(member)
        scan.digests.append(item.digest)
        scan.labels.update(item.labels)
        scan.terms.update(dict.fromkeys(item.terms))

    def read(self) -> Iterator[Output]:
        """Every study with the pictures and the bytes of its images."""
        for scan in self._found.values():
            yield scan.whole()
            for member in scan.members:
                yield from self._image(member)

    def _image(self, member: zipfile.ZipInfo) -> Iterator[Output]:
        self._begin(member.compress_size // 2)
        module, read = self._open(member)
        kept = Kept(read)
        try:
            for item in module.read(kept, self._limits, base(member)):
                if isinstance(item, Preview):
                    yield item
        except Refused as refused:
            yield Skipped(clean(base(member)), refused.sentence)
        yield from kept.pieces(base(member))
