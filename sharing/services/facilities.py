"""What happens to facilities: registered by a professional, verified by two members of staff."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts import services as accounts
from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied, Door
from accounts.models import Practitioner
from sharing.models import Agreement, Organization, PractitionerRole, Regime, Role
from sharing.services.recipients import Refused
from sharing.serving import Serving, serving

MOST_UNVERIFIED = 5


@dataclass(frozen=True, slots=True)
class Facts:
    """What a facility says of itself."""

    name: str
    place: str
    identifier: str
    regime: Regime
    policy_url: str
    policy_version: str


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who sees now what is shared with a facility, and as what."""

    person: accounts.Person
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Team:
    """Who sees what is shared with a facility: those who do now, and how many within 24 hours.

    `seeing` are the ids of those who do now.
    """

    now: list[Colleague] = field(default_factory=list)
    soon: int = 0
    on_call: int = 0
    seeing: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Card:
    """A facility as a patient sees it before she shares with it."""

    facility: Organization
    agreements: list[Agreement]
    team: Team
    member: bool
    administrator: bool


@dataclass(frozen=True, slots=True)
class Mine:
    """The facilities that the actor works at, and the invitations that wait for her."""

    roles: list[PractitionerRole]
    waiting: list[PractitionerRole]


def require_professional(actor: Actor) -> None:
    """Raises `Denied` for who has not registered as a care professional."""
    with acting_as(actor):
        _professional(actor)


def _professional(actor: Actor) -> UUID:
    hers = actor.user_id if actor.door is Door.SESSION else None
    if hers is None or not Practitioner.objects.filter(user_id=hers).exists():
        raise Denied("register")
    return hers


def register(actor: Actor, facts: Facts, *, listed: bool = False) -> UUID:
    """Register a facility, unverified, with the actor as its administrator. Returns its id.

    Raises `Denied` for who is no care professional, `Refused` for too many that wait for our staff.
    """
    with acting_as(actor):
        hers = _professional(actor)
        waiting = Organization.objects.filter(founded_by=hers, verified_at=None)
        if waiting.count() >= MOST_UNVERIFIED:
            raise Refused("We have to check the facilities that you registered before first.")
        row = Organization.objects.create(
            founded_by_id=hers, listed_at=timezone.now() if listed else None, **_columns(facts)
        )
        PractitionerRole.objects.create(
            organization=row,
            user_id=hers,
            code=Role.ADMINISTRATOR,
            accepted_at=Now(),
            invited_email=next(iter(accounts.verified_addresses(hers)), ""),
        )
        note("register", subject=f"Organization/{row.pk}")
        return row.pk


def _columns(facts: Facts) -> dict[str, str]:
    return {name: getattr(facts, name) for name in Facts.__slots__}


def administered(actor: Actor, organization_id: UUID) -> Organization:
    """A facility whose people the actor manages, held until the end of the act, or `Denied`."""
    row = None
    if actor.door is Door.SESSION and actor.user_id:
        roles = PractitionerRole.objects.administering().filter(
            user=actor.user_id, organization=OuterRef("pk")
        )
        rows = Organization.objects.select_for_update(no_key=True, of=("self",))
        row = rows.filter(Exists(roles), pk=organization_id).first()
    if row is None:
        raise Denied("manage", subject=f"Organization/{organization_id}")
    return row


def change(actor: Actor, organization_id: UUID, facts: Facts, *, listed: bool) -> None:
    """Change what a facility says of itself, and whether it is in the directory.

    Once a member of staff has looked at it, only its policy can be changed: the rest is what they
    verified. Of another policy the first must look again, as long as no second has. Raises `Denied`
    for who does not administer it.
    """
    with acting_as(actor):
        row = administered(actor, organization_id)
        names = tuple(Facts.__slots__) if row.first_verified_at is None else (
            "policy_url", "policy_version",
        )  # fmt: skip
        other = any(getattr(row, name) != getattr(facts, name) for name in names)
        for name in names:
            setattr(row, name, getattr(facts, name))
        if other and row.verified_at is None:
            row.first_verified_at = row.first_verified_by = None
        row.listed_at = (row.listed_at or timezone.now()) if listed else None
        row.save(update_fields=[*names, "listed_at", "first_verified_at", "first_verified_by"])
        note("change", subject=f"Organization/{row.pk}")


def mine(actor: Actor) -> Mine:
    """Where the actor works, and where she is invited to."""
    with acting_as(actor):
        if actor.door is not Door.SESSION or actor.user_id is None:
            raise Denied("read")
        rows = PractitionerRole.objects.filter(Q(ends_at=None) | Q(ends_at__gt=Now()))
        rows = rows.filter(organization__closed_at=None).select_related("organization")
        addresses = accounts.verified_addresses(actor.user_id)
        return Mine(
            list(rows.filter(user=actor.user_id).order_by("organization__name", "code", "id")),
            list(rows.inviting().filter(invited_email__in=addresses).order_by("created_at", "id")),
        )


def card(actor: Actor, organization_id: UUID) -> Card:
    """A facility for whom it is open to, or `Denied`.

    Whoever is signed in sees one that is verified; its own people see it before that, too.
    """
    with acting_as(actor):
        if actor.door is not Door.SESSION or actor.user_id is None:
            raise Denied("read")
        row = Organization.objects.filter(pk=organization_id).first()
        hers = PractitionerRole.objects.filter(
            Q(ends_at=None) | Q(ends_at__gt=Now()),
            organization=organization_id,
            user=actor.user_id,
        )
        member = hers.exists()
        if row is None or not (member or (row.verified and not row.closed_at)):
            raise Denied("read", subject=f"Organization/{organization_id}")
        ruled = PractitionerRole.objects.administering().filter(
            user=actor.user_id, organization=row
        )
        return Card(row, agreements(row), team(row), member, ruled.exists())


def agreements(row: Organization) -> list[Agreement]:
    """The agreements of a facility without their documents, newest first. Within an act."""
    return list(row.agreements.defer("document").order_by("-signed_on", "-created_at"))


def team(row: Organization) -> Team:
    """Who sees what is shared with a facility now, and how many will within 24 hours."""
    return teams([row.pk])[row.pk]


def teams(organization_ids: Collection[UUID]) -> dict[UUID, Team]:
    """The same of several facilities at once."""
    there = serving(organization_ids) if organization_ids else []
    people = accounts.people({one.user_id for one in there if one.sees})
    return {
        pk: _team([one for one in there if one.organization_id == pk], people)
        for pk in organization_ids
    }


def _team(there: list[Serving], known: dict[UUID, accounts.Person]) -> Team:
    now = [one for one in there if one.sees]
    people = {one.user_id: known[one.user_id] for one in now if one.user_id in known}
    on_call = {one.user_id for one in there if one.soon}
    return Team(
        sorted(_colleagues(now, people), key=lambda one: one.person.name.lower()),
        len(on_call | set(people)),
        len(on_call),
        frozenset(one.user_id for one in now),
    )


def _colleagues(
    roles: Iterable[Serving], people: dict[UUID, accounts.Person]
) -> Iterable[Colleague]:
    for user_id, person in people.items():
        found = {Role(role.code).label for role in roles if role.user_id == user_id}
        yield Colleague(person, tuple(sorted(found)))
