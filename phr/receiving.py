"""Uploaded files go from the socket into encrypted storage; no plaintext touches the disk."""

from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, NoReturn
from uuid import UUID

from django.core.files.uploadhandler import FileUploadHandler, StopFutureHandlers, StopUpload
from django.http import HttpRequest

from accounts.actors import Actor
from phr.room import NotTaken
from phr.services import deliveries, resumable, unasked, uploads
from phr.storage import CHUNK, Writer

# How much of a piece is in memory, and lost when the process is killed; a multiple of `CHUNK`.
STEP = 64 * CHUNK


@dataclass(frozen=True, slots=True)
class Received:
    """A file that arrived whole; it is not due until `complete_upload` says so."""

    upload_id: UUID
    size: int

    def close(self) -> None:
        """Django closes what a handler gave it; this was closed when its last byte came."""


class EncryptingUploadHandler(FileUploadHandler):
    """Keeps each file as it arrives; `received` and `problem` tell what came of them."""

    def __init__(self, request: HttpRequest, actor: Actor) -> None:
        super().__init__(request)
        self.actor = actor
        self.received: list[Received] = []
        self.problem = ""
        self._open: tuple[UUID, Writer] | None = None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        try:
            self._open = self.begin(self.file_name or "file")
        except NotTaken as refusal:
            self._stop(refusal)
        raise StopFutureHandlers

    def begin(self, file_name: str) -> tuple[UUID, Writer]:
        """Make ready for one file. Raises `NotTaken`."""
        return uploads.begin_upload(self.actor, file_name=file_name)

    def end(self, received: Received, described: Mapping[str, Any] | None) -> None:
        """Let a file that is here be due. Raises `NotTaken`."""
        uploads.complete_upload(
            self.actor, received.upload_id, size=received.size, described=described
        )

    def abandon(self, upload_id: UUID) -> None:
        """Leave nothing of a file."""
        uploads.abandon_upload(self.actor, upload_id)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:  # noqa: ARG002
        if self._open is None:
            return
        try:
            self._open[1].write(raw_data)
        except NotTaken as refusal:
            self._stop(refusal)

    def _stop(self, refusal: NotTaken) -> NoReturn:
        self.problem = str(refusal)
        self.upload_interrupted()
        raise StopUpload(connection_reset=False)

    def file_complete(self, file_size: int) -> Any:
        if self._open is None:
            return None
        upload_id, writer = self._open
        if file_size == 0:
            self.problem = "One of the files is empty."
            self.upload_interrupted()
            return None
        writer.close()
        self._open = None
        self.received.append(Received(upload_id, writer.size))
        return self.received[-1]

    def upload_interrupted(self) -> None:
        if self._open is not None:
            upload_id, writer = self._open
            self._open = None
            writer.abandon()
            self.abandon(upload_id)

    def upload_complete(self) -> None:
        # A connection that broke looks to Django like the end of the last file.
        stream: Any = self.request._stream  # type: ignore[union-attr]  # noqa: SLF001
        if stream._pos < stream.limit:  # noqa: SLF001
            self.give_up("The connection was lost. Please send the files again.")

    def complete(self, described: Mapping[str, Any] | None = None) -> None:
        """From now on what arrived is due; what has no room any more is left out (`problem`).

        `described` says what the one file is (`uploads.complete_upload`).
        """
        for received in self.received:
            try:
                self.end(received, described)
            except NotTaken as refusal:
                self.problem = str(refusal)
                self.abandon(received.upload_id)

    def give_up(self, problem: str) -> None:
        """Leave nothing of what came with this request."""
        self.upload_interrupted()
        for received in self.received:
            self.abandon(received.upload_id)
        self.received.clear()
        self.problem = problem


class DeliveringUploadHandler(EncryptingUploadHandler):
    """The same for what somebody else sends in for a patient: it waits for her answer."""

    def __init__(
        self, request: HttpRequest, actor: Actor, patient_id: UUID, *, named: str = ""
    ) -> None:
        super().__init__(request, actor)
        self.patient_id, self.named = patient_id, named

    def begin(self, file_name: str) -> tuple[UUID, Writer]:
        return deliveries.begin(self.actor, self.patient_id, file_name=file_name, named=self.named)

    def end(self, received: Received, described: Mapping[str, Any] | None) -> None:  # noqa: ARG002
        deliveries.complete(self.actor, self.patient_id, received.upload_id, size=received.size)

    def abandon(self, upload_id: UUID) -> None:
        deliveries.abandon(self.actor, self.patient_id, upload_id)


class OfferedUploadHandler(EncryptingUploadHandler):
    """The same for what nobody asked for; nothing tells whether it is kept."""

    def __init__(self, request: HttpRequest, actor: Actor, offer_id: UUID) -> None:
        super().__init__(request, actor)
        self.offer_id = offer_id

    def begin(self, file_name: str) -> tuple[UUID, Writer]:
        return unasked.begin(self.actor, self.offer_id, file_name=file_name)

    def end(self, received: Received, described: Mapping[str, Any] | None) -> None:  # noqa: ARG002
        unasked.complete(self.actor, self.offer_id, received.upload_id, size=received.size)

    def abandon(self, upload_id: UUID) -> None:
        unasked.abandon(self.actor, upload_id)


@dataclass(frozen=True, slots=True)
class Proof:
    """What a sender says the bytes of a piece hash to: a hash object to feed, and its digest."""

    hashed: Any
    digest: bytes
    size: int

    def holds(self, step: bytes, taken: int) -> bool:
        """False once the last step is here and the bytes are others; they are counted from 0."""
        self.hashed.update(step)
        whole = taken + len(step) >= self.size
        return not whole or compare_digest(self.hashed.digest(), self.digest)


def receive_piece(
    request: HttpRequest, actor: Actor, upload_id: UUID, offset: int, proof: Proof | None = None
) -> int:
    """Take the body of a request as what follows on byte `offset` of a file. Returns how much.

    It is decided anew with each step, and each is durable before the next one is read; where the
    connection breaks, what came before is kept. Raises what `resumable.add` raises, and `Mismatch`
    when nothing of the piece is kept, since it is not what was sent.
    """
    taken = 0
    while step := _read(request):
        if proof and not proof.holds(step, taken):
            resumable.rewind(actor, upload_id, at=offset + taken, to=offset)
            raise resumable.Mismatch
        now = resumable.add(actor, upload_id, step, offset=offset + taken)
        taken += now
        if now < len(step):
            break
    return taken


def _read(request: HttpRequest) -> bytes:
    step = bytearray()
    try:
        while len(step) < STEP and (part := request.read(min(CHUNK, STEP - len(step)))):
            step += part
    except OSError:
        pass  # The connection broke: what came counts.
    return bytes(step)
