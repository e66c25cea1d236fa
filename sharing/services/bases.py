"""Under what something was done, in words for the patient's log."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from accounts.acting import acting_as
from accounts.actors import Actor
from accounts.models import AuditEvent
from sharing.models import Grant, Path
from sharing.opening import recipient_of

LINK = "ShareLink/"

WORDS = {
    Path.EMERGENCY: "in an emergency",
    Path.FACILITY: "under what you share with",
    Path.LINK: "by the link for",
    Path.PERSON: "under what you share with them",
    Path.PROXY: "as somebody who acts for you",
}


@dataclass(frozen=True, slots=True)
class Under:
    """The permission something was done under, and the words that say so."""

    grant_id: UUID
    words: str


def said(actor: Actor, events: Iterable[AuditEvent]) -> dict[UUID, Under]:
    """Of events of the actor's own patient, by their ids: under which permission, if it is known.

    That is their basis `grant:<id>`; of a link that was tried and did not open, the link's.
    """
    named = {event.pk: (event.basis, event.subject) for event in events}
    grants = {basis[6:] for basis, _ in named.values() if basis.startswith("grant:")}
    links = {subject[len(LINK) :] for _, subject in named.values() if subject.startswith(LINK)}
    with acting_as(actor):
        rows = Grant.objects.filter(Q(pk__in=grants) | Q(link__pk__in=links))
        known: dict[str, Under] = {}
        for row in rows.select_related("organization", "link"):
            under = Under(row.pk, _words(row))
            known[f"grant:{row.pk}"] = under
            if row.path == Path.LINK:
                known[f"{LINK}{row.link.pk}"] = under
    found = {pk: known.get(basis) or known.get(subject) for pk, (basis, subject) in named.items()}
    return {pk: under for pk, under in found.items() if under}


def _words(row: Grant) -> str:
    words = WORDS[Path(row.path)]
    if row.path == Path.FACILITY and row.organization:
        return f"{words} {row.organization.name}"
    if row.path == Path.EMERGENCY and row.organization:
        return f"{words}, for {row.organization.name}"
    if row.path == Path.LINK:
        return f"{words if row.categories else 'by the drop-box for'} {recipient_of(row.link)}"
    return words
