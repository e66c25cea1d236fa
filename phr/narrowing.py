"""How a timeline is narrowed: by kind, type, day, source, visit, and by what its patient marked."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Patient
from phr.models import Provenance, Record, Tag, Upload
from phr.services.uploads import file_name
from phr.tags import Word, tokens_of, words_of
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.tokens import label_tokens

# Whom and what other items name (FHIR R4 base resources): they have no date of their own.
PEOPLE_AND_PLACES = (
    "Endpoint", "HealthcareService", "Location", "Organization", "OrganizationAffiliation",
    "Patient", "Person", "Practitioner", "PractitionerRole", "RelatedPerson",
)  # fmt: skip
MOST_SOURCES = 20
OLDEST = 1900


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What of a record is asked for; nothing set asks for everything.

    `people` asks for people and places alone (True) or for everything but them (False). `visit` is
    the id of an Encounter's record; `since` and `until` are days, both inclusive. `upload`, `tag`,
    `favourite`, `unsorted` and `by_hand` are what the patient alone may ask by. `by_visit` puts
    items under their visits, and asks for visits alone.
    """

    category: Category | None = None
    text: str = ""
    resource_type: str = ""
    year: int | None = None
    people: bool | None = None
    upload: UUID | None = None
    tag: UUID | None = None
    favourite: bool = False
    unsorted: bool = False
    visit: UUID | None = None
    since: date | None = None
    until: date | None = None
    by_hand: bool = False
    by_visit: bool = False

    @property
    def query(self) -> str:
        """It as the query of an address, without typed words; "" when nothing is set."""
        return urlencode(self.pairs)

    @property
    def pairs(self) -> list[tuple[str, object]]:
        """Names and values of the query."""
        found = {
            "category": self.category.value if self.category else "",
            "type": self.resource_type,
            "visit": self.visit,
            "year": self.year,
            "since": self.since,
            "until": self.until,
            "people": self.people and 1,
            "upload": self.upload,
            "by_hand": self.by_hand and 1,
            "tag": self.tag,
            "favourite": self.favourite and 1,
            "unsorted": self.unsorted and 1,
            "by_visit": self.by_visit and 1,
        }
        return [(name, value) for name, value in found.items() if value]

    def but(self, **other: Any) -> "Narrowing":
        """The same with some of it otherwise."""
        return replace(self, **other)


def narrowed(
    rows: QuerySet[Record], patient_id: UUID, asked: Narrowing, *, own: bool
) -> QuerySet[Record]:
    """The `rows` that were asked for, but for typed words and the visit."""
    if asked.by_visit:
        rows = rows.filter(resource_type="Encounter")
    if asked.category:
        rows = rows.filter(category=asked.category.value)
    if asked.resource_type:
        rows = rows.filter(resource_type=asked.resource_type)
    elif asked.people:
        rows = rows.filter(resource_type__in=PEOPLE_AND_PLACES)
    elif asked.people is False and not _looks_for_some(asked):
        rows = rows.exclude(resource_type__in=PEOPLE_AND_PLACES)
    rows = _dated(rows, asked)
    return _marked(rows, patient_id, asked) if own else rows


def _looks_for_some(asked: Narrowing) -> bool:
    return bool(asked.text or asked.upload or asked.tag or asked.favourite or asked.visit)


def _dated(rows: QuerySet[Record], asked: Narrowing) -> QuerySet[Record]:
    """What has no date of its own is in no year and between no days."""
    since, until = [asked.since], [asked.until]
    if asked.year:
        since.append(date(asked.year, 1, 1))
        until.append(date(asked.year, 12, 31))
    if begins := max(filter(None, since), default=None):
        rows = rows.filter(dated=True, effective_at__gte=datetime.combine(begins, time(), UTC))
    if ends := min(filter(None, until), default=None):
        rows = rows.filter(dated=True, effective_at__lte=datetime.combine(ends, time.max, UTC))
    return rows


def _marked(rows: QuerySet[Record], patient_id: UUID, asked: Narrowing) -> QuerySet[Record]:
    sources = Provenance.objects.filter(patient_id=patient_id)
    if asked.favourite:
        rows = rows.filter(favourite=True)
    if asked.tag:
        tag = Tag.objects.filter(pk=asked.tag, patient_id=patient_id).first()
        rows = rows.filter(tags__contains=[tag.token]) if tag else rows.none()
    if asked.upload:
        rows = rows.filter(pk__in=sources.filter(upload_id=asked.upload).values("record_id"))
    if asked.by_hand:
        rows = rows.filter(pk__in=sources.filter(upload=None).values("record_id"))
    if asked.unsorted:
        unclassified = label_tokens(patient_id)[Sensitivity.UNCLASSIFIED]
        rows = rows.filter(labels__contains=[unclassified])
    return rows


@dataclass(frozen=True, slots=True)
class Source:
    """A file that brought items, as its owner chooses among them."""

    id: UUID
    name: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Choices:
    """What a timeline can be narrowed by. Without counts; years as far as what may be seen goes."""

    years: Sequence[int] = ()
    tags: Sequence[Word] = ()
    sources: Sequence[Source] = field(default_factory=list)


def choices(rows: QuerySet[Record], patient: Patient, *, own: bool, whole: bool) -> Choices:
    """What there is to choose among these `rows`, which the actor may see.

    Unless they are the `whole` record, a tag that stands on none of them is not named.
    """
    years = _years(rows.filter(dated=True).exclude(resource_type__in=PEOPLE_AND_PLACES))
    if not own:
        return Choices(years)
    uploads = Upload.objects.filter(
        patient=patient, finished_at__isnull=False, undone_at=None
    ).order_by("-received_at")[:MOST_SOURCES]
    sources = [Source(row.pk, file_name(row), row.received_at) for row in uploads]
    words = words_of(patient.pk)
    used = set() if whole else tokens_of(rows)
    return Choices(years, [word for word in words if whole or word.token in used], sources)


def _years(rows: QuerySet[Record]) -> range:
    """From the newest year to the oldest: two looks at the timeline's index."""
    times = rows.values_list("effective_at", flat=True)
    newest = times.order_by("-effective_at", "-id").first()
    oldest = times.order_by("effective_at", "id").first()
    if newest is None or oldest is None:
        return range(0)
    return range(newest.year, max(oldest.year, OLDEST) - 1, -1)
