"""Reading and keeping records: the timeline, one record, its files, its sensitivity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils import timezone

from accounts import audit, keys
from accounts import services as accounts
from accounts.acting import acting_as, note
from accounts.actors import Actor
from accounts.models import Patient
from phr.bodies import open_body
from phr.display import Shown, describe, references
from phr.display.dates import date, known
from phr.display.measured import chartable
from phr.formats.effective import as_written
from phr.formats.resource import visit as visit_named_by
from phr.inheriting import hand_on
from phr.models import Binary, Record
from phr.narrowing import Choices, Narrowing, choices, narrowed
from phr.printing.document import born
from phr.search import Sought, Tokeniser, ranked
from phr.services.items import Item, Within, items_of, note_reads, offered
from phr.services.links import linked, targets
from phr.sources import Past, Source, aside_of, by_hand, files_of, past_of, sources_of
from phr.tags import Marks, marks_of
from phr.visits import MOST_IN_ONE, belonging, tokens_of, under
from sharing import policy
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.policy import Action, Grounds
from sharing.services import granting
from sharing.tokens import label_tokens, labels_of
from sharing.whom import Whom, whom

PIECE = 1024 * 1024
UNREAD = ("tokens", "digest", "identity", "likeness")
# So much of a visit stands on its page.
MOST_ON_PAGE = 20


@dataclass(frozen=True, slots=True)
class Timeline:
    """One page of a record, newest first. `after` leads to the next page; None when this is the last.

    `visit` is the one that was asked for; `visits` are those of the page with what belongs to each.
    """

    patient_id: UUID
    patient_name: str
    own: bool
    items: list[Item]
    categories: list[Category]
    may_copy: bool = False
    after: UUID | None = None
    choices: Choices = field(default_factory=Choices)
    visit: Item | None = None
    visits: list[tuple[Item, Within]] = field(default_factory=list)
    whom: Whom | None = None


def own_patient_id(actor: Actor) -> UUID | None:
    """The id of the Patient whose record the actor keeps, if there is one."""
    if actor.user_id is None or actor.acting_for:
        return actor.acting_for
    with acting_as(actor):
        return Patient.objects.filter(user_id=actor.user_id).values_list("pk", flat=True).first()


def timeline(
    actor: Actor,
    patient_id: UUID,
    *,
    category: Category | None = None,
    text: str = "",
    after: UUID | None = None,
    asked: Narrowing | None = None,
) -> Timeline:
    """A page of what the actor may see, narrowed to what is asked for; audited.

    `category` and `text` are for who asks for nothing else.
    """
    asked = asked or Narrowing(category, text)
    with acting_as(actor, about=patient_id):
        why = policy.grounds(actor, Action.READ, patient_id)
        own = why.kept
        patient = policy.require_patient(actor, Action.READ, patient_id, known=why)
        rows = policy.records(actor, Action.READ, Record.objects.all(), patient_id, known=why)
        visit = _visit(rows, asked.visit)
        found = _page(rows, patient_id, asked, after, visit, own=own)
        page = found[: settings.PHR_PAGE_SIZE]
        within = under(rows, page) if asked.by_visit else {}
        shown = [*page, *([visit] if visit else []), *chain.from_iterable(within.values())]
        items, named = items_of(actor, patient_id, shown, why)
        note_reads(patient_id, [*shown, *named], why)
        by_id = {item.id: item for item in items}
        return Timeline(
            patient_id,
            accounts.name_of(patient),
            own,
            [by_id[row.pk] for row in page],
            offered(why),
            may_copy=own or any(grant.may_copy for grant in why.grants),
            after=page[-1].pk if len(found) > len(page) else None,
            choices=choices(rows, patient, own=own, whole=bool(why.everything)),
            visit=by_id[visit.pk] if visit else None,
            visits=_visits(page, within, by_id) if asked.by_visit else [],
            whom=None if own else whom(patient, why.grants),
        )


def _visits(
    page: Sequence[Record], within: Mapping[UUID, list[Record]], by_id: Mapping[UUID, Item]
) -> list[tuple[Item, Within]]:
    some = ((row.pk, within.get(row.pk, [])) for row in page)
    return [(by_id[pk], Within.of(found, by_id, MOST_IN_ONE)) for pk, found in some]


def _page(
    everything: QuerySet[Record],
    patient_id: UUID,
    asked: Narrowing,
    after: UUID | None,
    visit: Record | None,
    *,
    own: bool,
) -> list[Record]:
    """One row more than a page, so that it is known whether another follows."""
    size = settings.PHR_PAGE_SIZE + 1
    rows = narrowed(everything, patient_id, asked, own=own)
    last = rows.filter(pk=after).only("effective_at", "tokens").first() if after else None
    lines = rows.defer("digest", "identity") if asked.by_visit else rows.defer(*UNREAD)
    if asked.text.strip() or asked.visit:
        sought = _sought(patient_id, asked.text, visit)
        found = sought.words or not asked.text.strip()
        return ranked(lines, sought, last, size) if found and (visit or not asked.visit) else []
    if last is not None:
        earlier = Q(effective_at=last.effective_at, id__lt=last.pk)
        lines = lines.filter(effective_at__lte=last.effective_at).filter(
            Q(effective_at__lt=last.effective_at) | earlier
        )
    return list(lines.order_by("-effective_at", "-id")[:size])


def _visit(rows: QuerySet[Record], visit_id: UUID | None) -> Record | None:
    return rows.filter(pk=visit_id, resource_type="Encounter").first() if visit_id else None


def _sought(patient_id: UUID, text: str, visit: Record | None) -> Sought:
    tokeniser = Tokeniser(keys.subkey(patient_id, keys.Purpose.INDEX))
    either = tokens_of(visit) if visit else None
    return Sought(tokeniser.query(text), tokeniser.query(text, of="head"), either)


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody's look at a record."""

    who: str
    title: str
    action: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    """One record for people: what it says, where it came from, its past and its files.

    `aside` is the version that a file gave beside what she wrote, which is in force; 0 for none.
    """

    id: UUID
    patient_id: UUID
    patient_name: str
    own: bool
    category: Category
    labels: list[Sensitivity]
    shown: Shown
    version: int
    effective_at: datetime
    dated: bool
    may_copy: bool
    resource: dict[str, Any]
    charted: bool = False
    files: list[Binary] = field(default_factory=list)
    by_hand: str = ""
    aside: int = 0
    sources: list[Source] = field(default_factory=list)
    versions: list[Past] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    marks: Marks | None = None
    visit: Item | None = None
    within: Within | None = None
    born: str = ""
    whom: Whom | None = None

    @property
    def parts(self) -> list[Binary]:
        """Its files that came inside another."""
        return [file for file in self.files if file.use == Binary.Use.PART]

    @property
    def day(self) -> str:
        """The day as an ISO 8601 date, as precise as it is known."""
        return known(as_written(self.resource), self.effective_at)

    @property
    def when(self) -> str:
        """The same in words."""
        return date(self.day)


