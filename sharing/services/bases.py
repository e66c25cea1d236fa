"""Under what something was done, in words for the patient's log."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from accounts.acting import acting_as
from accounts.actors import Actor
from sharing.models import Grant, Path

WORDS = {
    Path.EMERGENCY: "in an emergency",
    Path.FACILITY: "under what you share with",
    Path.LINK: "through a link",
    Path.PERSON: "under what you share with them",
    Path.PROXY: "as somebody who acts for you",
}


@dataclass(frozen=True, slots=True)
class Under:
    """The permission something was done under, and the words that say so."""

    grant_id: UUID
    words: str


def said(actor: Actor, bases: Iterable[str]) -> dict[str, Under]:
    """For each basis `grant:<id>` of the actor's own patient that is still known, what it was."""
    ids = {basis.removeprefix("grant:") for basis in bases if basis.startswith("grant:")}
    with acting_as(actor):
        rows = Grant.objects.filter(pk__in=ids).select_related("organization")
        return {f"grant:{row.pk}": Under(row.pk, _words(row)) for row in rows}


def _words(row: Grant) -> str:
    words = WORDS[Path(row.path)]
    if row.path == Path.FACILITY and row.organization:
        return f"{words} {row.organization.name}"
    if row.path == Path.EMERGENCY and row.organization:
        return f"{words}, for {row.organization.name}"
    return words
