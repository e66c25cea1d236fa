"""A ZIP archive: each file in it read by its own reader. Source: PKWARE APPNOTE 6.3.

Nothing is unpacked to a disk. What is inside stays inside: names are only shown, never followed.
PDF, pictures and the images of scans are handed on byte for byte beside what is read in them.
"""

import zipfile
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from io import BytesIO

from phr.formats import detect, names, zip_directory
from phr.formats.json_stream import Read
from phr.formats.own_archive import OwnArchive, is_own
from phr.formats.parsed import MB, Columns, Limits, Output, Parsed, Refused, Skipped
from phr.formats.ranged import Ranged
from phr.formats.terms import clean
from phr.formats.zip_directory import BROKEN, base, reason
from phr.formats.zip_parts import Begin, Opened, Scans, document

NAME = "a ZIP archive"
# A file up to this size is read whole before any of it counts.
WHOLE = 4 * MB
# Names of files left out for the same reason that are told; of the others, how many.
TOLD = 5

_HEAD = 4096
_ALONE = "Upload it by itself, not in an archive."
_DOCUMENTS = frozenset({"phr.formats.pdf", "phr.formats.image"})
_SCANS = "phr.formats.dicom"
_OWN = "phr.formats.archive_zip"
# What the manifest of a bulk export holds, and no resource
# (https://hl7.org/fhir/uv/bulkdata/export.html#response---complete-status).
_MANIFEST = (b'"transactionTime"', b'"requiresAccessToken"')


def warm() -> None:
    """Load every reader, and whatever `zipfile` loads on first use."""
    for name in names() - {_OWN}:
        import_module(name).warm()
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", "a")
    data = made.getvalue().replace(b"a", b"\x81")  # a name in the old encoding, cp437
    with zipfile.ZipFile(BytesIO(data)) as archive:
        archive.infolist()
    with zipfile.ZipFile(made) as archive:
        archive.read("a")


def read(stream: Read, limits: Limits, filename: str) -> Iterator[Output]:  # noqa: ARG001
    """What the files hold, in their order, scans last; what cannot be read is `Skipped`.

    Raises Refused when the archive itself is damaged or too large, when nothing in it can be
    read, and when a file of more than 4 MB turns out wrong after some of it was read.
    """
    try:
        file = Ranged.within(stream, limits)
        archive, members = zip_directory.opened(file)
        with archive:
            if is_own(archive, {each.filename for each in members}):
                yield from OwnArchive(archive, members, limits, file.begin).read()
            else:
                yield from _Members(archive, members, limits, file.begin).read()
    except BROKEN:
        raise Refused("The archive is damaged or cut off.") from None


class _Members:
    """Reads the files of one archive one after the other."""

    def __init__(
        self,
        archive: zipfile.ZipFile,
        members: list[zipfile.ZipInfo],
        limits: Limits,
        begin: Begin,
    ) -> None:
        self._begin = begin
        self._archive = archive
        self._members = members
        self._limits = limits
        self._kept = 0
        self._apple = False
        self._left_out: dict[str, list[str]] = {}
        self._scans = Scans(limits, self._open, begin)

    def read(self) -> Iterator[Output]:
        """Everything in every file. Raises Refused when nothing at all is kept, or too much."""
        for item in self._all():
            self._kept += isinstance(item, Parsed)
            if self._kept > self._limits.max_entries:
                most = self._limits.max_entries
                raise Refused(f"The archive has more than {most} entries, the most that are taken.")
            yield item
        for why, shown in self._left_out.items():
            more = f" and {len(shown) - TOLD} more" if len(shown) > TOLD else ""
            yield Skipped(", ".join(shown[:TOLD]) + more, why)
        if not self._kept:
            raise Refused("There is no file in the archive that can be read.")

    def _all(self) -> Iterator[Output]:
        for number, member in enumerate(self._in_order(), 1):
            yield from self._one(member, f"File {number} of the archive")
        yield from self._scans.read()

    def _in_order(self) -> list[zipfile.ZipInfo]:
        """Apple's own second writing of the same measurements comes last, to be left out."""
        return sorted(self._members, key=lambda each: _is_second_writing(each.filename))

    def _one(self, member: zipfile.ZipInfo, place: str) -> Iterator[Output]:
        why = reason(member)
        self._begin(member.compress_size)
        if not why and self._apple and _is_second_writing(member.filename):
            why = "It holds the same measurements as the Apple Health export beside it."
        try:
            if not why:
                yield from self._items(member, place)
        except _NotRead as not_read:
            why = not_read.reason
        if why:
            self._left_out.setdefault(why, []).append(clean(member.filename) or place)

    def _items(self, member: zipfile.ZipInfo, place: str) -> Iterator[Output]:
        """Raises `_NotRead` when nothing came out yet or the file is small, else Refused."""
        came = False
        try:
            for item in self._inside(member, place):
                came = came or isinstance(item, Parsed)
                yield item
        except Refused as refused:
            if came:
                raise Refused(f"{place}: {refused.sentence}") from None
            raise _NotRead(refused.sentence) from None

    def _inside(self, member: zipfile.ZipInfo, place: str) -> Iterator[Output]:
        opened = self._open(member)
        module, read = opened
        if module.__name__ == _SCANS:
            yield from self._scans.look(opened, member, place)
        elif module.__name__ in _DOCUMENTS:
            for item in document(opened, self._limits, base(member)):
                yield _placed(item, place)
        else:
            self._apple = self._apple or module.__name__.endswith("apple_health")
            items = (_placed(item, place) for item in module.read(read, self._limits, ""))
            yield from list(items) if member.file_size <= WHOLE else items

    def _open(self, member: zipfile.ZipInfo) -> Opened:
        """The reader of a file and its bytes. Raises Refused."""
        try:
            file = self._archive.open(member)
            head = file.read(_HEAD)
        except BROKEN:
            raise Refused("It is damaged.") from None
        module = detect(head, base(member))
        if module.__name__ == _OWN:
            raise Refused("It is an archive itself. Unpack it and upload what is in it.")
        if all(name in head for name in _MANIFEST):
            raise Refused("It only lists the files of the export, which are read themselves.")
        return module, _joined(head, file.read)


class _NotRead(Exception):
    """A file of the archive that is left out as a whole."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.reason = why


def _is_second_writing(name: str) -> bool:
    return name.rpartition("/")[2] == "export_cda.xml"


def _joined(head: bytes, read: Read) -> Read:
    """`head` again, then the rest: as many bytes as asked for, fewer only at the end.

    Raises Refused when the bytes are not what was packed.
    """
    left = head

    def give(size: int) -> bytes:
        nonlocal left
        if 0 <= size <= len(left):
            first, left = left[:size], left[size:]
            return first
        first, left = left, b""
        try:
            return first + read(size - len(first) if size > 0 else -1)
        except BROKEN:
            raise Refused("It is damaged.") from None

    return give


def _placed(item: Output, place: str) -> Output:
    """The item with the file it stands in. The name is not told: places are kept in the clear."""
    match item:
        case Parsed():
            if item.attachments:
                raise Refused(_ALONE)
            return replace(item, place=f"{place}, {item.place}")
        case Skipped():
            return Skipped(f"{place}, {item.place}", item.reason)
        case Columns():
            raise Refused(_ALONE)
    return item
