"""What a doctor asks first: problems, medicines, allergies, vaccinations, last results.

The shape of an International Patient Summary (HL7 FHIR IPS 2.0.0, Composition sections).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.utils import timezone

from accounts import services as accounts
from accounts.acting import acting_as
from accounts.actors import Actor
from phr.bodies import open_body
from phr.display import MODIFIED, describe
from phr.display.current import current, given, sound
from phr.display.measured import last_results
from phr.display.words import clean_lines
from phr.formats.effective import happened
from phr.models import Record
from phr.services.items import note_reads, offered
from phr.services.links import linked, medicine_of
from sharing import policy
from sharing.categories import Category
from sharing.policy import Action, Grounds
from sharing.whom import Whom, whom

READ: Final = 500
# Of one fact in the list; the whole of it stands on the page of the item.
LONGEST: Final = 1000
SHOWN: Final = 10
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """A section: its FHIR resource types, shelves, and LOINC code in an IPS Composition."""

    name: str
    heading: str
    types: tuple[str, ...]
    shelves: tuple[Category, ...]
    code: str
    required: bool = False


PROBLEMS = Part(
    "problems", "Health problems", ("Condition",), (Category.CONDITIONS,), "11450-4", required=True
)
MEDICINES = Part(
    "medicines",
    "Medicines",
    ("MedicationRequest", "MedicationStatement"),
    (Category.MEDICATIONS,),
    "10160-0",
    required=True,
)
ALLERGIES = Part(
    "allergies",
    "Allergies",
    ("AllergyIntolerance",),
    (Category.ALLERGIES,),
    "48765-2",
    required=True,
)
IMMUNIZATIONS = Part(
    "immunizations", "Vaccinations", ("Immunization",), (Category.IMMUNIZATIONS,), "11369-6"
)
RESULTS = Part(
    "results",
    "Last results",
    ("Observation",),
    (Category.LABORATORY, Category.VITAL_SIGNS),
    "30954-2",
)
PROCEDURES = Part("procedures", "Procedures", ("Procedure",), (Category.PROCEDURES,), "47519-4")
PARTS: Final = (PROBLEMS, MEDICINES, ALLERGIES, IMMUNIZATIONS, RESULTS)
IN_DOCUMENT: Final = (*PARTS, PROCEDURES)

# Which facts of `describe` a line repeats, in this order.
_TOLD: Final = {
    "Condition": ("Status", "How sure", "Started", "Ended", "Severity"),
    "MedicationStatement": ("When", "How it is taken", "Status", "Kind", "Recorded"),
    "MedicationRequest": ("Prescribed", "Valid", "How to take it", "Status", "Kind"),
    "AllergyIntolerance": (
        "Reaction", "Risk of serious harm", "Status", "How sure", "Kind", "Recorded",
    ),
    "Immunization": ("Given", "Dose", "Batch number"),
    "Observation": ("Date", "Marked as", "Normal range", "Status"),
    "Procedure": ("Date", "Status"),
}  # fmt: skip

# Goes without saying where only what is in force is listed.
_PLAIN: Final = {("Status", "Active"), ("How sure", "Confirmed")}
_UNDATED: Final = ("Date", "No date")


@dataclass(frozen=True, slots=True)
class Kept:
    """A record and the FHIR resource in it."""

    row: Record
    resource: Json

    @property
    def at(self) -> datetime:
        """When it was, by no clock: of two results the later one is the last."""
        return (self.row.dated and happened(self.resource)) or self.row.effective_at


@dataclass(frozen=True, slots=True)
class Line:
    """One item in words, with the resource's own dates and periods among its facts."""

    id: UUID
    title: str
    facts: list[tuple[str, str]]

    @property
    def card(self) -> tuple[str, str, str]:
        """Date, dose and lot of a vaccination; "" for what is not known."""
        said = dict(self.facts)
        return said.get("Given", ""), said.get("Dose", ""), said.get("Batch number", "")


@dataclass(frozen=True, slots=True)
class Section:
    """What is in force (`lines`) and what is past (`earlier`); `more` counts what is not listed.

    `cut` when only the newest `READ` items of the kind were looked through.
    """

    part: Part
    lines: list[Line]
    earlier: list[Line]
    more: int = 0
    past: int = 0
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """The sections whose kinds the reader may see at all; `born` for the patient, `whom` for others."""

    patient_id: UUID
    patient_name: str
    own: bool
    sections: list[Section]
    born: date | None = None
    whom: Whom | None = None


def summary(actor: Actor, patient_id: UUID) -> Summary:
    """The summary of what the actor may see, audited. Raises `Denied` when that is nothing."""
    return _opened(actor, patient_id, PARTS, most=SHOWN, past=0)


