"""Re-homing: a held item is sealed anew under a key of the hold itself, before its patient's key dies.

Every step has its own transaction under the hold's lock and may be killed between any two lines;
run again, it goes on where it stopped. A hold that was released meanwhile is left alone.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from django.db.models import Q
from django.utils import timezone

from accounts import keys
from accounts.acting import acting_as, note
from accounts.actors import Actor
from accounts.keys import Purpose, Unopenable
from accounts.models import Patient
from phr import storage
from phr.bodies import open_bytes
from phr.models import Binary, Record, RecordFile
from rights.models import HeldFile, HeldItem, Hold
from sharing.tokens import labels_of


class Unverified(Exception):
    """What was written under the hold's key does not read back as it was; nothing is given up."""


def rehome(actor: Actor, hold_id: UUID, patient_id: UUID) -> bool:
    """Carry one held item over, whole and verified. Returns whether this run finished it.

    What cannot be opened (damaged, or its key already destroyed) is marked as lost, so that an
    erasure never waits for it. Raises `Unverified`.
    """
    if not _prepare(actor, hold_id, patient_id):
        return False
    for file_id in _missing_files(actor, hold_id, patient_id):
        _copy(actor, hold_id, patient_id, file_id)
    return _seal(actor, hold_id, patient_id)


def _locked(hold_id: UUID) -> Hold | None:
    """The hold, if it still asks for its item; nobody else decides about it meanwhile."""
    return Hold.objects.homeless().select_for_update(no_key=True).filter(pk=hold_id).first()


def _prepare(actor: Actor, hold_id: UUID, patient_id: UUID) -> bool:
    """Make the hold's key, and name its files before any is written, so that none is ever a stray."""
    with acting_as(actor, about=patient_id):
        hold = _locked(hold_id)
        if hold is None:
            return False
        if not keys.has_key(hold.pk):
            keys.create_patient_key(hold.pk)
            # What a key that was lost had sealed is sealed again.
            HeldFile.objects.filter(hold=hold).update(facts_sealed=None, complete_at=None)
        known = HeldFile.objects.filter(hold=hold).values_list("binary_id", flat=True)
        links = RecordFile.objects.filter(Q(record_id=hold.record_id)).exclude(binary_id__in=known)
        HeldFile.objects.bulk_create(
            HeldFile(hold=hold, patient_id=patient_id, binary_id=one, name=storage.new_name())
            for one in links.values_list("binary_id", flat=True)
        )
        return True


def _missing_files(actor: Actor, hold_id: UUID, patient_id: UUID) -> list[UUID]:
    with acting_as(actor, about=patient_id):
        rows = HeldFile.objects.filter(hold_id=hold_id, complete_at=None)
        return list(rows.order_by("id").values_list("pk", flat=True))


def _copy(actor: Actor, hold_id: UUID, patient_id: UUID, file_id: UUID) -> None:
    with acting_as(actor, about=patient_id):
        hold = _locked(hold_id)
        file = HeldFile.objects.filter(pk=file_id, complete_at=None).first()
        if hold is None or file is None:
            return
        try:
            source = Binary.objects.get(pk=file.binary_id)
            file.facts_sealed = _written(hold, file, source)
        except (Binary.DoesNotExist, FileNotFoundError, Unopenable):
            _lose(hold)
            storage.destroy(file.name)
        file.complete_at = timezone.now()
        file.save(update_fields=["facts_sealed", "complete_at"])


def _written(hold: Hold, file: HeldFile, source: Binary) -> bytes:
    """Write the file under the hold's key, read it back, and return what is to be known of it.

    Raises `Unopenable` and FileNotFoundError when the patient's own file cannot be read.
    """
    storage.destroy(file.name)
    plain = storage.read(source.name, source.patient_id, source.pk)
    writer = storage.put(file.name, hold.pk, file.pk, plain)
    if _digest(hold, file) != writer.digest:
        raise Unverified
    facts = {
        "content_type": source.content_type,
        "use": source.use,
        "size": writer.size,
        "sha256": writer.digest.hex(),
    }
    return keys.seal(hold.pk, Purpose.BODY, _file_place(file), orjson.dumps(facts))


def _digest(hold: Hold, file: HeldFile) -> bytes:
    found = sha256()
    try:
        for piece in storage.read(file.name, hold.pk, file.pk):
            found.update(piece)
    except Unopenable as error:
        raise Unverified from error
    return found.digest()


def _seal(actor: Actor, hold_id: UUID, patient_id: UUID) -> bool:
    with acting_as(actor, about=patient_id):
        hold = _locked(hold_id)
        if hold is None:
            return False
        record = Record.objects.filter(Q(pk=hold.record_id)).first()
        try:
            plain = zlib.compress(orjson.dumps(_facts(record)), 1) if record else b""
        except Unopenable:
            plain = b""
        if not plain:
            _lose(hold)
            return False
        _keep(hold, patient_id, plain)
        _verify_files(hold)
        hold.rehomed_at = timezone.now()
        hold.save(update_fields=["rehomed_at"])
        note(
            "rehome",
            patient_id=patient_id,
            records=[record.pk] if record else [],
            subject=f"Hold/{hold.pk}",
            basis=f"job:{actor.system}",
        )
        return True


