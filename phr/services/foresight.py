"""What a permission shows, seen beforehand by the patient who gives it."""

from dataclasses import dataclass, replace
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from accounts.acting import acting_as, note
from accounts.actors import Actor
from phr.models import Record
from phr.services.items import Item, items_of, note_reads
from sharing import policy
from sharing.policy import Action, Grounds
from sharing.scopes import Scope
from sharing.services import listing


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


def as_they_see(actor: Actor, grant_id: UUID) -> Foresight:
    """The newest of the actor's own record as one of her permissions shows it to its holder."""
    with acting_as(actor):
        patient = policy.require_own(actor)
    with acting_as(actor, about=patient.pk):
        grant = listing.one_given(actor, grant_id)
        why = policy.grounds(actor, Action.READ, patient.pk)
        theirs = replace(why, everything=None, grants=(grant,))
        rows = policy.records(actor, Action.READ, Record.objects.all(), patient.pk, known=theirs)
        items, shown = _newest(actor, patient.pk, rows, theirs)
        ids = [row.pk for row in shown]
        note("read", patient_id=patient.pk, records=ids, basis=policy.OWNER.text)
        count = rows.count()
        return Foresight(count, items, more=count > len(items))


def _newest(
    actor: Actor, patient_id: UUID, rows: QuerySet[Record], why: Grounds
) -> tuple[list[Item], list[Record]]:
    """The lines of the newest rows, and all rows that they show something of."""
    newest = rows.defer("tokens").order_by("-effective_at", "-id")[: settings.PHR_PAGE_SIZE]
    page = list(newest)
    items, named = items_of(actor, patient_id, page, why)
    return items, [*page, *named]
