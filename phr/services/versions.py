"""One version of a record beside the version that took its place."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.acting import acting_as
from accounts.actors import Actor, Denied
from phr.bodies import open_body
from phr.display import describe, references
from phr.display.compared import Change, compared, unsaid
from phr.models import Binary, Record, RecordVersion
from phr.services.items import note_reads
from phr.services.links import linked
from phr.sources import Source, aside_of, files_of, sources_of
from sharing import policy
from sharing.policy import Action


@dataclass(frozen=True, slots=True)
class Compared:
    """Version `before`, which stood until `ended_at`, and the one after it.

    `newest` is in force, `earlier` the past version before it. `then` is where the later one comes
    from, None where nothing tells. `unsaid`: it differs only in what is
    not put into words. `open`: a file says the earlier one beside hers, and she has not settled it.
    `files` came with that.
    """

    record_id: UUID
    title: str
    before: int
    after: int
    newest: int
    earlier: int | None
    ended_at: datetime
    then: Source | None
    changes: list[Change]
    unsaid: bool
    open: bool = False
    files: list[Binary] = field(default_factory=list)

    @property
    def changed(self) -> list[Change]:
        return [change for change in self.changes if change.changed]

    @property
    def same(self) -> list[Change]:
        return [change for change in self.changes if not change.changed]


def compare(actor: Actor, record_id: UUID, version: int) -> Compared:
    """A past version of one of the actor's own records and the next one; audited.

    Raises `Denied` when there is no such past version.
    """
    with acting_as(actor):
        patient = policy.require_kept(actor)
        why = policy.grounds(actor, Action.READ, patient.pk)
        rows = Record.objects.all()
        row = policy.require(actor, Action.READ, rows, patient.pk, record_id, known=why)
        past = row.versions.filter(version=version).first()
        if past is None:
            raise Denied("read", patient_id=patient.pk, subject=f"Record/{record_id}")
        later = row.versions.filter(version__gt=version).order_by("version").first() or row
        before, after = _body(past, row.pk), _body(later, row.pk)
        wanted = {row.pk: [*references(before), *references(after)]}
        others, named = linked(actor, patient.pk, wanted, why)
        note_reads(patient.pk, [row, *named], why)
        old, new = (describe(each, others.get(row.pk, {})) for each in (before, after))
        changes = compared(old, new)
        then = next((one for one in sources_of(row) if one.version == later.version), None)
        return Compared(
            row.pk,
            new.title if then and then.stays else old.title,
            version,
            later.version,
            row.version,
            _earlier(row, version),
            past.ended_at,
            then,
            changes,
            unsaid(before, after, changes),
            open=aside_of(row) == version,
            files=files_of(row, aside=version),
        )


def _body(each: Record | RecordVersion, record_id: UUID) -> dict[str, Any]:
    return open_body(each.patient_id, record_id, each.version, bytes(each.body_sealed))


def _earlier(row: Record, version: int) -> int | None:
    numbers = row.versions.filter(version__lt=version).order_by("-version")
    return numbers.values_list("version", flat=True).first()