def _keep(hold: Hold, patient_id: UUID, plain: bytes) -> None:
    sealed = keys.seal(hold.pk, Purpose.BODY, _place(hold), plain)
    HeldItem.objects.update_or_create(
        hold=hold, defaults={"patient_id": patient_id, "body_sealed": sealed}
    )
    if _unsealed(hold, _place(hold), HeldItem.objects.get(hold=hold).body_sealed) != plain:
        raise Unverified


def _verify_files(hold: Hold) -> None:
    """Files of an earlier run were sealed under this very key, too."""
    for file in HeldFile.objects.filter(hold=hold, facts_sealed__isnull=False):
        _unsealed(hold, _file_place(file), file.facts_sealed or b"")


def _unsealed(hold: Hold, place: str, sealed: bytes | memoryview) -> bytes:
    try:
        return keys.unseal(hold.pk, Purpose.BODY, place, bytes(sealed))
    except Unopenable as error:
        raise Unverified from error


def _facts(record: Record) -> dict[str, Any]:
    """The item as it is kept: every version as received, and what is needed to handle it."""
    past = record.versions.order_by("-version")
    rows = [(one.version, one.ended_at, one.body_sealed) for one in past]
    return {
        "resourceType": record.resource_type,
        "category": record.category,
        "labels": [label.value for label in labels_of(record.patient_id, record.labels)],
        "effective_at": record.effective_at if record.dated else None,
        "recorded_at": list(record.provenances.values_list("recorded_at", flat=True)),
        "versions": [
            {
                "version": number,
                "ended_at": ended_at,
                "resource": open_bytes(
                    record.patient_id, record.pk, number, bytes(sealed)
                ).decode(),
            }
            for number, ended_at, sealed in [(record.version, None, record.body_sealed), *rows]
        ],
    }


def _lose(hold: Hold) -> None:
    if hold.lost_at:
        return
    hold.lost_at = timezone.now()
    hold.save(update_fields=["lost_at"])
    note("hold-lost", patient_id=hold.patient_id, subject=f"Hold/{hold.pk}")


def destroy(actor: Actor, hold_id: UUID) -> bool:
    """Destroy what is kept for an ended hold: files, rows, and the key of the hold itself.

    May be run again at any point. Returns whether it came to its end in this run.
    """
    with acting_as(actor):
        about = Hold.objects.ended().filter(pk=hold_id).values_list("patient_id", flat=True).first()
    if about is None:
        return False
    with acting_as(actor, about=about):
        rows = Hold.objects.ended().select_for_update(no_key=True, skip_locked=True)
        hold = rows.filter(pk=hold_id).first()
        if hold is None:
            return False
        empty(hold)
        if hold.rehomed_at:
            subject, basis = f"Hold/{hold.pk}", f"job:{actor.system}"
            note("hold-destroy", patient_id=about, subject=subject, basis=basis)
        return True


def empty(hold: Hold) -> None:
    """Inside an act about the hold's patient: take away everything kept for it, the key included."""
    for file in HeldFile.objects.filter(hold=hold):
        storage.destroy(file.name)
        file.delete()
    HeldItem.objects.filter(hold=hold).delete()
    keys.destroy_patient_key(hold.pk)
    hold.emptied_at = timezone.now()
    if not Patient.objects.filter(Q(pk=hold.patient_id)).exists():
        hold.patient_id = hold.record_id = None
    hold.save(update_fields=["emptied_at", "patient_id", "record_id"])


@dataclass(frozen=True, slots=True)
class Opened:
    """A held item on its way out: its JSON, and its files with names that say nothing."""

    item: bytes
    files: list[tuple[str, Iterator[bytes]]]


def opened(hold: Hold) -> Opened:
    """Open a re-homed item with the hold's key, inside an act about its patient."""
    item = HeldItem.objects.get(hold=hold)
    plain = keys.unseal(hold.pk, Purpose.BODY, _place(hold), bytes(item.body_sealed))
    whole = HeldFile.objects.filter(hold=hold, facts_sealed__isnull=False).order_by("id")
    return Opened(
        zlib.decompress(plain),
        [(f"file-{file.pk.hex[:8]}", storage.read(file.name, hold.pk, file.pk)) for file in whole],
    )


def _place(hold: Hold) -> str:
    return f"rights_helditem/{hold.pk}/body"


def _file_place(file: HeldFile) -> str:
    return f"rights_heldfile/{file.pk}/facts"
