"""What the parser box hands out, and the limits it works under."""

from dataclasses import dataclass
from typing import Literal

from phr.formats.age import NO_AGE, Age
from phr.formats.meaning import NOTHING, Meaning
from phr.formats.restored import Restored

MB = 1_000_000
# The answer of an owner who said what her file is: elements of a DocumentReference, as JSON.
DESCRIBED = "document"


class Refused(Exception):
    """The file cannot be taken in; `sentence` says where and why in words for its owner.

    The sentence holds element names and places, never a value from the file.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one parse. Sizes in bytes, times in seconds.

    `looking`: of resources only what tells whether they are known already; see `resource.only_look`.
    """

    max_bytes: int = 200 * MB
    max_resource_bytes: int = 10 * MB
    max_entries: int = 200_000
    max_depth: int = 64
    max_pixels: int = 50_000_000
    memory: int = 1024**3
    cpu_seconds: int = 300
    wall_seconds: int = 600
    looking: bool = False


@dataclass(frozen=True, slots=True)
class Parsed:
    """One FHIR R4 resource, ready to be kept.

    `effective_at` is the start of the clinically relevant time, by the clock where it was (ISO 8601,
    always with a "Z").
    `identity` is `Type|system|value` or an absolute `fullUrl`: the same thing seen again.
    `digest` is the SHA-256 (hex) of the content: of the resource without `meta` and `text`, or of
    the file itself for pictures, PDF and DICOM.
    `body` is the resource as JSON, byte for byte as received when the file was FHIR.
    `attachments` are the positions in `DocumentReference.content` (or, for an `ImagingStudy`, in
    `series[0].instance`) whose bytes are the uploaded file itself.
    `links` are what other resources may call this one: its `fullUrl` and `Type/id`.
    `subject` and `visit` are the Reference.reference of the person and of the Encounter it is
    about, "" where it names none. `head` are the words of its name, by which it ranks in a search;
    `codes` are its codes as `system|code`, by which equal measurements are found. `meaning` is by
    what it is known again when another source has it under other names, and `age` by what a
    newer one is told from it.
    """

    resource_type: str
    category: str
    effective_at: str | None
    labels: tuple[str, ...]
    identity: str | None
    digest: str
    terms: tuple[str, ...]
    place: str
    body: bytes
    attachments: tuple[int, ...] = ()
    links: tuple[str, ...] = ()
    subject: str = ""
    visit: str = ""
    head: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    meaning: Meaning = NOTHING
    age: Age = NO_AGE


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody the file says it is about (FHIR R4 Patient, DICOM PS3.3 C.7.1.1, HL7 v2 PID).

    `names` as written, `birth_date` as a FHIR date, `identifiers` as `system|value`; `links` are
    what resources call this person in `Parsed.subject`. `in_words` is a name beside a reference, of
    which nobody can tell whether it is that of a person at all; without names, only what somebody
    is referred to by.
    """

    names: tuple[str, ...]
    birth_date: str | None = None
    identifiers: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    in_words: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of a file that belongs to the `Parsed` before it, such as a member of a ZIP.

    Pieces follow one another; `last` ends the file. `content_type` and `name` are the same in all.
    """

    data: bytes
    content_type: str
    name: str
    last: bool


@dataclass(frozen=True, slots=True)
class Columns:
    """A table whose columns its owner has to match before it can be read: nothing else follows.

    `names` are the headings, `samples` the first rows, `guess` the options that seem right.
    """

    names: tuple[str, ...]
    samples: tuple[tuple[str, ...], ...]
    guess: dict[str, str]


@dataclass(frozen=True, slots=True)
class Preview:
    """A picture of the `Parsed` before it, re-encoded, without metadata."""

    content_type: Literal["image/png", "image/jpeg"]
    data: bytes
    caption: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the box has read; `total` is None when it was not told."""

    done: int
    total: int | None
    unit: Literal["bytes", "entries"]


@dataclass(frozen=True, slots=True)
class Skipped:
    """An entry in which there is nothing to keep. Not an error."""

    place: str
    reason: str


Ordinary = Parsed | Preview | Progress | Skipped | Person | Piece | Columns
Output = Ordinary | Restored
