"""Choosing a part of one's own record to take away: what there is to choose, and what it brings."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, QuerySet

from accounts.acting import acting_as
from accounts.actors import Actor
from phr.models import Record
from phr.services.items import items_of, note_reads
from phr.services.records import own_patient_id
from phr.tags import words_of
from rights.archive.choice import Choice, narrowed, words
from sharing import policy
from sharing.categories import Category
from sharing.policy import Action

MOST_VISITS = 100
MOST_LISTED = 100

Choices = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Offered:
    """Her tags, and her newest visits by day and name, each with its id."""

    tags: Choices
    visits: Choices


@dataclass(frozen=True, slots=True)
class Found:
    """What a choice brings: in words, items of each kind, and each by name if they are few.

    Of a visit only its own item is counted; what was noted on it is found when the file is made.
    """

    words: list[str]
    kinds: list[tuple[str, int]]
    items: Choices
    visit: bool

    @property
    def total(self) -> int:
        return sum(many for _, many in self.kinds)


def offered(actor: Actor) -> Offered:
    """What the actor can choose by besides kinds and days; audited. `Denied` without a record."""
    with acting_as(actor, about=own_patient_id(actor)):
        patient = policy.require_own(actor, Action.COPY)
        rows = _rows(actor, patient.pk).filter(resource_type="Encounter")
        visits = _named(actor, patient.pk, rows.order_by("-effective_at", "-id")[:MOST_VISITS])
        return Offered([(str(one.id), one.name) for one in words_of(patient.pk)], visits)


def found(actor: Actor, choice: Choice) -> Found:
    """What a choice brings; audited as far as items are named. `Denied` without a record."""
    with acting_as(actor, about=own_patient_id(actor)):
        patient = policy.require_own(actor, Action.COPY)
        rows = narrowed(_rows(actor, patient.pk), patient.pk, choice)
        rows = rows.filter(pk=choice.visit) if choice.visit else rows
        many = dict(rows.order_by().values_list("category").annotate(Count("pk")))
        kinds = [(one.label, many[one.value]) for one in Category if one.value in many]
        few = not choice.visit and sum(many.values()) <= MOST_LISTED
        ordered = rows.order_by("-effective_at", "-id")
        items = _named(actor, patient.pk, ordered) if few else []
        return Found(words(patient.pk, choice), kinds, items, choice.visit is not None)


def _rows(actor: Actor, patient_id: UUID) -> QuerySet[Record]:
    return policy.records(actor, Action.COPY, Record.objects.all(), patient_id)


def _named(actor: Actor, patient_id: UUID, rows: QuerySet[Record]) -> Choices:
    """Each by day and name, in the order of the rows."""
    listed = list(rows.defer("tokens"))
    why = policy.grounds(actor, Action.READ, patient_id)
    items, named = items_of(actor, patient_id, listed, why)
    if listed:
        note_reads(patient_id, [*listed, *named], why)
    return [(str(item.id), f"{item.when or 'No date'}: {item.title}") for item in items]
