"""What the box hands out beside records: pictures, and files that came inside another."""

from types import TracebackType
from typing import Self
from uuid import UUID

from django.db.models.functions import Now

from accounts.acting import acting_as
from accounts.actors import Actor
from phr import storage
from phr.formats.parsed import Piece, Preview, Refused
from phr.models import Binary
from phr.room import NotTaken, Taking, ask
from phr.storage import Writer


class Parts:
    """Takes one file after the other, piece by piece, for a patient.

    The row comes first, then the file: what is not joined to a record in the end, since its import
    was killed or refused, is cleared away later. Leaving the block destroys a file that is not whole.
    """

    def __init__(self, actor: Actor, patient_id: UUID) -> None:
        self._actor, self._patient_id = actor, patient_id
        self._writer: Writer | None = None
        self._taking: Taking | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._writer:
            self._writer.abandon()

    def take(self, item: Piece | Preview) -> list[UUID]:
        """Write a piece of a file, or a picture. Returns the id of its Binary once it is whole.

        Raises Refused where there is no room for it.
        """
        try:
            self._room().take(len(item.data))
        except NotTaken as no:
            raise Refused(str(no)) from no
        writer = self._writer or self._begin(item)
        writer.write(item.data)
        return self._finish(writer) if isinstance(item, Preview) or item.last else []

    def _room(self) -> Taking:
        if self._taking is None:
            with acting_as(self._actor, about=self._patient_id):
                self._taking = Taking(ask(self._patient_id, 0))
        return self._taking

    def _begin(self, item: Piece | Preview) -> Writer:
        with acting_as(self._actor, about=self._patient_id):
            binary = Binary.objects.create(
                patient_id=self._patient_id,
                name=storage.new_name(),
                use=Binary.Use.PICTURE if isinstance(item, Preview) else Binary.Use.PART,
                content_type=item.content_type[:80],
            )
        with acting_as(self._actor, about=self._patient_id):
            # While its row is held nobody can purge it: no file is made that no row knows.
            if not Binary.objects.select_for_update().filter(pk=binary.pk).exists():
                raise FileNotFoundError
            self._writer = Writer(binary.name, self._patient_id, binary.pk)
        self._id = binary.pk
        return self._writer

    def _finish(self, writer: Writer) -> list[UUID]:
        writer.close()
        self._writer = None
        with acting_as(self._actor, about=self._patient_id):
            rows = Binary.objects.filter(pk=self._id)
            rows.update(size=writer.size, complete_at=Now())
        return [self._id]
