"""The trail (FHIR R4 AuditEvent, IHE BALP): what an event is and how rows of it are written."""

import hmac
import os
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID, uuid4

import orjson
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import keys
from accounts.actors import Actor
from accounts.models import AuditEvent

SUCCESS, DENIED = "success", "denied"


@dataclass(frozen=True, slots=True)
class Event:
    """One act to be written. `records` and `subject` name things by id; `detail` is sealed."""

    actor: Actor
    action: str
    patient_id: UUID | None = None
    records: Sequence[UUID] = ()
    subject: str = ""
    basis: str = ""
    outcome: str = SUCCESS
    detail: dict[str, object] | None = None

    @property
    def ground(self) -> str:
        """What the act stood on; nobody who acts for another is the owner."""
        return "proxy" if self.actor.acting_for and self.basis == "owner" else self.basis


class _Pen(threading.local):
    """This thread's own chain of event numbers, so that a row taken out before sealing shows."""

    def __init__(self) -> None:
        self.writer = uuid4()
        self.number = 0
        self.committed = 0

    def commit(self, number: int) -> None:
        self.committed = number


_pen = _Pen()


def _take_another_pen() -> None:
    global _pen  # noqa: PLW0603 - two processes that write with one pen hide each other's holes
    _pen = _Pen()


os.register_at_fork(after_in_child=_take_another_pen)


def write(events: Iterable[Event]) -> None:
    """Insert the events. Call as the last statement of a transaction: no row, no answer."""
    rows: list[AuditEvent] = []
    previous = _pen.committed
    for event in events:
        rows.append(_row(event, timezone.now(), previous))
        previous = _pen.number
    if not rows:
        return
    AuditEvent.objects.bulk_create(rows)
    transaction.on_commit(lambda: _pen.commit(previous))


def _row(event: Event, at: datetime, previous: int) -> AuditEvent:
    _pen.number += 1
    row = AuditEvent(
        at=at,
        actor_id=event.actor.user_id,
        door=event.actor.door.value,
        system=event.actor.system,
        action=event.action,
        outcome=event.outcome,
        patient_id=event.patient_id,
        records=list(event.records),
        subject=event.subject,
        basis=event.ground,
        request_id=event.actor.request_id,
        writer=_pen.writer,
        number=_pen.number,
        previous_number=previous,
    )
    if event.detail and event.patient_id:
        row.detail_sealed = keys.seal(
            event.patient_id, keys.Purpose.AUDIT, _place(row.id), orjson.dumps(event.detail)
        )
    row.mac = mac(row)
    return row


def _place(event_id: UUID) -> str:
    return f"accounts_auditevent/{event_id}/detail"


def detail(row: AuditEvent) -> dict[str, object]:
    """What was sealed with the event; empty once the patient's key is destroyed."""
    if row.detail_sealed is None or row.patient_id is None:
        return {}
    try:
        opened = keys.unseal(
            row.patient_id, keys.Purpose.AUDIT, _place(row.id), bytes(row.detail_sealed)
        )
    except keys.Unopenable:
        return {}
    return dict(orjson.loads(opened))


def canonical(row: AuditEvent) -> bytes:
    """The bytes that MAC and chain commit to: every column but `mac`, in a fixed order."""
    return orjson.dumps(
        [
            str(row.id),
            row.at.astimezone(timezone.get_default_timezone()).isoformat(timespec="microseconds"),
            str(row.actor_id or ""),
            row.door,
            row.system,
            row.action,
            row.outcome,
            str(row.patient_id or ""),
            [str(record) for record in row.records],
            row.subject,
            row.basis,
            bytes(row.detail_sealed or b"").hex(),
            row.request_id,
            str(row.writer),
            row.number,
            row.previous_number,
        ]
    )


def mac(row: AuditEvent) -> bytes:
    """HMAC-SHA256 under a key kept outside the database."""
    return hmac.digest(keys.portal_key("audit-mac"), canonical(row), sha256)


def about(patient_id: UUID) -> QuerySet[AuditEvent]:
    """Events about one patient, newest first; row-level security still decides who gets them."""
    return AuditEvent.objects.filter(patient_id=patient_id).order_by("-at", "-id")
