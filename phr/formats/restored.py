"""What an archive of this portal says about a resource besides the resource, and its frames."""

from collections.abc import Callable
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any

from phr.formats.effective import utc


@dataclass(frozen=True, slots=True)
class Origin:
    """Where one version came from: `upload`, as the archive calls it, or "" for what was written
    by hand, for this `reason`. `recorded_at` is a FHIR instant, `outcome` what became of it then;
    `scope` is the upload, gone since, in whose words it is."""

    version: int
    recorded_at: str
    upload: str
    place: str
    reason: str
    outcome: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """How the resource that follows was kept: its number of versions, marks, names and files.

    `names` are (name, upload or "") by which others refer to it, `files` paths in the archive;
    `labels` how sensitive its owner said it is, which only an archive of this very portal tells;
    `aside` are files that came with a past version she did not take over: (path, version).
    Instants are as FHIR writes them; `sorted_at` is where an item without a date stands.
    """

    version: int
    tags: tuple[str, ...]
    favourite: bool
    never_shared: bool
    sorted_at: str
    added_at: str
    changed_at: str
    names: tuple[tuple[str, str], ...]
    files: tuple[str, ...]
    origins: tuple[Origin, ...]
    labels: tuple[str, ...] = ()
    aside: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """The SHA-256 (hex) of what the manifest says, and the tag over that; "" where there is none.

    It stands before all else of an archive: whether it can be believed (`phr.genuine`).
    """

    digest: str
    tag: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """A past version of the resource before it, as JSON, and until when it was in force."""

    version: int
    ended_at: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that was uploaded once, under the name the archive calls the upload by.

    `path` is where its bytes are, "" where they are gone; `counts` are resources by type, and
    `numbers` how many were imported, updated, known and skipped.
    """

    upload: str
    path: str
    file_name: str
    received_at: str
    finished_at: str
    counts: tuple[tuple[str, int], ...]
    numbers: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Stored:
    """A file of which the pieces follow, by its path in the archive; whether it is a picture."""

    path: str
    picture: bool


MOST = 2**31
# Versions are counted on from the last one, by hand or by file: none comes near this.
MOST_VERSIONS = 1_000_000
Restored = Kept | Earlier | Sent | Stored | Made


def split(item: Restored) -> tuple[list[Any], bytes]:
    """The head and the payload of its frame."""
    match item:
        case Kept():
            return ["K", *astuple(item)], b""
        case Earlier():
            return ["E", item.version, item.ended_at], item.body
        case Sent():
            return ["U", *astuple(item)], b""
        case Stored():
            return ["F", item.path, item.picture], b""
        case Made():
            return ["M", item.digest, item.tag], b""


def _all(kind: type, *values: object) -> None:
    for value in values:
        if type(value) is not kind:
            raise TypeError(f"{kind.__name__} expected")


def _number(*values: object, least: int = 0, most: int = MOST - 1) -> None:
    """Whole numbers that a column of PostgreSQL takes."""
    _all(int, *values)
    if any(not least <= value <= most for value in values if isinstance(value, int)):
        raise ValueError("a smaller number expected")


def _instant(*values: str) -> None:
    """FHIR instants. Raises ValueError for what has no time zone, or is of no living memory."""
    _all(str, *values)
    if any(datetime.fromisoformat(value).tzinfo is None or not utc(value) for value in values):
        raise ValueError("an instant with a time zone expected")


def _kept(_: bytes, *fields: Any) -> Kept:
    version, tags, favourite, never_shared, at, added, changed, *lists = fields
    names, files, origins, labels, aside = lists
    _number(version, least=1, most=MOST_VERSIONS)
    _all(bool, favourite, never_shared)
    _instant(at, added, changed)
    _all(str, *tags, *files, *labels, *(part for pair in names for part in pair))
    _all(str, *(path for path, _ in aside))
    _number(*(number for _, number in aside), least=1, most=MOST_VERSIONS)
    return Kept(
        version, tuple(tags), favourite, never_shared, at, added, changed,
        tuple((name, upload) for name, upload in names), tuple(files),
        tuple(_origin(*each) for each in origins), tuple(labels),
        tuple((path, number) for path, number in aside),
    )  # fmt: skip


def _origin(version: Any, recorded_at: Any, *texts: Any) -> Origin:
    upload, place, reason, outcome, scope = texts
    _number(version, least=1, most=MOST_VERSIONS)
    _instant(recorded_at)
    _all(str, *texts)
    return Origin(version, recorded_at, upload, place, reason, outcome, scope)


def _earlier(body: bytes, version: Any, ended_at: Any) -> Earlier:
    _number(version, least=1, most=MOST_VERSIONS)
    _instant(ended_at)
    return Earlier(version, ended_at, body)


def _sent(_: bytes, *fields: Any) -> Sent:
    upload, path, file_name, received_at, finished_at, counts, numbers = fields
    _all(str, upload, path, file_name, *(kind for kind, _ in counts))
    _instant(received_at, finished_at)
    _number(*numbers, *(count for _, count in counts))
    imported, updated, duplicates, skipped = numbers
    return Sent(
        upload, path, file_name, received_at, finished_at,
        tuple((kind, count) for kind, count in counts),
        (imported, updated, duplicates, skipped),
    )  # fmt: skip


def _stored(_: bytes, path: Any, picture: Any) -> Stored:
    _all(str, path)
    _all(bool, picture)
    return Stored(path, picture)


def _made(_: bytes, digest: Any, tag: Any) -> Made:
    _all(str, digest, tag)
    return Made(digest, tag)


BUILD: dict[str, Callable[..., Restored]] = {
    "K": _kept,
    "E": _earlier,
    "U": _sent,
    "F": _stored,
    "M": _made,
}
