"""Who holds which permission, as its patient sees it and as who holds it does."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Max
from django.utils import timezone

from accounts import services as accounts
from accounts.acting import acting_as
from accounts.actors import Actor, Denied, Door
from accounts.models import AuditEvent, Patient
from sharing import policy
from sharing.models import Grant, Path
from sharing.opening import recipient_of
from sharing.policy import Action
from sharing.scopes import Scope, agreement_of, scope_of
from sharing.whom import Whom, whom

MOST_OPENED, MOST_WAITING = 200, 100
MOST_HELD = 2**31 - 1
OPENED = """
    SELECT record, min(at), count(*) OVER () FROM accounts_auditevent, unnest(records) AS record
    WHERE patient_id = %s AND basis = %s AND action = %s
    GROUP BY record ORDER BY min(at), record LIMIT %s OFFSET %s
"""


@dataclass(frozen=True, slots=True)
class Held:
    """One permission as its patient or its grantee sees it; `via` is who passed it on."""

    grant: Grant
    scope: Scope
    person: accounts.Person
    patient_name: str = ""
    looked_at: datetime | None = None
    replaced: bool = False
    whom: Whom | None = None
    via: str = ""

    @property
    def begins_later(self) -> bool:
        return self.grant.starts_at > timezone.now()

    @property
    def over(self) -> bool:
        """Whether it has ended for good, or can never begin."""
        return self.state in {"revoked", "ended", "expired"}

    @property
    def state(self) -> str:
        """One of: revoked, waiting, expired, ended, paused, later, active."""
        now = timezone.now()
        if self.grant.revoked_at:
            return "revoked"
        if self.grant.ends_at and self.grant.ends_at <= now:
            return "ended"
        if self.grant.accepted_at is None:
            return "waiting" if self.grant.invitation_ends_at > now else "expired"
        if self.grant.paused_at:
            return "paused"
        return "later" if self.begins_later else "active"


def invitation(actor: Actor, grant_id: UUID) -> Held:
    """The invitation for the actor's own verified address, or `Denied`."""
    with acting_as(actor):
        return _held_by_me(one_waiting(actor, grant_id))


def one_waiting(actor: Actor, grant_id: UUID) -> Grant:
    """The invitation itself. Within an act of the actor."""
    row = None
    if actor.door is Door.SESSION and actor.user_id:
        mine = accounts.verified_addresses(actor.user_id)
        row = Grant.objects.waiting().filter(pk=grant_id, invited_email__in=mine).first()
    if row is None:
        raise Denied("accept", subject=f"Grant/{grant_id}")
    return row


def given(actor: Actor, *, patient: Patient | None = None) -> list[Held]:
    """Every permission the actor ever gave, newest first: the one list of who has access (C50).

    `patient` is herself, where the open act knows her already.
    """
    with acting_as(actor):
        patient = patient or policy.require_own(actor)
        mine = Grant.objects.filter(patient=patient).select_related("organization", "link")
        rows = list(mine.order_by("-created_at", "-id"))
        people = accounts.people({row.grantee_id for row in rows if row.grantee_id})
        looked = _last_looks(patient.pk)
        replaced = {row.replaces for row in rows}
        names = {row.pk: holder(row, people).name for row in rows}
        return [
            replace(
                _held(row, people, looked),
                replaced=row.pk in replaced,
                via=names.get(row.via_id, "") if row.via_id else "",
            )
            for row in rows
        ]


def _last_looks(patient_id: UUID) -> dict[str, datetime]:
    looks = AuditEvent.objects.filter(
        patient_id=patient_id, action__in=[Action.READ, Action.COPY], basis__startswith="grant:"
    )
    return dict(looks.values_list("basis").annotate(Max("at")))


def _held(row: Grant, people: dict[UUID, accounts.Person], looked: dict[str, datetime]) -> Held:
    return Held(
        row,
        scope_of(row),
        holder(row, people),
        looked_at=looked.get(f"grant:{row.pk}"),
    )


def holder(row: Grant, people: dict[UUID, accounts.Person]) -> accounts.Person:
    """How who holds a permission is shown to its patient: a person, a facility, a link."""
    if row.organization and row.path == Path.FACILITY:
        role = ", ".join(part for part in ("Facility", row.organization.place) if part)
        return accounts.Person(row.organization.name, role, row.organization.verified)
    if row.path == Path.LINK:
        return accounts.Person(f"Link for {recipient_of(row.link)}")
    person = people.get(row.grantee_id) if row.grantee_id else None
    return person or accounts.Person(row.invited_email)


