"""What a file says beside what its patient wrote: she keeps hers, or takes over what the file says."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.utils import timezone

from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied, System
from phr.bodies import open_bytes, seal_body
from phr.formats.parsed import Refused
from phr.models import Provenance, Record, RecordFile
from phr.once import once
from phr.past import keep_past
from phr.reckoning import columns_of
from phr.services.entries import MEANWHILE
from phr.sources import aside_of
from phr.updates import names_of
from sharing import policy
from sharing.policy import Action
from sharing.services import granting
from sharing.tokens import joined

# Joins files to records, which no session may.
JOINER = Actor.job(System.RENEW)


@contextmanager
def _settling(actor: Actor, record_id: UUID, version: int, action: str) -> Iterator[Record]:
    """One of the actor's own records in this version, beside which a file says something else."""
    with acting_as(actor):
        patient = policy.require_kept(actor, Action.UPDATE)
        granting.move_epoch(patient.pk)
        rows = Record.objects.select_for_update(of=("self",))
        row = policy.require(actor, Action.UPDATE, rows, patient.pk, record_id)
        if row.version != version or not aside_of(row):
            raise Refused(MEANWHILE)
        yield row
        note(action, patient_id=patient.pk, records=[row.pk], basis=policy.OWNER.text)


def keep_mine(actor: Actor, record_id: UUID, *, version: int) -> None:
    """Say that what she wrote, in force as `version`, stays: it is asked no more.

    Raises `Refused` with a sentence when that is not in force any more or was settled already.
    """
    with _settling(actor, record_id, version, "keep-mine") as row:
        Provenance.objects.create(
            patient_id=row.patient_id,
            record=row,
            by_id=actor.user_id,
            version=row.version,
            outcome=Provenance.Outcome.MINE,
        )


def take_theirs(actor: Actor, record_id: UUID, *, version: int) -> None:
    """Put what the file says into force as a new version; what she wrote stays readable.

    The files that came with it are the item's from then on, beside those it has. The version counts
    as the file's: it goes when the import of the file is undone. Raises `Refused` as above, and when
    she has another item that says just this.
    """
    with _settling(actor, record_id, version, "take-theirs") as row:
        past = row.versions.get(version=aside_of(row))
        said = open_bytes(row.patient_id, row.pk, past.version, bytes(past.body_sealed))
        hers = open_bytes(row.patient_id, row.pk, row.version, bytes(row.body_sealed))
        columns = columns_of(row, past)
        columns["labels"] = joined(row.patient_id, (*row.labels, *columns["labels"]))
        columns["tokens"] = sorted({*columns["tokens"], *names_of(row, hers)})
        file = row.provenances.filter(upload__isnull=False, version=past.version).first()
        if file is None:
            raise Denied("take-theirs", patient_id=row.patient_id, subject=f"Record/{row.pk}")
        keep_past(row)
        row.version += 1
        row.body_sealed = seal_body(row.patient_id, row.pk, row.version, said)
        row.updated_at = timezone.now()
        for name, value in columns.items():
            setattr(row, name, value)
        with once():
            row.save(update_fields=["version", "body_sealed", "updated_at", *columns])
        Provenance.objects.create(
            patient_id=row.patient_id,
            record=row,
            upload_id=file.upload_id,
            version=row.version,
            place=file.place,
            outcome=Provenance.Outcome.THEIRS,
        )
        with acting_as(JOINER, about=row.patient_id):
            RecordFile.objects.filter(record=row, aside=past.version).update(aside=None)
