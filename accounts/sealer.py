"""The one sealer: gives events their sequence and hash chain, and anchors the head outside."""

import hmac
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import orjson
from django.conf import settings
from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts import keys
from accounts.acting import acting_as
from accounts.actors import Actor
from accounts.audit import canonical, mac
from accounts.models import AuditEvent, AuditSeal

BATCH = 2000
# How long a transaction may stay open before its events would be looked for no more.
LATEST_COMMIT = timedelta(hours=1)
UNSEALED_ALARM = timedelta(seconds=60)
LOCK = 0x5045414C


def seal_audit(actor: Actor) -> int:
    """Seal what is not sealed yet, oldest first, at most `BATCH` events. Returns how many."""
    with acting_as(actor):
        if not _only_sealer():
            return 0
        head = AuditSeal.objects.order_by("-sequence").first()
        events = list(_unsealed(head)[:BATCH])
        if not events:
            return 0
        seals = list(_chain(head, events))
        AuditSeal.objects.bulk_create(seals)
    _anchor(seals[-1])
    return len(seals)


def _only_sealer() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        row = cursor.fetchone()
    return bool(row and row[0])


def _unsealed(head: AuditSeal | None) -> QuerySet[AuditEvent]:
    rows = AuditEvent.objects.exclude(Exists(AuditSeal.objects.filter(event_id=OuterRef("id"))))
    if head is not None:
        # Counted from what was sealed last, not from when: after a pause there is more to seal.
        last = AuditEvent.objects.get(pk=head.event_id)
        rows = rows.filter(at__gt=last.at - LATEST_COMMIT)
    return rows.order_by("at", "id")


def _chain(head: AuditSeal | None, events: list[AuditEvent]) -> Iterator[AuditSeal]:
    sequence, previous = (head.sequence, bytes(head.hash)) if head else (0, b"")
    now = timezone.now()
    for event in events:
        sequence += 1
        previous = link(previous, event)
        yield AuditSeal(sequence=sequence, event_id=event.id, hash=previous, sealed_at=now)


def link(previous: bytes, event: AuditEvent) -> bytes:
    """SHA-256 over the previous hash and everything the event says."""
    return sha256(previous + canonical(event) + bytes(event.mac)).digest()


def note_restored(actor: Actor) -> None:
    """Say beside the anchors that the trail was wound back on purpose, to where it ends now."""
    with acting_as(actor):
        head = AuditSeal.objects.order_by("-sequence").first()
    now = timezone.now()
    _anchor(head or AuditSeal(sequence=0, hash=b""), at=now, restored=True)


def _anchor(head: AuditSeal, *, at: datetime | None = None, restored: bool = False) -> None:
    line: dict[str, object] = {
        "sequence": head.sequence,
        "hash": bytes(head.hash).hex(),
        "at": (at or head.sealed_at).isoformat(),
    }
    if restored:
        line["restored"] = True
    line["mac"] = _anchor_mac(line)
    path = Path(settings.PHR_AUDIT_ANCHOR_FILE)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as out:
        out.write(orjson.dumps(line) + b"\n")
        out.flush()
        os.fsync(out.fileno())


def _anchor_mac(line: dict[str, object]) -> str:
    text = f"{line['sequence']}|{line['hash']}|{line['at']}".encode()
    text += b"|restored" if line.get("restored") else b""
    return hmac.digest(keys.portal_key("audit-anchor"), text, sha256).hex()


@dataclass(frozen=True, slots=True)
class Verdict:
    """`code` 0 intact, 1 tampered, 2 cannot decide; `kind` and `place` name the first bad spot."""

    code: int
    events: int
    kind: str = ""
    place: str = ""


def verify(actor: Actor) -> Verdict:
    """Walk the whole chain, compare it with every anchor, and look for events taken out.

    Kinds: altered, missing, reordered, forged, gap, tail-cut, anchor-mismatch, unsealed,
    anchor-unreadable.
    """
    try:
        anchors = _anchors()
    except (OSError, ValueError, KeyError, TypeError):
        return Verdict(2, 0, "anchor-unreadable", Path(settings.PHR_AUDIT_ANCHOR_FILE).name)
    with acting_as(actor):
        return _walk(anchors)