def whole(actor: Actor, patient_id: UUID, *, most: int) -> Summary:
    """At most so many of every section that the document has, on the same terms."""
    return _opened(actor, patient_id, IN_DOCUMENT, most=most, past=0)


def medicines(actor: Actor, patient_id: UUID) -> Summary:
    """Every medicine, those taken now and those of the past, on the same terms."""
    return _opened(actor, patient_id, (MEDICINES,), most=READ, past=READ)


def immunizations(actor: Actor, patient_id: UUID) -> Summary:
    """Every vaccination that was given, on the same terms."""
    return _opened(actor, patient_id, (IMMUNIZATIONS,), most=READ, past=0)


def _opened(
    actor: Actor, patient_id: UUID, parts: Sequence[Part], *, most: int, past: int
) -> Summary:
    with acting_as(actor, about=patient_id):
        why = policy.grounds(actor, Action.READ, patient_id)
        patient = policy.require_patient(actor, Action.READ, patient_id, known=why)
        shelves = set(offered(why))
        found = [
            gather(actor, patient_id, part, why) for part in parts if shelves & {*part.shelves}
        ]
        shown = [kept for one in found for kept in (*one.current[:most], *one.past[:past])]
        lines, named = _lines(actor, patient_id, shown, why)
        note_reads(patient_id, [*(kept.row for kept in shown), *named], why)
        return Summary(
            patient_id,
            accounts.name_of(patient),
            why.kept,
            [_section(one, lines, most, past) for one in found],
            born=accounts.born_of(patient) if why.kept else None,
            whom=None if why.kept else whom(patient, why.grants),
        )


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was found for a part, newest first and what has no date last."""

    part: Part
    current: list[Kept]
    past: list[Kept]
    cut: bool


def gather(actor: Actor, patient_id: UUID, part: Part, why: Grounds) -> Gathered:
    """What the grounds cover of a part, the newest `READ` of it. Within an act about the patient."""
    kept = Record.objects.filter(
        resource_type__in=part.types, category__in=[shelf.value for shelf in part.shelves]
    )
    rows = policy.records(actor, why.action, kept, patient_id, known=why)
    ordered = rows.order_by("-effective_at", "-id").defer("tokens", "digest", "identity")
    # When something without a date came in says nothing about when it was.
    newest = list(ordered.filter(dated=True)[: READ + 1])
    newest += ordered.filter(dated=False)[: READ + 1 - len(newest)]
    opened = [Kept(row, _body(row)) for row in newest[:READ]]
    opened.sort(key=lambda one: (one.row.dated, one.at, one.row.pk), reverse=True)
    now, past = _told_apart(part, [one for one in opened if sound(one.resource)])
    return Gathered(part, now, past, len(newest) > READ)


def _told_apart(part: Part, found: list[Kept]) -> tuple[list[Kept], list[Kept]]:
    if part is RESULTS:
        chosen = last_results([one.resource for one in found])
        return [found[place] for place in chosen], []
    if part in (IMMUNIZATIONS, PROCEDURES):
        return [one for one in found if given(one.resource)], []
    today: date = timezone.now().date()
    now = [one for one in found if current(one.resource, today)]
    return now, [one for one in found if not current(one.resource, today)]


def _body(row: Record) -> Json:
    return open_body(row.patient_id, row.pk, row.version, bytes(row.body_sealed))


def _lines(
    actor: Actor, patient_id: UUID, shown: list[Kept], why: Grounds
) -> tuple[dict[UUID, Line], list[Record]]:
    wanted = {kept.row.pk: medicine_of(kept.resource) for kept in shown}
    names, named = linked(actor, patient_id, wanted, why, most=READ)
    return {kept.row.pk: _line(kept, names.get(kept.row.pk, {})) for kept in shown}, named


def _line(kept: Kept, names: dict[str, Json]) -> Line:
    shown = describe(kept.resource, names)
    facts = dict(reversed(shown.facts))
    if not kept.row.dated:
        facts |= [_UNDATED]
    names_told = (MODIFIED, *_TOLD[kept.row.resource_type])
    told = [(name, clean_lines(facts[name], LONGEST)) for name in names_told if facts.get(name)]
    return Line(kept.row.pk, shown.title, [one for one in told if one not in _PLAIN])


def _section(found: Gathered, lines: dict[UUID, Line], most: int, past: int) -> Section:
    return Section(
        found.part,
        [lines[kept.row.pk] for kept in found.current[:most]],
        [lines[kept.row.pk] for kept in found.past[:past]],
        more=len(found.current[most:]),
        past=len(found.past[past:]),
        cut=found.cut,
    )