def open_record(actor: Actor, patient_id: UUID, record_id: UUID) -> Opened:
    """Open one record, audited. Raises `Denied` when it is not there for the actor."""
    with acting_as(actor, about=patient_id):
        why = policy.grounds(actor, Action.READ, patient_id)
        rows = Record.objects.all()
        row = policy.require(actor, Action.READ, rows, patient_id, record_id, known=why)
        patient = policy.require_patient(actor, Action.READ, patient_id, known=why)
        own = why.kept
        resource = open_body(patient_id, row.pk, row.version, bytes(row.body_sealed))
        others, named = linked(actor, patient_id, {row.pk: references(resource)}, why)
        visit, within, besides = _around(actor, row, resource, why)
        note_reads(patient_id, [row, *named, *besides], why)
        sources = sources_of(row) if own else []
        return Opened(
            row.pk,
            patient_id,
            accounts.name_of(patient),
            own,
            Category(row.category),
            labels_of(patient_id, row.labels) if own else [],
            describe(resource, others.get(row.pk, {})),
            row.version,
            row.effective_at,
            row.dated,
            may_copy=why.lets_copy(row),
            resource=resource,
            charted=chartable(resource),
            files=files_of(row),
            by_hand=by_hand([row.pk]).get(row.pk, ""),
            aside=aside_of(row) if own else 0,
            sources=sources,
            versions=past_of(row, sources) if own else [],
            looks=_looks(actor, row) if own else [],
            marks=marks_of(row) if own else None,
            visit=visit,
            within=within,
            born=born(accounts.born_of(patient)) if own else "",
            whom=None if own else whom(patient, why.grants),
        )


