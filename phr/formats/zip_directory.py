"""The table of contents of a ZIP archive, checked before anything is unpacked.

Source: PKWARE APPNOTE 6.3. The table at the end is the truth; what stands before the files is only
compared with it. Nothing is unpacked to a disk, so names are shown and never followed.
"""

import stat
import struct
import zipfile
import zlib

from phr.formats.parsed import MB, Refused
from phr.formats.ranged import Ranged

MOST_FILES = 10_000
MOST_UNPACKED = 2_000 * MB
# Beyond this size, more than so many times what is packed is no health record but a bomb.
MOST_RATIO, RATIO_FROM = 200, 10 * MB

_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_PLACE_64 = struct.Struct("<4sLQL")
_LARGEST_END = _PLACE_64.size + _END.size + 65_535
_LARGEST_DIRECTORY = 16 * MB
# The least that stands before each file: its header without name (APPNOTE 4.3.7).
_BEFORE = 30
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
# What a Mac or Windows adds by itself.
_ADDED = frozenset({".ds_store", "thumbs.db", "desktop.ini", ".localized"})
# What a disc from a hospital holds besides: a program to look at the scans.
_PROGRAM = frozenset(
    (
        "app", "bat", "bin", "cab", "chm", "class", "cmd", "com", "cur", "dll", "dylib", "exe",
        "ico", "inf", "ini", "jar", "msi", "ocx", "reg", "so", "sys", "ttf", "vbs",
    )
)  # fmt: skip
# What `zipfile` raises on damaged archives; it checks little by itself.
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    IndexError,
    OverflowError,
    RuntimeError,
    ValueError,
)


def opened(file: Ranged) -> tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]:
    """The archive and the files in it that are somebody's.

    Raises Refused when it is cut off or too large, a bomb, or its files lie over one another, and
    one of `BROKEN` when it is damaged.
    """
    _check_end(file)
    archive = zipfile.ZipFile(file)
    found = archive.infolist()
    if len(found) > MOST_FILES:
        raise _too_many()
    _check_places(found, archive.start_dir)
    members = [each for each in found if _counts(each)]
    _check(members)
    return archive, members


def _check_end(file: Ranged) -> None:
    """The end record, before `zipfile` makes an object of each entry. APPNOTE 4.3.14 to 4.3.16."""
    start = file.seek(max(0, file.size - _LARGEST_END))
    tail = file.read(_LARGEST_END)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise Refused("The archive ends too early: it is cut off in the middle.")
    entries, size = _END.unpack_from(tail, at)[4:6]
    place = at - _PLACE_64.size
    if place >= 0 and tail.startswith(b"PK\x06\x07", place):
        end = _PLACE_64.unpack_from(tail, place)[2]
        if end != start + place - _END_64.size:
            raise Refused("The archive is damaged or cut off.")
        file.seek(end)
        entries, size = _END_64.unpack(file.read(_END_64.size))[7:9]
    if entries > MOST_FILES or size > _LARGEST_DIRECTORY:
        raise _too_many()


def _too_many() -> Refused:
    return Refused(f"The archive holds more than {MOST_FILES:,} files, the most that are read.")


def _check_places(found: list[zipfile.ZipInfo], end: int) -> None:
    """No file lies over another, which is how a small archive unpacks without end."""
    for member in sorted(found, key=lambda each: each.header_offset, reverse=True):
        if member.header_offset + _BEFORE + member.compress_size > end:
            raise Refused("The files in the archive lie over one another; it is not read.")
        end = member.header_offset


def _counts(member: zipfile.ZipInfo) -> bool:
    """Folders and what a computer adds by itself are not files of anybody's."""
    name = base(member)
    return bool(name) and not (
        member.filename.startswith("__MACOSX/") or name.startswith("._") or name.lower() in _ADDED
    )


def base(member: zipfile.ZipInfo) -> str:
    """The name of a file without its folders, "" for a folder."""
    return member.filename.replace("\\", "/").rpartition("/")[2]


def _check(members: list[zipfile.ZipInfo]) -> None:
    if any(each.filename == "[Content_Types].xml" for each in members):
        raise Refused("This is an Office document, which is not accepted. A PDF of it is.")
    if any(_bomb(each) for each in members):
        raise Refused("A file in the archive unpacks to far more than any health record would.")
    if sum(each.file_size for each in members) > MOST_UNPACKED:
        most = MOST_UNPACKED // MB
        raise Refused(f"The archive unpacks to more than {most:,} MB, the most that is read.")


def _bomb(member: zipfile.ZipInfo) -> bool:
    return member.file_size > max(RATIO_FROM, MOST_RATIO * member.compress_size)


def reason(member: zipfile.ZipInfo) -> str:
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
    return _beside(base(member))


def _beside(name: str) -> str:
    if name.upper() == "DICOMDIR":
        return "It is the table of contents of scans, which are read themselves."
    return "It is part of a program." if name.lower().rpartition(".")[2] in _PROGRAM else ""
