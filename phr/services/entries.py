"""What people write into their record by hand, and what they correct."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import orjson
from django.utils import timezone

from accounts.acting import acting_as, note
from accounts.actors import Actor
from phr.bodies import open_body, open_bytes, seal_body
from phr.display import headline
from phr.elements import Json, element, exactly, replaced
from phr.formats.parsed import Parsed, Refused
from phr.formats.resource import made
from phr.likeness import likeness
from phr.models import Provenance, Record
from phr.once import KNOWN, once
from phr.past import keep_past
from phr.reckoning import notes
from phr.sources import scopes_of, seal_reason
from phr.staging import Row, Sealer
from sharing import policy
from sharing.policy import Action
from sharing.services import granting
from sharing.tokens import joined

NOT_NEW = "Nothing is different, so nothing was changed."
MEANWHILE = "This item was changed meanwhile. Look at it again, then correct it."
_CHANGING = (
    "category", "effective_at", "dated", "labels", "tokens", "digest", "likeness", "version",
    "body_sealed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One of the actor's own items as it stands, to be corrected."""

    id: UUID
    version: int
    title: str
    resource: Json


def enter(actor: Actor, resource: Mapping[str, Any]) -> UUID:
    """Keep a FHIR R4 resource that the actor wrote down herself. Returns the Record's id.

    Raises `Refused` with a sentence when it is not valid or she has the same already, `Restricted`
    when the record must rest.
    """
    with acting_as(actor):
        patient = policy.require_kept(actor, Action.CREATE)
        item = _made({**resource, "meta": _now()})
        row = Sealer(patient.pk).row(item)
        with once():
            Record.objects.create(patient_id=patient.pk, **_columns(row), id=row.id)
            _write_provenance(actor, patient.pk, row.id, 1)
        note("enter", patient_id=patient.pk, records=[row.id], basis=policy.OWNER.text)
        return row.id


def enter_all(actor: Actor, resources: Iterable[Mapping[str, Any]]) -> int:
    """The same for several, all or none. Returns how many were new; the rest she had already."""
    added = 0
    with acting_as(actor):
        for resource in resources:
            try:
                enter(actor, resource)
                added += 1
            except Refused as refused:
                if refused.sentence != KNOWN:
                    raise
    return added


def entry(actor: Actor, record_id: UUID) -> Entry:
    """One of the actor's own items to be corrected; audited. Raises `Denied` or `Restricted`."""
    with acting_as(actor):
        patient = policy.require_kept(actor, Action.UPDATE)
        row = policy.require(actor, Action.UPDATE, Record.objects.all(), patient.pk, record_id)
        resource = open_body(patient.pk, row.pk, row.version, bytes(row.body_sealed))
        note("read", patient_id=patient.pk, records=[row.pk], basis=policy.OWNER.text)
        return Entry(row.pk, row.version, headline(resource), resource)


def correct(
    actor: Actor, record_id: UUID, elements: Mapping[str, Json], *, reason: str, version: int
) -> None:
    """Replace elements of one of the actor's own items: a new version; the old one stays readable.

    `elements` are FHIR elements by name (`onset[x]`) with the members they are to have; all others
    stay as they are, to the last digit. `version` is the one she looked at. Raises `Refused` with a
    sentence when that is not in force any more, nothing is different, or it is not valid.
    """
    with acting_as(actor):
        patient = policy.require_kept(actor, Action.UPDATE)
        rows = Record.objects.select_for_update(of=("self",))
        row = policy.require(actor, Action.UPDATE, rows, patient.pk, record_id)
        if row.version != version:
            raise Refused(MEANWHILE)
        raw = open_bytes(patient.pk, row.pk, row.version, bytes(row.body_sealed))
        if all(element(orjson.loads(raw), name) == new for name, new in elements.items()):
            raise Refused(NOT_NEW)
        old = exactly(raw)
        meta = {**old.get("meta", {}), **_now()}
        item = _made({**replaced(old, elements), "meta": meta})
        with acting_as(actor, about=patient.pk):
            alike = likeness(patient.pk, item.body, scopes_of(row))
        _next_version(row, _made(old), item, alike)
        _write_provenance(actor, patient.pk, row.pk, row.version, reason)
        note("correct", patient_id=patient.pk, records=[row.pk], basis=policy.OWNER.text)


def _now() -> Json:
    at = timezone.now().isoformat(timespec="milliseconds")
    return {"lastUpdated": at.replace("+00:00", "Z")}


def _made(resource: Json) -> Parsed:
    """The resource checked; a note is found by its words too."""
    item = made(resource, "what you wrote")
    return replace(item, terms=(*item.terms, *notes(resource)))


def _next_version(row: Record, old: Parsed, new: Parsed, alike: bytes | None) -> None:
    sealer = Sealer(row.patient_id)
    before, after = sealer.row(old), sealer.row(new)
    keep_past(row)
    columns = _columns(after) | {"version": row.version + 1, "likeness": alike}
    columns["body_sealed"] = seal_body(row.patient_id, row.pk, row.version + 1, new.body)
    # What the words of the old version do not account for is how other items refer to this one.
    columns["tokens"] = sorted({*after.tokens} | ({*row.tokens} - {*before.tokens}))
    # Never less careful than before: a label that she or a file gave stays.
    columns["labels"] = joined(row.patient_id, (*row.labels, *after.labels))
    if not after.dated:
        columns["effective_at"] = row.created_at
    if columns["labels"] != sorted(row.labels) or columns["category"] != row.category:
        granting.move_epoch(row.patient_id)
    if row.resource_type == "DocumentReference" and before.digest != bytes(row.digest):
        # It tells the bytes of a file from others; what is said about the file does not change them.
        columns["digest"] = row.digest
    columns = {name: columns[name] for name in _CHANGING} | {"updated_at": timezone.now()}
    for name, value in columns.items():
        setattr(row, name, value)
    with once():
        row.save(update_fields=list(columns))


def _columns(row: Row) -> dict[str, Any]:
    return {
        "resource_type": row.resource_type,
        "category": row.category,
        "effective_at": row.effective_at,
        "dated": row.dated,
        "labels": row.labels,
        "tokens": row.tokens,
        "digest": row.digest,
        "identity": row.identity,
        "body_sealed": row.body_sealed,
    }


def _write_provenance(
    actor: Actor, patient_id: UUID, record_id: UUID, version: int, reason: str = ""
) -> None:
    Provenance.objects.create(
        patient_id=patient_id,
        record_id=record_id,
        by_id=actor.user_id,
        version=version,
        reason_sealed=seal_reason(patient_id, record_id, version, reason),
    )
