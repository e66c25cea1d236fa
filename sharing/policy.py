"""THE RULE: who may see and do what. Everything asks here; nothing else compares user ids.

The rule in words is `docs/who-may-see-what.md`. `records` is the rule as a queryset; `require` is
the same queryset asked for one row; `people` and `explain` are the same conditions turned round.
The database repeats it as row-level security (sharing and phr migrations `0002_walls`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar
from uuid import UUID

from django.db.models import Exists, F, Model, OuterRef, Q, QuerySet

from accounts.actors import Actor, Denied, Door, System
from accounts.models import Patient, User
from sharing.holding import hold
from sharing.models import INVITED, Grant, GrantQuerySet, Organization, Path, PractitionerRole
from sharing.serving import serving


class Action(StrEnum):
    """What somebody wants to do with a record; CONTRIBUTE and RESHARE by a permission to do so."""

    CONTRIBUTE = "contribute"
    COPY = "copy"
    CREATE = "create"
    DELETE = "delete"
    READ = "read"
    RESHARE = "reshare"
    REVOKE = "revoke"
    SHARE = "share"
    UPDATE = "update"


NEVER = Q(pk__in=[])
# Who opened the record of somebody without an account, and stands in for her by this permission.
DECIDES = Q(path=Path.PROXY, may_manage=True, may_decide=True, patient__opened_by=F("grantee"))
# What a permission can let others do, and which permissions do.
SWITCHES: dict[Action, Q] = {
    Action.READ: ~Q(categories=[]),
    Action.COPY: ~Q(categories=[]) & Q(may_copy=True),
    Action.CONTRIBUTE: ~Q(inward_categories=[]),
    Action.RESHARE: ~Q(categories=[]) & Q(may_reshare=True),
    Action.CREATE: Q(may_manage=True),
    Action.UPDATE: Q(may_manage=True),
    Action.DELETE: NEVER,
    Action.REVOKE: NEVER,
    Action.SHARE: NEVER,
}
# What somebody may do only while she acts for the patient.
KEEPING = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE, Action.REVOKE, Action.SHARE})
# What may happen while processing is restricted: storing goes on, and she may look, take and delete.
UNRESTRICTED = frozenset({Action.READ, Action.COPY, Action.DELETE, Action.REVOKE})
JOBS: dict[str, frozenset[Action]] = {
    System.BACKUP: frozenset(),
    System.DEMO: frozenset(),
    System.DIRECTORY: frozenset(),
    System.EXPORT: frozenset({Action.READ, Action.COPY}),
    System.HOLD: frozenset(),
    System.IMPORT: frozenset({Action.CREATE, Action.UPDATE}),
    System.INTEGRITY: frozenset(),
    System.OPERATOR: frozenset({Action.COPY, Action.CREATE, Action.READ}),
    System.PURGE: frozenset({Action.DELETE}),
    System.RECONCILE: frozenset(),
    System.RENEW: frozenset({Action.UPDATE}),
}


class Kept(Protocol):
    """Any row the rule can judge: whose it is, which kind, how sensitive, kept back, still there."""

    pk: UUID
    patient_id: UUID
    resource_type: str
    category: str
    effective_at: datetime
    dated: bool
    labels: list[int]
    tags: list[int]
    never_shared: bool
    hidden_at: Any


Row = TypeVar("Row", bound=Model)


class Restricted(Denied):
    """The actor's own record is restricted (GDPR Art. 18): it is stored, and used by nobody."""


@dataclass(frozen=True, slots=True)
class Basis:
    """Why something is permitted: `owner`, `job:<name>` or `grant:<id>`."""

    text: str


OWNER = Basis("owner")


def patients(actor: Actor, action: Action) -> QuerySet[Patient]:
    """For whom the actor may do this to at least some records."""
    rows = _in_use(action)
    if actor.door is Door.SYSTEM:
        return rows if action in JOBS.get(actor.system, ()) else rows.none()
    return rows.filter(
        own(actor) | Q(Exists(reached(actor, action).filter(patient_id=OuterRef("pk"))))
    )


def _in_use(action: Action) -> QuerySet[Patient]:
    rows = Patient.objects.filter(erasing_at=None)
    return rows if action in UNRESTRICTED else rows.filter(restricted_at=None)


def own(actor: Actor) -> Q:
    """The patient the actor is: herself in person, or the dependent she acts for and decides for."""
    if actor.door is not Door.SESSION or actor.user_id is None:
        return NEVER
    if actor.acting_for is None:
        return Q(user_id=actor.user_id, user__is_active=True)
    stands_in = deciding(actor).filter(patient_id=OuterRef("pk"))
    return Q(pk=actor.acting_for) & Q(Exists(stands_in))


def deciding(actor: Actor) -> GrantQuerySet:
    """The permission by which the actor decides for the dependent whom she acts for."""
    rows = Grant.objects.active().reached_by(actor).filter(DECIDES)
    return rows if actor.acting_for else rows.none()


