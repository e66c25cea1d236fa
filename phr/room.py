"""Room for files: what one file, one person's record and the disk may take.

Every way in asks here: the plain form, dropped files, pieces, ZIP files and what comes out of them,
documents by hand and the operator's command.
"""

from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Sum
from django.db.models.functions import Now

from phr import storage
from phr.models import Binary, Upload
from phr.storage import Shredder, Writer

# The disk is asked again after so many bytes of a file.
STEP = 4 * 1024 * 1024
# Or two files at once would both find the same room. Workers may not lock a patient's row.
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtextextended(%s::text, 9))"


class NotTaken(Exception):
    """The file cannot be taken, or not now; the text says why, for its owner."""


class TooMuch(NotTaken):
    """It is larger than what one file, one person or one piece may be."""


class TooLarge(TooMuch):
    def __init__(self, most: int | None = None) -> None:
        megabytes = (most or settings.PHR_UPLOAD_MOST_BYTES) // 1_000_000
        super().__init__(f"The file is larger than {megabytes} MB, the largest we can take.")


class Full(TooMuch):
    """All files of one person together would be more than `PHR_PATIENT_MOST_BYTES`."""

    def __init__(self) -> None:
        most = settings.PHR_PATIENT_MOST_BYTES
        told = f"{most // 10**9} GB" if most >= 10**9 else f"{most // 10**6} MB"
        super().__init__(
            f"Your record can hold {told} of files, and this would be more."
            " Delete files you do not need any more, then try again."
        )


class NoRoom(NotTaken):
    """The disk has too little room left."""

    def __init__(self) -> None:
        super().__init__("There is no room for this file at the moment. Please try again later.")


def ask_disk(size: int) -> None:
    """Raises NoRoom unless `size` more bytes leave `PHR_UPLOAD_SPARE_BYTES` free."""
    if storage.free_bytes() - size < settings.PHR_UPLOAD_SPARE_BYTES:
        raise NoRoom


def ask(patient_id: UUID, size: int) -> int:
    """Whether a file of `size` bytes has room beside her others. Returns what is left, in bytes.

    Within an act about her, and before its rows are locked: until its end nobody else is answered
    about her. Raises TooLarge, Full or NoRoom.
    """
    if size > settings.PHR_UPLOAD_MOST_BYTES:
        raise TooLarge
    ask_disk(size)
    with connection.cursor() as cursor:
        cursor.execute(_ONE_AT_A_TIME, [patient_id])
    left = settings.PHR_PATIENT_MOST_BYTES - held(patient_id) - size
    if left < 0:
        raise Full
    return left


def held(patient_id: UUID) -> int:
    """The bytes of all files of a patient, archives to download aside; announced ones count."""
    whole = Binary.objects.filter(patient_id=patient_id, complete_at__isnull=False)
    whole = whole.exclude(use=Binary.Use.EXPORT)
    announced = Upload.objects.filter(
        patient_id=patient_id, original__complete_at=None, original__arriving_until__gt=Now()
    )
    return sum(
        rows.aggregate(bytes=Sum(column))["bytes"] or 0
        for rows, column in ((whole, "size"), (announced, "expected_size"))
    )


class Taking:
    """Counts the bytes of a file whose size is not known before; `left` is the room of its owner."""

    def __init__(self, left: int, most: int | None = None) -> None:
        self._left, self._most, self._asked = left, most, 0
        self.size = 0

    def take(self, size: int) -> None:
        """Raises TooLarge, Full or NoRoom before `size` more bytes are written."""
        self.size += size
        if self._most is not None and self.size > self._most:
            raise TooLarge(self._most)
        if self.size > self._left:
            raise Full
        if self.size - self._asked > STEP:
            self._asked = self.size
            ask_disk(size)


class Bounded(Writer):
    """A writer that takes no more than one file may have and there is room for."""

    def __init__(self, binary: Binary, left: int, most: int | None = None) -> None:
        super().__init__(binary.name, binary.patient_id, binary.pk)
        self._taking = Taking(left, most or settings.PHR_UPLOAD_MOST_BYTES)

    def write(self, data: bytes) -> None:
        """As `Writer.write`. Raises TooLarge, Full or NoRoom."""
        self._taking.take(len(data))
        super().write(data)


class Bottomless(Shredder):
    """The same for what is taken in and kept nowhere; `most` bytes."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._taking = Taking(most, most)

    def write(self, data: bytes) -> None:
        """As `Bounded.write`. Raises TooLarge or NoRoom."""
        self._taking.take(len(data))
        super().write(data)
