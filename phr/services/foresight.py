"""What a permission shows, seen beforehand by the patient who gives it."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Q, QuerySet

from accounts.acting import acting_as, note
from accounts.actors import Actor
from phr import hindsight
from phr.models import Record
from phr.services.items import Item, items_of, note_reads
from sharing import policy
from sharing.categories import Category
from sharing.models import Grant
from sharing.policy import Action, Grounds
from sharing.scopes import Scope
from sharing.services import listing

WORKED_OUT = (
    "We worked this out from the record as it is today. What you added after the end is left out.",
    "What they opened is listed, however you have sorted it since.",
    "What you have deleted is not listed, nor what a later change moved to another kind or day.",
)
DOUBTFUL = (
    "Items that say “We cannot tell” were changed, sorted anew or brought back after this permission"
    " began. We do not keep how they were sorted before, so they may or may not have been open."
)


@dataclass(frozen=True, slots=True)
class Foresight:
    """How many items a permission covers now, the newest of them, and whether there are more.

    Before it is given, those that would be left out are listed too.
    """

    count: int
    items: list[Item]
    more: bool


def would_see(actor: Actor, scope: Scope) -> Foresight:
    """What a permission of this scope would cover of the actor's own record, by the rule itself."""
    with acting_as(actor):
        patient = policy.require_own(actor, Action.SHARE)
    with acting_as(actor, about=patient.pk):
        why = policy.grounds(actor, Action.READ, patient.pk)
        rows = policy.records(actor, Action.READ, Record.objects.all(), patient.pk, known=why)
        wider = rows.filter(policy.covered(replace(scope, besides=()).drawn_up(patient)))
        items, shown = _newest(actor, patient.pk, wider, why)
        note_reads(patient.pk, shown, why)
        count = rows.filter(policy.covered(scope.drawn_up(patient))).count()
        return Foresight(count, items, more=wider.count() > len(items))


@dataclass(frozen=True, slots=True)
class Theirs:
    """What one permission lets its holder find; of one that has ended, what it let them find.

    `items` are a page, the newest first; `after` leads to the next. Of those that are `unsure`, all
    in `count`, nobody can tell any more. `span` is from when until when one that is `over` let them
    find anything, None where it never did.
    """

    count: int
    unsure: int
    items: list[Item]
    doubtful: frozenset[UUID]
    kinds: dict[Category, int]
    over: bool
    span: tuple[datetime, datetime] | None = None
    after: UUID | None = None

    @property
    def sure(self) -> int:
        return self.count - self.unsure

    @property
    def worked_out(self) -> list[str]:
        """How the list of one that has ended was made, and what cannot be known; for people."""
        if not self.over or self.span is None:
            return []
        return [*WORKED_OUT, *([DOUBTFUL] if self.unsure else [])]


def as_they_see(
    actor: Actor, grant_id: UUID, *, after: UUID | None = None, most: int | None = None
) -> Theirs:
    """A page of the actor's own record as one of her permissions shows, or showed, it; or `Denied`.

    It begins after the item `after`, and has at most so many items.
    """
    with acting_as(actor):
        patient = policy.require_own(actor)
    with acting_as(actor, about=patient.pk):
        held = listing.one_held(actor, grant_id)
        grant, over = held.grant, held.over
        why = policy.grounds(actor, Action.READ, patient.pk)
        theirs = why if over else replace(why, everything=None, grants=(grant,))
        rows = policy.records(actor, Action.READ, Record.objects.all(), patient.pk, known=theirs)
        span = hindsight.span(grant) if over else None
        rows, doubted = _listed(rows, grant, span) if over else (rows, rows.none())
        size = most or settings.PHR_PAGE_SIZE
        page = list(_following(rows, after).order_by("-effective_at", "-id")[: size + 1])
        items, named = items_of(actor, patient.pk, page[:size], theirs)
        shown = [row.pk for row in page[:size]]
        ids = [*shown, *(row.pk for row in named)]
        note("read", patient_id=patient.pk, records=ids, basis=policy.OWNER.text)
        kinds = _counted(rows)
        return Theirs(
            sum(kinds.values()),
            doubted.count(),
            items,
            frozenset(doubted.filter(pk__in=shown).values_list("pk", flat=True)),
            kinds,
            over,
            span,
            page[size - 1].pk if len(page) > size else None,
        )


def _listed(
    rows: QuerySet[Record], grant: Grant, span: tuple[datetime, datetime] | None
) -> tuple[QuerySet[Record], QuerySet[Record]]:
    """What stands on the list of one that has ended, and of what of it nobody can tell."""
    if span is None:
        return rows.none(), rows.none()
    sure, perhaps = hindsight.findable(grant, *span)
    return rows.filter(sure | perhaps), rows.filter(~sure, perhaps)


def _following(rows: QuerySet[Record], after: UUID | None) -> QuerySet[Record]:
    lines = rows.defer("tokens")
    last = rows.filter(pk=after).only("effective_at").first() if after else None
    if last is None:
        return lines
    earlier = Q(effective_at=last.effective_at, id__lt=last.pk)
    return lines.filter(Q(effective_at__lt=last.effective_at) | earlier)


def _counted(rows: QuerySet[Record]) -> dict[Category, int]:
    """How many of each kind."""
    found = rows.order_by().values("category").annotate(many=Count("pk"))
    many = dict(found.values_list("category", "many"))
    return {one: many[one.value] for one in Category if one.value in many}


def _newest(
    actor: Actor, patient_id: UUID, rows: QuerySet[Record], why: Grounds
) -> tuple[list[Item], list[Record]]:
    """The lines of the newest rows, and all rows that they show something of."""
    newest = rows.defer("tokens").order_by("-effective_at", "-id")[: settings.PHR_PAGE_SIZE]
    page = list(newest)
    items, named = items_of(actor, patient_id, page, why)
    return items, [*page, *named]
