"""What the parts of an archive share: whose it is, where it goes, and what is known so far."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from accounts.actors import Actor
from rights.archive.choice import Choice
from rights.archive.pack import Pack

# Bytes of a file that count as one step of progress, like one record.
BYTES_A_STEP = 16 * 1024


@dataclass
class Room:
    """One archive while it is made: of everything, or of what is chosen.

    `beat` is told of every few steps done; it raises when the work must stop. `counts` are records
    by resource type; `paths` where the bytes of a Binary are; `damaged` what could not be opened.
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