@dataclass(slots=True)
class Anchors:
    """Sequence → hash of what must be there, and when the trail was wound back by a restore."""

    hashes: dict[int, str] = field(default_factory=dict)
    restored: list[datetime] = field(default_factory=list)


def _anchors() -> Anchors:
    """What was noted outside the database. Raises ValueError for a line that is not ours."""
    path = Path(settings.PHR_AUDIT_ANCHOR_FILE)
    found = Anchors()
    if not path.exists():
        return found
    for text in path.read_bytes().splitlines():
        line = orjson.loads(text)
        if not hmac.compare_digest(str(line["mac"]), _anchor_mac(line)):
            raise ValueError("an anchor was not written by this portal")
        if line.get("restored"):
            kept = {at: one for at, one in found.hashes.items() if at <= int(line["sequence"])}
            found.hashes = kept
            found.restored.append(datetime.fromisoformat(str(line["at"])))
        # The first word counts: a chain that was made anew is anchored again under old numbers.
        elif line["sequence"]:
            found.hashes.setdefault(int(line["sequence"]), str(line["hash"]))
    return found


def _walk(noted: Anchors) -> Verdict:
    anchors = noted.hashes
    count, previous = 0, b""
    for seal, event in _sealed():
        bad = _wrong(count, previous, seal, event)
        count, previous = count + 1, bytes(seal.hash)
        if not bad and anchors.get(count, previous.hex()) != previous.hex():
            bad = "anchor-mismatch"
        if bad:
            return Verdict(1, count - 1, bad, f"sequence {count}")
    if anchors and max(anchors) > count:
        return Verdict(1, count, "tail-cut", f"sequence {count + 1}")
    if count and not anchors:
        return Verdict(2, count, "anchor-unreadable", "no anchor file")
    return _outside_chain(count, noted.restored)


def _wrong(count: int, previous: bytes, seal: AuditSeal, event: AuditEvent | None) -> str:
    if event is None or seal.sequence != count + 1:
        return "missing"
    if not hmac.compare_digest(mac(event), bytes(event.mac)):
        return "altered"
    return "" if link(previous, event) == bytes(seal.hash) else "reordered"


def _sealed() -> Iterator[tuple[AuditSeal, AuditEvent | None]]:
    after = 0
    while seals := list(AuditSeal.objects.filter(sequence__gt=after).order_by("sequence")[:BATCH]):
        events = AuditEvent.objects.in_bulk([seal.event_id for seal in seals])
        for seal in seals:
            yield seal, events.get(seal.event_id)
        after = seals[-1].sequence


def _outside_chain(count: int, restored: list[datetime]) -> Verdict:
    """Events not sealed yet must be genuine, and no writer's numbers may have a hole."""
    unsealed = AuditEvent.objects.exclude(Exists(AuditSeal.objects.filter(event_id=OuterRef("id"))))
    for event in unsealed.iterator():
        if not hmac.compare_digest(mac(event), bytes(event.mac)):
            return Verdict(1, count, "forged", f"event {event.id}")
        if event.at < timezone.now() - UNSEALED_ALARM:
            return Verdict(2, count, "unsealed", f"event {event.id}")
    for hole in _holes():
        if not _first_since(hole, restored):
            return Verdict(1, count, "gap", f"before event {hole.id}")
    return Verdict(0, count + unsealed.count())


def _holes() -> QuerySet[AuditEvent]:
    before = AuditEvent.objects.filter(
        writer=OuterRef("writer"), number=OuterRef("previous_number")
    )
    return AuditEvent.objects.filter(previous_number__gt=0).exclude(Exists(before))


def _first_since(event: AuditEvent, restored: list[datetime]) -> bool:
    """Whether this is what a process wrote first after a restore had taken what it wrote before."""
    earlier = AuditEvent.objects.filter(writer=event.writer, at__lt=event.at)
    return any(at <= event.at and not earlier.filter(at__gte=at).exists() for at in restored)
