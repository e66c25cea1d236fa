"""Where the versions of a record come from: a file, or what somebody wrote by hand, and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from accounts import keys
from phr.models import Binary, Provenance, Record, Upload
from phr.senders import senders

# Files that call what a record refers to by other names than the record does.
IN_OTHER_NAMES = (
    Provenance.Outcome.ALIKE, Provenance.Outcome.OLDER, Provenance.Outcome.ASIDE,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """One version's source. What is not `from_file` the patient wrote by hand, for this `reason`.

    `upload` is None where its reader may not see the file. `sent_by` is who sent the file in for
    her, in words.
    """

    version: int
    recorded_at: datetime
    upload: Upload | None
    place: str
    reason: str
    outcome: str = ""
    sent_by: str = ""
    from_file: bool = False

    @property
    def corrected(self) -> bool:
        return not self.from_file and self.version > 1 and not self.kept

    @property
    def beside(self) -> bool:
        """Whether it is a file that said something else than she wrote, and was not followed."""
        return self.from_file and self.outcome == Provenance.Outcome.ASIDE

    @property
    def kept(self) -> bool:
        """Whether it is that she kept what she wrote, beside what a file said."""
        return not self.from_file and self.outcome == Provenance.Outcome.MINE

    @property
    def taken(self) -> bool:
        """Whether it is that she took over what a file says."""
        return self.outcome == Provenance.Outcome.THEIRS

    @property
    def stays(self) -> bool:
        """Whether it is what she wrote, in force again after a file said something else."""
        return not self.from_file and self.outcome == Provenance.Outcome.ASIDE


@dataclass(frozen=True, slots=True)
class Past:
    """A past version; `then` is where the version after it comes from."""

    version: int
    ended_at: datetime
    then: Source | None


def sources_of(row: Record) -> list[Source]:
    """The sources of every version, from the first. Call within an act about the patient."""
    found = row.provenances.filter(upload__undone_at=None).select_related("upload")
    rows = list(found.order_by("version", "recorded_at"))
    sent = senders([each.upload_id for each in rows if each.upload_id])
    by = {pk: sender.words for pk, sender in sent.items()}
    return [
        Source(
            each.version, each.recorded_at, each.upload, each.place, _reason(each), each.outcome,
            by.get(each.upload_id, "") if each.upload_id else "", each.upload_id is not None,
        )
        for each in rows
    ]  # fmt: skip


def words_of(rows: QuerySet[Provenance]) -> list[tuple[UUID, UUID | None]]:
    """Each of their records with the uploads in which its relative references mean something."""
    own = rows.filter(Q(scope__isnull=False) | ~Q(outcome__in=IN_OTHER_NAMES))
    pairs = own.order_by("recorded_at").values_list("record_id", Coalesce("scope", "upload_id"))
    return list(dict.fromkeys(pairs))


def scopes_of(row: Record) -> list[UUID | None]:
    """The same of one record."""
    return [scope for _, scope in words_of(row.provenances.all())]


def past_of(row: Record, sources: Iterable[Source]) -> list[Past]:
    """The past versions, the latest first."""
    first = {source.version: source for source in reversed(list(sources))}
    rows = row.versions.order_by("-version").defer("body_sealed")
    return [Past(each.version, each.ended_at, first.get(each.version + 1)) for each in rows]


def written(row: Record) -> Provenance | None:
    """That the version in force is as the patient wrote it; None when a file gave it."""
    rows = row.provenances.filter(upload=None, version=row.version)
    return rows.order_by("recorded_at", "id").first()


def aside_of(row: Record) -> int:
    """The past version that a file gave beside what she wrote and has not settled; 0 for none."""
    said = set(row.provenances.filter(version=row.version).values_list("outcome", flat=True))
    open_ = Provenance.Outcome.ASIDE in said and Provenance.Outcome.MINE not in said
    there = open_ and row.versions.filter(version=row.version - 1).exists()
    return row.version - 1 if there else 0


def files_of(row: Record, *, aside: int | None = None) -> list[Binary]:
    """The files of a record, or those that came with what a file says beside hers, by its version."""
    rows = Binary.objects.filter(records__record=row, records__aside=aside)
    return list(rows.order_by("-use", "created_at"))


def keep_in_force(row: Record, hand: Provenance) -> None:
    """Say of the version in force that it is what was written by `hand`, though a file differs."""
    Provenance.objects.create(
        patient_id=row.patient_id,
        record=row,
        by_id=hand.by_id,
        version=row.version,
        outcome=Provenance.Outcome.ASIDE,
        reason_sealed=seal_reason(row.patient_id, row.pk, row.version, _reason(hand)),
    )


def by_hand(record_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Which of these stand as the patient wrote them: "Entered" or "Corrected"."""
    written = Provenance.objects.filter(
        record_id__in=list(record_ids), upload=None, version=F("record__version")
    )
    return {
        record_id: "Entered" if version == 1 else "Corrected"
        for record_id, version in written.values_list("record_id", "version")
    }


def seal_reason(patient_id: UUID, record_id: UUID, version: int, reason: str) -> bytes | None:
    """Why a version was written, sealed to its place; None when nothing was said."""
    place = _place(record_id, version)
    return keys.seal(patient_id, keys.Purpose.BODY, place, reason.encode()) if reason else None


def open_reason(patient_id: UUID, record_id: UUID, version: int, sealed: bytes | None) -> str:
    """What `seal_reason` sealed, "" where nothing was said. Raises `Unopenable` from elsewhere."""
    if sealed is None:
        return ""
    place = _place(record_id, version)
    return keys.unseal(patient_id, keys.Purpose.BODY, place, sealed).decode()


def _reason(row: Provenance) -> str:
    sealed = bytes(row.reason_sealed) if row.reason_sealed else None
    return open_reason(row.patient_id, row.record_id, row.version, sealed)


def _place(record_id: UUID, version: int) -> str:
    return f"phr_provenance/{record_id}/reason/{version}"