def decider(patient_id: UUID) -> QuerySet[User]:
    """Who decides for a dependent now. For the workers to ask."""
    rows = Grant.objects.active().filter(DECIDES, patient_id=patient_id)
    return User.objects.filter(pk__in=rows.values("grantee"), is_active=True)


def alterable(actor: Actor) -> Q:
    """Which permissions of the record that she decides about the actor may end, change or pause.

    Who stands in for a dependent touches nobody's permission to act for her, nor her own.
    """
    return ~Q(path=Path.PROXY) if actor.acting_for else Q()


@dataclass(frozen=True, slots=True)
class Grounds:
    """Why an actor may do one thing to records of one patient, found once and used for it all.

    `everything` names the ground that covers every record, or is None; `grants` cover some. The
    `patient` is there when either is.
    """

    actor: Actor
    action: Action
    patient_id: UUID
    everything: Basis | None = None
    grants: tuple[Grant, ...] = ()
    patient: Patient | None = None

    @property
    def kept(self) -> bool:
        """Whether the actor keeps this record: her own, or that of the patient she acts for."""
        stands_in = self.actor.acting_for == self.patient_id and bool(self.grants)
        return self.everything is not None or stands_in

    @property
    def first(self) -> Basis:
        """The ground that stands when no single row does. Raises `Denied` when there is none."""
        if self.everything:
            return self.everything
        if not self.grants:
            raise Denied
        return Basis(f"grant:{self.grants[0].pk}")

    def of(self, row: Kept) -> list[Basis]:
        """Every reason that covers this row; empty when there is none."""
        if self.everything:
            return [self.everything]
        return [Basis(f"grant:{grant.pk}") for grant in self.grants if covers(grant, row)]

    def lets_copy(self, row: Kept) -> bool:
        """Whether what lets look at this row lets copy it, too, for a page to say so beforehand."""
        within = (grant for grant in self.grants if grant.may_copy and covers(grant, row))
        return self.everything is not None or any(within)

    def rule(self) -> Q:
        """The same, as a condition on rows of the patient."""
        rule = Q() if self.everything else Q(pk__in=[])
        for grant in self.grants:
            rule |= covered(grant)
        return rule


def grounds(actor: Actor, action: Action, patient_id: UUID) -> Grounds:
    """The grounds on which the actor may do this to records of the patient now."""
    none = Grounds(actor, action, patient_id)
    # What others let her see is asked for only where the record is not her own: it would cost most
    # of a page's time. Of her own that rests or goes nobody has a permission in force.
    system = actor.door is Door.SYSTEM
    there = patients(actor, action) if system else _in_use(action).filter(own(actor))
    patient = there.filter(pk=patient_id).first()
    if patient is not None:
        return replace(none, everything=_whole(actor), patient=patient)
    rows = reached(actor, action).filter(patient_id=patient_id).order_by("created_at", "id")
    found = tuple(rows.select_related("patient"))
    return replace(none, grants=found, patient=found[0].patient if found else None)


def _whole(actor: Actor) -> Basis:
    if actor.door is Door.SYSTEM:
        return Basis(f"job:{actor.system}")
    row = deciding(actor).first() if actor.acting_for else None
    return Basis(f"grant:{row.pk}") if row else OWNER


def records(
    actor: Actor,
    action: Action,
    rows: QuerySet[Row],
    patient_id: UUID,
    *,
    known: Grounds | None = None,
) -> QuerySet[Row]:
    """Which of one patient's `rows` the actor may do this to, on grounds found before or now.

    Raises ValueError for grounds of another question.
    """
    found = _known(known, actor, action, patient_id)
    return rows.filter(found.rule(), patient_id=patient_id, hidden_at=None)


def _known(known: Grounds | None, actor: Actor, action: Action, patient_id: UUID) -> Grounds:
    found = known or grounds(actor, action, patient_id)
    if (found.actor, found.action, found.patient_id) != (actor, action, patient_id):
        raise ValueError("grounds of another question")
    return found


def covered(grant: Grant) -> Q:
    """The rows that a grant covers."""
    found = within(grant) & Q(labels__contained_by=grant.labels, never_shared=False)
    if grant.tags:
        found &= Q(tags__overlap=grant.tags)
    return found


def within(grant: Grant) -> Q:
    """What a grant covers, without what the patient sorts herself: labels, tags, what she keeps back."""
    found = Q(category__in=grant.categories)
    if grant.types:
        found &= Q(resource_type__in=grant.types)
    if grant.records:
        found &= Q(pk__in=grant.records)
    if grant.besides:
        found &= ~Q(pk__in=grant.besides)
    if grant.data_from:
        found &= Q(dated=True, effective_at__gte=grant.data_from)
    if grant.data_until:
        found &= Q(dated=True, effective_at__lt=grant.data_until)
    return found


