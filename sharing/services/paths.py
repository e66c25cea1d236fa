"""The one list of every way in which anybody but herself reaches anything of a patient's record.

It is made of the rows that decide: every permission there is stands in it, under its way, and what
was passed on stands under that from which it was.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from django.conf import settings

from accounts.acting import acting_as
from accounts.actors import Actor
from sharing import policy
from sharing.models import EmergencyPlan, Path
from sharing.services import attestations, listing, reaching
from sharing.services.facilities import Team
from sharing.services.listing import Held
from sharing.services.reaching import Reach

NEVER = datetime.min.replace(tzinfo=UTC)
OPEN = ("active", "nobody", "paused", "later", "waiting")


class Kind(StrEnum):
    """The headings of the list, in the order in which they are shown."""

    EMERGENCY = "Opened in an emergency"
    PROXY = "People who act for you"
    PERSON = "People"
    FACILITY = "Facilities"
    LINK = "Links"
    DROP_BOX = "Drop-boxes, to send you something"


_KINDS = {
    Path.EMERGENCY: Kind.EMERGENCY,
    Path.PROXY: Kind.PROXY,
    Path.PERSON: Kind.PERSON,
    Path.FACILITY: Kind.FACILITY,
    Path.LINK: Kind.LINK,
}


@dataclass(frozen=True, slots=True)
class Way:
    """One permission: who looks now where it is a facility, and what was passed on from it.

    `state` is that of `held`, but what was passed on rests and ends with that from which it was;
    and it is "nobody" where it stands and nobody can look by it now, which `why` tells.
    """

    held: Held
    kind: Kind
    state: str
    team: Team | None = None
    passed_on: list["Way"] = field(default_factory=list)
    copies: str = ""
    why: str = ""

    @property
    def looked_at(self) -> datetime:
        return self.held.looked_at or NEVER


@dataclass(frozen=True, slots=True)
class Ways:
    """Those that are not over, by heading; and those that are, the newest first.

    `armed` says whether a card is out with which her record can be opened in an emergency.
    """

    open: list[tuple[Kind, list[Way]]]
    over: list[Way]
    armed: bool


def ways(actor: Actor) -> Ways:
    """Every way into the record that the actor keeps, those used last first. Raises `Denied`."""
    with acting_as(actor):
        patient = policy.require_own(actor)
        copies = attestations.states(actor, patient=patient)
        given = listing.given(actor, patient=patient)
        armed = EmergencyPlan.objects.filter(patient=patient, armed_at__isnull=False).exists()
        above = {held.grant.pk: held.state for held in given}
        every = [_way(held, above, copies.get(held.grant.pk, "")) for held in given]
        standing = [way.held.grant for way in every if way.state == "active"]
        now = reaching.reach(patient, standing)
        every = [_as_now(way, now) if way.state == "active" else way for way in every]
    nested = _nested([way for way in every if way.state in OPEN])
    found = [(kind, _sorted(way for way in nested if way.kind is kind)) for kind in Kind]
    over = [way for way in every if way.state not in OPEN]
    return Ways([group for group in found if group[1]], over, armed)


def _state(held: Held, above: dict[UUID, str]) -> str:
    parent = above.get(held.grant.via_id, "revoked") if held.grant.via_id else "active"
    if held.state not in OPEN or parent == "active":
        return held.state
    if parent not in OPEN:
        return "ended"
    return "paused" if held.state == "active" else held.state


def _way(held: Held, above: dict[UUID, str], copies: str) -> Way:
    row, state = held.grant, _state(held, above)
    kind = _KINDS[Path(row.path)]
    if kind is Kind.LINK and not row.categories:
        kind = Kind.DROP_BOX
    return Way(held, kind, state, copies=copies)


def _as_now(way: Way, now: Reach) -> Way:
    """With who looks now, where it is a facility; and whether anybody can."""
    at, why = way.held.grant.organization_id, now.why_nobody(way.held.grant)
    team = now.teams.get(at) if at and way.kind is Kind.FACILITY else None
    return replace(way, team=team, why=why, state="nobody" if why else "active")


def _nested(shown: list[Way]) -> list[Way]:
    """What was passed on, under that from which it was."""
    below: dict[UUID, list[Way]] = {}
    for way in shown:
        if way.held.grant.via_id:
            below.setdefault(way.held.grant.via_id, []).append(way)
    tops = [way for way in shown if not way.held.grant.via_id]
    return [replace(way, passed_on=_sorted(below.get(way.held.grant.pk, []))) for way in tops]


def _sorted(found: Iterable[Way]) -> list[Way]:
    return sorted(found, key=lambda way: way.looked_at, reverse=True)


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the list: what goes on, by heading, and what is over.

    `after` and `over_after` lead to what follows of each; None where nothing does.
    """

    open: list[tuple[Kind, list[Way]]]
    over: list[Way]
    armed: bool
    after: UUID | None = None
    over_after: UUID | None = None


def page(actor: Actor, *, after: UUID | None = None, over: UUID | None = None) -> Page:
    """`PHR_PAGE_SIZE` of each: the first, or what follows the last of another page.

    What was passed on stands with that from which it was, and is not counted.
    """
    found = ways(actor)
    tops, more = _part([way for _, group in found.open for way in group], after)
    ended, more_ended = _part(found.over, over)
    kinds = [(kind, [way for way in tops if way.kind is kind]) for kind in Kind]
    return Page([one for one in kinds if one[1]], ended, found.armed, more, more_ended)


def _part(rows: list[Way], after: UUID | None) -> tuple[list[Way], UUID | None]:
    ids, size = [way.held.grant.pk for way in rows], settings.PHR_PAGE_SIZE
    begin = ids.index(after) + 1 if after in ids else 0
    end = begin + size
    return rows[begin:end], ids[end - 1] if len(rows) > end else None


def listed(found: Ways) -> list[Way]:
    """Every way that is not over, with those passed on."""
    tops = [way for _, group in found.open for way in group]
    return [one for top in tops for one in (top, *top.passed_on)]