def _around(
    actor: Actor, row: Record, resource: dict[str, Any], why: Grounds
) -> tuple[Item | None, Within | None, list[Record]]:
    """The visit it belongs to, or what belongs to it when it is one; and the records these are."""
    patient_id = row.patient_id
    rows = policy.records(actor, Action.READ, Record.objects.all(), patient_id, known=why)
    if row.resource_type == "Encounter":
        found = belonging(rows.defer(*UNREAD), row, MOST_ON_PAGE + 1)
        items, named = items_of(actor, patient_id, found[:MOST_ON_PAGE], why)
        return None, Within(items, len(found) > MOST_ON_PAGE), [*found[:MOST_ON_PAGE], *named]
    name = visit_named_by(resource)
    answers = targets(actor, patient_id, {row.pk: [name] if name else []}, why)
    visits = [one for one in answers.values() if one.resource_type == "Encounter"]
    items, named = items_of(actor, patient_id, visits, why)
    return (items[0] if items else None), None, [*visits, *named]


def _looks(actor: Actor, row: Record) -> list[Look]:
    events = list(
        audit.about(row.patient_id)
        .filter(records__contains=[row.pk], action__in=["read", "copy"])
        .exclude(actor_id=actor.user_id)[:50]
    )
    people = accounts.people({event.actor_id for event in events if event.actor_id})
    return [
        Look(people[event.actor_id].name, people[event.actor_id].title, event.action, event.at)
        for event in events
        if event.actor_id in people
    ]


def classify(actor: Actor, record_id: UUID, *, labels: Sequence[Sensitivity]) -> int:
    """Say how sensitive one of the actor's own records is; permissions follow at once.

    What refers to it is as sensitive from now on. Returns how many records that changed.
    """
    with acting_as(actor):
        patient = policy.require_kept(actor, Action.UPDATE)
        row = policy.require(actor, Action.UPDATE, Record.objects.all(), patient.pk, record_id)
        granting.move_epoch(patient.pk)
        tokens = label_tokens(patient.pk)
        row.labels = [tokens[label] for label in labels] or [tokens[Sensitivity.UNCLASSIFIED]]
        row.updated_at = timezone.now()
        row.save(update_fields=["labels", "updated_at"])
        with acting_as(actor, about=patient.pk):
            others = hand_on(row)
        note("classify", patient_id=patient.pk, records=[row.pk, *others], basis="owner")
        return len(others)


def titles(actor: Actor, record_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The titles of some of the actor's own records, for the log and the receipt."""
    about = own_patient_id(actor)
    with acting_as(actor, about=about):
        return titles_of(actor, policy.require_kept(actor).pk, record_ids)


def titles_of(actor: Actor, patient_id: UUID, record_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The titles of some of a patient's records, as far as the actor may read them."""
    with acting_as(actor, about=patient_id):
        why = policy.grounds(actor, Action.READ, patient_id)
        rows = policy.records(actor, Action.READ, Record.objects.all(), patient_id, known=why)
        chosen = rows.filter(pk__in=record_ids).defer("tokens")
        items, _ = items_of(actor, patient_id, list(chosen), why)
        return {item.id: item.title for item in items}


def own_or_denied(actor: Actor, action: Action = Action.READ) -> None:
    """Raise `Denied` for who keeps no record of her own, `Restricted` when it must rest."""
    with acting_as(actor):
        policy.require_kept(actor, action)


def still_open(actor: Actor, patient_id: UUID, record_id: UUID | None = None) -> None:
    """Raise 404 once the record, or all of the patient's, may not be read any more.

    Not audited: it is the pulse of an open page and shows nothing.
    """
    with acting_as(actor, about=patient_id):
        why = policy.grounds(actor, Action.READ, patient_id)
        rows = policy.records(actor, Action.READ, Record.objects.all(), patient_id, known=why)
        gone = record_id is not None and not rows.filter(pk=record_id).exists()
        if gone or not (why.everything or why.grants):
            raise Http404