def require(
    actor: Actor,
    action: Action,
    rows: QuerySet[Row],
    patient_id: UUID,
    pk: UUID,
    *,
    known: Grounds | None = None,
) -> Row:
    """The one row, or `Denied` (answered as 404) when it is not there for this actor."""
    row = records(actor, action, rows, patient_id, known=known).filter(pk=pk).first()
    if row is None:
        raise Denied(action.value, patient_id=patient_id, subject=f"Record/{pk}")
    return row


def require_patient(
    actor: Actor, action: Action, patient_id: UUID, *, known: Grounds | None = None
) -> Patient:
    """The patient, or `Denied` when the actor may do this to nothing of hers.

    Raises ValueError for grounds of another question.
    """
    patient = _known(known, actor, action, patient_id).patient
    if patient is None:
        raise Denied(action.value, patient_id=patient_id, subject=f"Patient/{patient_id}")
    return patient


def require_own(actor: Actor, action: Action = Action.READ) -> Patient:
    """The actor's own Patient, when she is here for herself; `Denied` when there is none.

    For a dependent, who never is, who decides for her stands in. Raises `Restricted` when the
    record must rest.
    """
    patient = _in_use(Action.READ).filter(own(actor)).first()
    if patient is None:
        raise Denied(Action.READ.value)
    if patient.restricted_at and action not in UNRESTRICTED:
        raise Restricted(action.value, patient_id=patient.pk, subject=f"Patient/{patient.pk}")
    return patient


def require_kept(actor: Actor, action: Action = Action.READ) -> Patient:
    """Whose record the actor keeps here: her own, or that of the patient she acts for.

    Raises `Denied` and `Restricted` as `require_own` does. What only the patient herself may do
    asks `require_own`. What lets her write is held until the end of the act.
    """
    if actor.acting_for is None:
        return require_own(actor, action)
    if action in KEEPING:
        hold(actor.acting_for)
    return require_patient(actor, action, actor.acting_for)


def people(action: Action, row: Kept) -> set[UUID]:
    """Who may do this to one record: the ids of users. For the owner and the workers to ask."""
    if row.hidden_at is not None:
        return set()
    found = set(
        Patient.objects.filter(
            pk=row.patient_id, erasing_at=None, user__is_active=True
        ).values_list("user_id", flat=True)
    )
    if action in SWITCHES:
        standing = Grant.objects.active().filter(patient_id=row.patient_id)
        found |= holders(standing.filter(DECIDES))
        rows = standing.filter(SWITCHES[action])
        found |= holders([grant for grant in rows if covers(grant, row)])
    return found


def holders(grants: Iterable[Grant]) -> set[UUID]:
    """The ids of the users who hold one of these permissions now; who holds a link has none."""
    kept = list(grants)
    facilities = {grant.organization_id for grant in kept if grant.organization_id}
    at_work = serving(facilities) if facilities else []
    seeing = {(one.organization_id, one.user_id) for one in at_work if one.sees}
    named = {grant.grantee_id for grant in kept if grant.path in INVITED and grant.grantee_id}
    active = User.objects.filter(pk__in=named, is_active=True).values_list("pk", flat=True)
    found = set(active)
    for grant in kept:
        found |= {
            user
            for organization, user in seeing
            if organization == grant.organization_id and grant.grantee_id in {None, user}
        }
    return found


def covers(grant: Grant, row: Kept) -> bool:
    """`covered`, asked of one row in memory."""
    return (
        row.category in grant.categories
        and set(row.labels) <= set(grant.labels)
        and not row.never_shared
        and (not grant.types or row.resource_type in grant.types)
        and (not grant.tags or not set(grant.tags).isdisjoint(row.tags))
        and (not grant.records or row.pk in grant.records)
        and row.pk not in grant.besides
        and (grant.data_from is None or (row.dated and row.effective_at >= grant.data_from))
        and (grant.data_until is None or (row.dated and row.effective_at < grant.data_until))
    )


def explain(actor: Actor, action: Action, row: Kept) -> list[Basis]:
    """Every reason why the actor may do this to the row; empty when she may not."""
    if row.hidden_at is not None:
        return []
    return grounds(actor, action, row.patient_id).of(row)


def workplaces(actor: Actor) -> QuerySet[Organization]:
    """The facilities where the actor sees now what is shared with them, by name."""
    roles = PractitionerRole.objects.seeing_as(actor)
    return Organization.objects.filter(pk__in=roles.values("organization")).order_by("name", "id")


def reached(actor: Actor, action: Action) -> GrantQuerySet:
    """The permissions through which the actor may do this to what they cover."""
    rows = Grant.objects.active().reached_by(actor).filter(SWITCHES[action])
    return rows.none() if action in KEEPING and actor.acting_for is None else rows
