"""What the parts of an archive share: whose it is, where it goes, and what is known so far."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.actors import Actor
from phr.display import Shown
from rights.archive.aside import Aside
from rights.archive.choice import Choice
from rights.archive.pack import Pack
from sharing.categories import Category

# Bytes of a file that count as one step of progress, like one record.
BYTES_A_STEP = 16 * 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """One record; `more` are the values of the columns that were asked for besides."""

    id: UUID
    resource_type: str
    category: str
    at_text: str
    dated: bool
    version: int
    more: tuple[Any, ...]

    @property
    def effective_at(self) -> datetime:
        return datetime.fromisoformat(self.at_text)


@dataclass(frozen=True, slots=True)
class Listed:
    """The items of one category on its pages: the newest in words with their days, and how many."""

    total: int
    newest: list[tuple[Kept, Shown, str]] = field(default_factory=list)


@dataclass
class Room:
    """One archive while it is made: of everything, or of what is chosen.

    `beat` is told of every few steps done; it raises when the work must stop. `counts` are records
    by resource type; `paths` where the bytes of a Binary are; `damaged` what could not be opened;
    `listed` what the pages said. `links` and `results` are files that are written later.
    """

    actor: Actor
    patient_id: UUID
    user_id: UUID
    pack: Pack
    made_at: datetime
    beat: Callable[[int], None]
    choice: Choice | None = None
    counts: Counter[str] = field(default_factory=Counter)
    paths: dict[UUID, str] = field(default_factory=dict)
    damaged: list[str] = field(default_factory=list)
    listed: dict[Category, Listed] = field(default_factory=dict)
    links: Aside = field(default_factory=Aside)
    results: Aside = field(default_factory=Aside)

    def flowing(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """The same pieces of a file, told to `beat`."""
        read = 0
        for piece in pieces:
            read += len(piece)
            if read >= BYTES_A_STEP * 64:
                self.beat(read // BYTES_A_STEP)
                read = 0
            yield piece
        self.beat(read // BYTES_A_STEP)