def held(row: Grant) -> Held:
    """A permission that no user holds, as its patient sees it. Within an act of hers."""
    return _held(row, {}, {})


def one_given(actor: Actor, grant_id: UUID) -> Grant:
    """One of the actor's own permissions, or `Denied`. Within an act of hers."""
    patient = policy.require_own(actor)
    row = Grant.objects.filter(pk=grant_id, patient=patient).first()
    if row is None:
        raise Denied("read", patient_id=patient.pk, subject=f"Grant/{grant_id}")
    return row


def one_held(actor: Actor, grant_id: UUID) -> Held:
    """One of the actor's own permissions as she sees it, or `Denied`."""
    with acting_as(actor):
        return _one_held(one_given(actor, grant_id))


def _one_held(row: Grant) -> Held:
    return _held(row, accounts.people({row.grantee_id} if row.grantee_id else set()), {})


@dataclass(frozen=True, slots=True)
class Opened:
    """How many items were opened in one way, and when first: a part of them, the earliest first."""

    count: int
    times: dict[UUID, datetime]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What somebody saw and copied under one permission, and what its patient agreed to (C53)."""

    held: Held
    agreement: str
    seen: Opened
    copied: Opened


def receipt(actor: Actor, grant_id: UUID, *, most: int = MOST_OPENED, besides: int = 0) -> Receipt:
    """The receipt of one of the actor's own permissions, or `Denied`.

    It names at most so many items of each list, leaving out the earliest `besides`.
    """
    with acting_as(actor):
        row = one_given(actor, grant_id)
        return Receipt(
            _one_held(row),
            agreement_of(row),
            _opened(row, Action.READ, most, besides),
            _opened(row, Action.COPY, most, besides),
        )


def _opened(row: Grant, action: Action, most: int, besides: int) -> Opened:
    """Counted and cut in the database: ten thousand events never come here."""
    asked = (row.patient_id, f"grant:{row.pk}", action.value)
    with connection.cursor() as cursor:
        cursor.execute(OPENED, (*asked, most, besides))
        found = cursor.fetchall()
        if not found and besides:
            cursor.execute(OPENED, (*asked, 1, 0))
            return Opened(_count(cursor.fetchall()), {})
        return Opened(_count(found), {record: at for record, at, _ in found})


def _count(found: list[tuple[UUID, datetime, int]]) -> int:
    return found[0][2] if found else 0


@dataclass(frozen=True, slots=True)
class Shared:
    """What a care provider finds when she comes in; `after` leads to earlier ones, if there are."""

    open: list[Held]
    waiting: list[Held]
    after: UUID | None = None


def shared(actor: Actor, *, after: UUID | None = None) -> Shared:
    """Who shares with the actor now, the newest first, and what waits for her verified addresses.

    A page of them: the first, or what follows `after`, the last of another page.
    """
    with acting_as(actor):
        if actor.door is not Door.SESSION or actor.user_id is None:
            raise Denied("read")
        page, more = _newest(after)
        mine = Grant.objects.active().reached_by(actor).filter(pk__in=page)
        mine = mine.select_related("patient", "organization")
        addresses = accounts.verified_addresses(actor.user_id)
        waiting = Grant.objects.waiting().filter(invited_email__in=addresses)
        return Shared(
            [_held_by_me(row) for row in mine.order_by("-created_at", "-id")],
            [_held_by_me(row) for row in waiting.order_by("-created_at", "-id")[:MOST_WAITING]],
            page[-1] if more else None,
        )


def may_look(actor: Actor, patient_id: UUID) -> bool:
    """Whether the actor may look at anything of this record now."""
    with acting_as(actor):
        return policy.patients(actor, Action.READ).filter(pk=patient_id).exists()


def _newest(after: UUID | None) -> tuple[list[UUID], bool]:
    """Where to look, and whether more follows: found by an index, where the rule itself would read
    all that she ever held. Who turns pages has the ids of what she holds now gone through."""
    size = settings.PHR_PAGE_SIZE
    with connection.cursor() as cursor:
        cursor.execute("SELECT phr_newest(%s)", [MOST_HELD if after else size + 1])
        found = [pk for (pk,) in cursor.fetchall()]
    begin = found.index(after) + 1 if after in found else 0
    return found[begin : begin + size], len(found) > begin + size


def _held_by_me(row: Grant) -> Held:
    about = whom(row.patient, [row]) if row.accepted_at else None
    name = about.name if about else ""
    return Held(row, scope_of(row), accounts.Person(""), patient_name=name, whom=about)
