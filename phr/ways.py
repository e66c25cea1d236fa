"""The links by which a timeline is narrowed further, and by which each choice is taken away again.

An address says what was chosen by number and by kind, never by words of the record.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from django.utils.formats import date_format

from phr.display import kind
from phr.narrowing import Narrowing
from phr.services.records import Timeline
from sharing.categories import Category

# Older years are reached by their days.
MOST_YEARS = 20
# What is worth telling apart on one shelf.
_TYPES: dict[Category, tuple[str, ...]] = {
    Category.CARE_PLANS: ("CarePlan", "CareTeam", "Goal", "ServiceRequest", "Task"),
    Category.CONDITIONS: ("Condition", "ClinicalImpression", "RiskAssessment"),
    Category.COVERAGE: ("Coverage", "Claim", "ExplanationOfBenefit"),
    Category.DOCUMENTS: ("DocumentReference", "QuestionnaireResponse", "Communication"),
    Category.ENCOUNTERS: ("Encounter", "Appointment", "EpisodeOfCare"),
    Category.IMAGING: ("ImagingStudy", "DiagnosticReport", "Media"),
    Category.LABORATORY: ("Observation", "DiagnosticReport", "Specimen"),
    Category.MEDICATIONS: (
        "MedicationRequest", "MedicationStatement", "MedicationDispense",
        "MedicationAdministration", "Medication",
    ),
    Category.PROCEDURES: ("Procedure", "Device", "DiagnosticReport"),
    Category.SOCIAL_HISTORY: ("Observation", "FamilyMemberHistory"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Way:
    """A choice in words, and the query of the address that makes it, or takes it away."""

    words: str
    query: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Choices of one sort; choosing one takes the place of another of them. `short`: of few letters."""

    heading: str
    ways: list[Way]
    short: bool = False


def chosen(asked: Narrowing, timeline: Timeline) -> list[Way]:
    """What was chosen, but for typed words; each leads to the same without it."""
    return list(_chosen(asked, timeline))


def _chosen(asked: Narrowing, timeline: Timeline) -> Iterator[Way]:
    if asked.category:
        yield Way(asked.category.label, asked.but(category=None, resource_type="").query)
    if asked.resource_type:
        yield Way(kind(asked.resource_type), asked.but(resource_type="").query)
    if asked.visit:
        title = timeline.visit.title if timeline.visit else "not there"
        yield Way(f"Visit: {title}", asked.but(visit=None).query)
    if asked.year:
        yield Way(str(asked.year), asked.but(year=None).query)
    if asked.since:
        yield Way(f"From {_day(asked.since)}", asked.but(since=None).query)
    if asked.until:
        yield Way(f"Until {_day(asked.until)}", asked.but(until=None).query)
    if asked.people:
        yield Way("People and places", asked.but(people=False).query)
    if timeline.own:
        yield from _chosen_by_owner(asked, timeline)


def _chosen_by_owner(asked: Narrowing, timeline: Timeline) -> Iterator[Way]:
    found = timeline.choices
    if asked.upload:
        names = (source.name for source in found.sources if source.id == asked.upload)
        yield Way(f"File: {next(names, 'one of yours')}", asked.but(upload=None).query)
    if asked.by_hand:
        yield Way("Entered by you", asked.but(by_hand=False).query)
    if asked.tag:
        words = (tag.name for tag in found.tags if tag.id == asked.tag)
        yield Way(f"Tag: {next(words, 'no more there')}", asked.but(tag=None).query)
    if asked.favourite:
        yield Way("Favourites", asked.but(favourite=False).query)
    if asked.unsorted:
        yield Way("How sensitive it is: not sorted yet", asked.but(unsorted=False).query)


def groups(asked: Narrowing, timeline: Timeline) -> list[Group]:
    """What can be chosen besides. Without counts: those could tell of what one may not see."""
    found = [Group("Kind", list(_kinds(asked, timeline))), Group("More exactly", _types(asked))]
    years = [
        Way(str(year), asked.but(year=year, since=None, until=None).query, year == asked.year)
        for year in timeline.choices.years[:MOST_YEARS]
    ]
    found.append(Group("Year", years, short=True))
    if timeline.own:
        found += [
            Group("Where it came from", list(_sources(asked, timeline))),
            Group("Tags", _tags(asked, timeline)),
            Group("Your marks", _marks(asked)),
        ]
    return [group for group in found if group.ways]


def _kinds(asked: Narrowing, timeline: Timeline) -> Iterator[Way]:
    for each in timeline.categories:
        query = asked.but(category=each, resource_type="", people=False).query
        yield Way(each.label, query, each == asked.category)
    query = asked.but(category=None, resource_type="", people=True).query
    yield Way("People and places", query, bool(asked.people))


def _types(asked: Narrowing) -> list[Way]:
    types = _TYPES.get(asked.category, ()) if asked.category else ()
    return [
        Way(kind(each), asked.but(resource_type=each).query, each == asked.resource_type)
        for each in types
    ]


def _sources(asked: Narrowing, timeline: Timeline) -> Iterator[Way]:
    query = asked.but(by_hand=True, upload=None).query
    yield Way("Entered by you", query, asked.by_hand)
    for source in timeline.choices.sources:
        words = f"{source.name} of {_day(source.received_at.date())}"
        query = asked.but(upload=source.id, by_hand=False).query
        yield Way(words, query, source.id == asked.upload)


def _tags(asked: Narrowing, timeline: Timeline) -> list[Way]:
    return [
        Way(tag.name, asked.but(tag=tag.id).query, tag.id == asked.tag)
        for tag in timeline.choices.tags
    ]


def _marks(asked: Narrowing) -> list[Way]:
    unsorted = asked.but(unsorted=True).query
    return [
        Way("Favourites", asked.but(favourite=True).query, asked.favourite),
        Way("How sensitive it is: not sorted yet", unsorted, asked.unsorted),
    ]


def orders(asked: Narrowing) -> list[Way]:
    """How the timeline can be put together."""
    if asked.visit:
        return []
    by_visit = asked.but(by_visit=True, category=None, resource_type="", people=False).query
    return [
        Way("By day", asked.but(by_visit=False).query, not asked.by_visit),
        Way("By visit", by_visit, asked.by_visit),
    ]


def _day(day: date) -> str:
    return date_format(day, "j F Y")


def to_share(asked: Narrowing) -> str:
    """The query of the page that shares just this; "" where no permission can say it."""
    unsaid = (asked.text, asked.visit, asked.upload, asked.by_hand, asked.favourite)
    if any(unsaid) or asked.unsorted or asked.people or asked.by_visit:
        return ""
    days = f"{asked.year}-01-01", f"{asked.year}-12-31"
    since, until = days if asked.year else (asked.since, asked.until)
    found = {
        "categories": asked.category,
        "types": asked.resource_type,
        "tags": asked.tag,
        "from_day": since,
        "until_day": until,
    }
    return urlencode({name: value for name, value in found.items() if value})
