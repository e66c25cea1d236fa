"""A ZIP archive: each file in it read by its own reader. Source: PKWARE APPNOTE 6.3.

Nothing is unpacked to a disk. What is inside stays inside: names are only shown, never followed.
"""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from io import BytesIO

from phr.formats import detect, names
from phr.formats.json_stream import Read
from phr.formats.parsed import MB, Columns, Limits, Output, Parsed, Refused, Skipped
from phr.formats.terms import clean

NAME = "a ZIP archive"
MOST_FILES = 10_000
MOST_UNPACKED = 2_000 * MB
# Beyond this size, more than so many times what is packed is no health record but a bomb.
MOST_RATIO, RATIO_FROM = 200, 10 * MB
# A file up to this size is read whole before any of it counts.
WHOLE = 4 * MB

_HEAD = 4096
_END = struct.Struct("<4s4H2LH")
_LARGEST_END = _END.size + 65_535
_LARGEST_DIRECTORY = 16 * MB
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_ALONE = "Upload it by itself, not in an archive."
# Readers that hand on the uploaded file itself, which a part of an archive is not.
_ALONE_ONLY = frozenset({"phr.formats.pdf", "phr.formats.image", "phr.formats.dicom"})
_OWN = "phr.formats.archive_zip"
# What `zipfile` raises on damaged archives; it checks little by itself.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    IndexError,
    RuntimeError,
    ValueError,
)


def warm() -> None:
    """Load every reader, and whatever `zipfile` loads on first use."""
    for name in names() - {_OWN}:
        module = import_module(name)
        if name not in _ALONE_ONLY:
            module.warm()
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", "a")
    data = made.getvalue().replace(b"a", b"\x81")  # a name in the old encoding, cp437
    with zipfile.ZipFile(BytesIO(data)) as archive:
        archive.infolist()
    with zipfile.ZipFile(made) as archive:
        archive.read("a")


def read(stream: Read, limits: Limits, filename: str) -> Iterator[Output]:  # noqa: ARG001
    """What the files hold, in their order; a file that cannot be read is `Skipped`.

    Raises Refused when the archive itself is damaged or too large, when nothing in it can be
    read, and when a file of more than 4 MB turns out wrong after some of it was read.
    """
    data = stream(limits.max_bytes + 1)
    _check_end(data[-_LARGEST_END:])
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            members = [each for each in archive.infolist() if _counts(each)]
            _check(members)
            yield from _Members(archive, members, limits).read()
    except _BROKEN:
        raise Refused("The archive is damaged or cut off.") from None


def _check_end(tail: bytes) -> None:
    """The end record, before `zipfile` makes an object of each entry. APPNOTE 4.3.16."""
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise Refused("The archive ends too early: it is cut off in the middle.")
    entries, size = _END.unpack_from(tail, at)[4:6]
    if entries > MOST_FILES or size > _LARGEST_DIRECTORY:
        raise Refused(f"The archive holds more than {MOST_FILES:,} files, the most that are read.")


def _counts(member: zipfile.ZipInfo) -> bool:
    """Folders and what a Mac adds by itself are not files of anybody's."""
    return not member.filename.endswith("/") and not member.filename.startswith("__MACOSX/")


def _check(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MOST_FILES:
        raise Refused(f"The archive holds more than {MOST_FILES:,} files, the most that are read.")
    if any(each.filename == "[Content_Types].xml" for each in members):
        raise Refused("This is an Office document, which is not accepted. A PDF of it is.")
    if any(_bomb(each) for each in members):
        raise Refused("A file in the archive unpacks to far more than any health record would.")
    if sum(each.file_size for each in members) > MOST_UNPACKED:
        most = MOST_UNPACKED // MB
        raise Refused(f"The archive unpacks to more than {most:,} MB, the most that is read.")


def _bomb(member: zipfile.ZipInfo) -> bool:
    return member.file_size > max(RATIO_FROM, MOST_RATIO * member.compress_size)


class _Members:
    """Reads the files of one archive one after the other."""

    def __init__(
        self, archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], limits: Limits
    ) -> None:
        self._archive = archive
        self._members = members
        self._limits = limits
        self._kept = 0
        self._apple = False

    def read(self) -> Iterator[Output]:
        """Everything in every file. Raises Refused when nothing at all is kept."""
        for number, member in enumerate(self._in_order(), 1):
            place = f"File {number} of the archive"
            for item in self._one(member, place):
                self._kept += isinstance(item, Parsed)
                yield item
        if not self._kept:
            raise Refused("There is no file in the archive that can be read.")

    def _in_order(self) -> list[zipfile.ZipInfo]:
        """Apple's own second writing of the same measurements comes last, to be left out."""
        return sorted(self._members, key=lambda each: _is_second_writing(each.filename))

    def _one(self, member: zipfile.ZipInfo, place: str) -> Iterator[Output]:
        shown = clean(member.filename) or place
        reason = _reason(member)
        if not reason and self._apple and _is_second_writing(member.filename):
            reason = "It holds the same measurements as the Apple Health export beside it."
        if reason:
            yield Skipped(shown, reason)
            return
        try:
            if member.file_size <= WHOLE:
                yield from list(self._items(member, place))
            else:
                yield from self._items(member, place)
        except _NotRead as not_read:
            yield Skipped(shown, not_read.reason)

    def _items(self, member: zipfile.ZipInfo, place: str) -> Iterator[Output]:
        """Raises `_NotRead` when nothing came out yet or the file is small, else Refused."""
        came = False
        try:
            for item in self._inside(member):
                yield _placed(item, place)
                came = came or isinstance(item, Parsed)
        except Refused as refused:
            if came and member.file_size > WHOLE:
                raise Refused(f"{place}: {refused.sentence}") from None
            raise _NotRead(refused.sentence) from None

    def _inside(self, member: zipfile.ZipInfo) -> Iterator[Output]:
        try:
            with self._archive.open(member) as file:
                head = file.read(_HEAD)
                module = detect(head, member.filename.rpartition("/")[2])
                if module.__name__ in _ALONE_ONLY:
                    raise Refused(_ALONE)
                if module.__name__ == _OWN:
                    raise Refused("It is an archive itself. Unpack it and upload what is in it.")
                self._apple = self._apple or module.__name__.endswith("apple_health")
                yield from module.read(_joined(head, file.read), self._limits, "")
        except _BROKEN:
            raise Refused("It is damaged.") from None


class _NotRead(Exception):
    """A file of the archive that is left out as a whole."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _is_second_writing(name: str) -> bool:
    return name.rpartition("/")[2] == "export_cda.xml"


def _reason(member: zipfile.ZipInfo) -> str:
    """Why a file is left out before it is opened, "" when it is not."""
    parts = member.filename.replace("\\", "/").split("/")
    if ".." in parts or not parts[0] or parts[0].endswith(":"):
        return "Its name points outside of the archive."
    if stat.S_ISLNK(member.external_attr >> 16):
        return "It is a link to another file, not a file."
    if member.flag_bits & _ENCRYPTED:
        return "It is locked with a password. Unlock it first."
    if member.compress_type not in _PACKED:
        return "It is packed in a way that is not read. Pack it again as an ordinary ZIP."
    return ""


def _joined(head: bytes, read: Read) -> Read:
    """`head` again, then the rest: as many bytes as asked for, fewer only at the end."""
    left = head

    def give(size: int) -> bytes:
        nonlocal left
        first, left = left[:size], left[size:]
        return first + read(size - len(first)) if len(first) < size else first

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
