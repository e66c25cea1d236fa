"""What every run of `test_sharing_over_time.py` begins with, and what must hold after each step."""

from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import count
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant

from accounts.acting import acting_as
from accounts.actors import Actor, Denied, System
from accounts.models import Patient
from phr.models import Record
from phr.tags import token_of
from sharing import policy
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.models import Authority, Grant, Role
from sharing.policy import Action
from sharing.scopes import Scope
from sharing.services import dependents, paths
from sharing.services.dependents import Draft
from sharing.services.paths import Kind
from sharing.services.recipients import Refused
from tests.cast import Cast, join, user_of
from tests.doors import give_second_factor
from tests.property.over_time import (
    CHILD,
    OPENER,
    PATIENTS,
    USERS,
    Given,
    Model,
    Part,
    Thing,
    Who,
    herself,
)
from tests.raw import as_owner, ids, open_walls
from tests.worlds.facilities import opened, professional
from tests.worlds.kept import keep

FOREVER, DAY = float("inf"), timedelta(days=1)
CATEGORIES = (Category.LABORATORY, Category.DOCUMENTS)
LABELS = (Sensitivity.N, Sensitivity.PSY)
WORDS = ("heart", "knee")
NAMES = ("alice", "carol", "nina", "rose", "bob")
ADMINISTRATOR = USERS[-1]
THINGS = (
    (0, CATEGORIES[0], LABELS[:1]),
    (0, CATEGORIES[1], LABELS),
    (1, CATEGORIES[0], LABELS[:1]),
    (CHILD, CATEGORIES[0], LABELS),
    (CHILD, CATEGORIES[0], LABELS[:1]),
)
EVERYTHING = {
    "categories": frozenset(one.value for one in CATEGORIES),
    "labels": frozenset(one.value for one in LABELS),
    "tags": frozenset[str](),
}
# The child gets old enough to tell a doctor something in confidence, and then of age.
PROTECTED, OF_AGE = 6.06, 40.06
KEEPS = Part(**EVERYTHING, copy=True, reshare=False, starts=0, ends=PROTECTED)
LOOKS = replace(
    KEEPS, labels=frozenset({LABELS[0].value}), copy=False, starts=PROTECTED, ends=OF_AGE
)


@dataclass(frozen=True)
class Ground:
    """What every run begins with: two patients, three who work in care, a facility of bob's.

    One of the patients has opened a record for a child, by the two permissions `opened`.
    """

    # The last stands where the child's account would be.
    users: tuple[UUID, ...]
    patients: dict[int, UUID]
    facility: UUID
    records: tuple[UUID, ...]
    opened: tuple[UUID, ...]

    @classmethod
    def enter(cls) -> "Ground":
        cast = Cast.enter()
        others = [Actor.session(join(f"{name}@example.org").pk) for name in NAMES[2:4]]
        for who, name in zip([cast.carol, *others], NAMES[1:4], strict=True):
            professional(who, name)
            give_second_factor(f"{name}@example.org")
        born = timezone.localdate() - 5 * 365 * DAY
        child = dependents.open_record(cast.carol, Draft("Mia", born, Authority.PARENT))
        patients = {0: cast.alice_id, OPENER: cast.carol_id, CHILD: child}
        kept = [keep(patients[at], category=kind, labels=marks) for at, kind, marks in THINGS]
        users = [user_of(who) for who in (cast.alice, cast.carol, *others, cast.bob)]
        facility = opened(cast)
        open_walls()
        with as_owner():
            users.append(Patient.objects.get(pk=child).user_id)
        ids_ = tuple(row.pk for row in kept)
        return cls(tuple(users), patients, facility, ids_, grows_up(child))


def grows_up(child: UUID) -> tuple[UUID, ...]:
    """Let her be old enough in some days."""
    now = timezone.now()
    with as_owner():
        keeping, looking = Grant.objects.filter(patient=child).order_by("starts_at")
        until = now + PROTECTED * DAY
        Grant.objects.filter(pk=keeping.pk).update(ends_at=until)
        Grant.objects.filter(pk=looking.pk).update(starts_at=until, ends_at=now + OF_AGE * DAY)
    return keeping.pk, looking.pk


def opener() -> list[Given]:
    """What who opened the child's record has in it."""
    plain = Given(CHILD, "proxy", OPENER, KEEPS, 0, accepted=True)
    return [replace(plain, manages=True, decides=True), replace(plain, part=LOOKS)]


def heading(one: Given) -> Kind:
    """Under which it stands in the list of all ways."""
    if one.path == "link":
        return Kind.LINK if one.part.categories else Kind.DROP_BOX
    return Kind[one.path.upper()]


def asked(of: Callable[[], object]) -> bool:
    """Whether it was done."""
    try:
        of()
    except (Denied, Refused):
        return False
    return True


some = st.integers(0, 20)
# Mostly the patient herself; else somebody, who may act for her.
askers = st.none() | st.none() | st.tuples(st.sampled_from(USERS), st.booleans())
parts = st.builds(
    Part,
    st.frozensets(st.sampled_from([one.value for one in CATEGORIES]), min_size=1),
    st.frozensets(st.sampled_from([one.value for one in LABELS]), min_size=1),
    st.just(frozenset[str]()) | st.frozensets(st.sampled_from(WORDS)),
    st.booleans(),
    st.booleans(),
    st.sampled_from([0.0, 0.0, 0.0, 0.5]),
    st.sampled_from([FOREVER, FOREVER, 1.5, 5.5]),
)
users, patients, things = map(st.sampled_from, (USERS, PATIENTS, range(len(THINGS))))
codes, words = st.sampled_from(Role), st.sampled_from(WORDS)
managers = st.sampled_from([ADMINISTRATOR] * 4 + [2])


class Months(RuleBasedStateMachine):
    """The portal and the model, side by side."""

    def __init__(self, ground: Ground) -> None:
        super().__init__()
        self.ground, self.steps = ground, count()
        self.grants = list(ground.opened)
        self.roles: list[UUID] = []
        self.requests: list[UUID] = []
        things = [Thing(at, kind.value, {one.value for one in of}) for at, kind, of in THINGS]
        self.model = Model(things, opener())
        self.undone = ExitStack()
        for alias in ("default", "vault"):
            self.undone.enter_context(transaction.atomic(using=alias))
            self.undone.callback(transaction.set_rollback, True, using=alias)

    def teardown(self) -> None:
        self.undone.close()

    # --- who asks, and for what -------------------------------------------------------------------

    def actor(self, who: Who) -> Actor:
        if who.link is not None:
            return Actor.link(self.grants[who.link])
        about = None if who.acts_for is None else self.ground.patients[who.acts_for]
        return Actor.session(self.ground.users[who.user or 0], acting_for=about)

    def asker(self, asker: tuple[int, bool] | None, patient: int) -> Who:
        if asker is None:
            return herself(patient)
        return Who(asker[0], patient if asker[1] else None)

    def scope(self, part: Part, patient: int) -> Scope:
        """From and until when is counted from now."""
        now, about = timezone.now(), self.ground.patients[patient]
        return Scope(
            tuple(one for one in CATEGORIES if one.value in part.categories),
            tuple(one for one in LABELS if one.value in part.labels),
            may_copy=part.copy,
            may_reshare=part.reshare,
            tags=tuple(token_of(about, word) for word in sorted(part.tags)),
            starts_at=now + part.starts * DAY if part.starts else None,
            ends_at=None if part.ends == FOREVER else now + part.ends * DAY,
        )

    def dated(self, part: Part) -> Part:
        """The same counted from the beginning."""
        now = self.model.now
        return replace(part, starts=now + part.starts, ends=now + part.ends)

    def open_until(self) -> float:
        return self.model.now + 14

    def keep(self, given: Given, made: list[UUID]) -> None:
        self.model.given.append(given)
        self.grants += made
        assert len(self.grants) == len(self.model.given)

    # --- what must always hold --------------------------------------------------------------------

    @invariant()
    def one_rule_in_five_ways(self) -> None:
        """The walls are asked of all records after each step, the rule of one patient's."""
        step = next(self.steps)
        self.agree(step, PATIENTS[step % len(PATIENTS)])

    def agree(self, step: int, patient: int) -> None:
        action = (Action.READ, Action.COPY)[step % 2]
        for who in set(self.model.everybody()):
            self.walls_let_through(who)
            self.rule_lets_through(who, patient, action, narrowed=step % 4 > 1)
        self.told_to_have_access(step % len(THINGS))
        if step % 3 == 0:
            self.every_way_is_on_the_list()

    def wanted(self, who: Who, action: Action, patients: Collection[int]) -> set[UUID]:
        return {
            pk
            for pk, thing in zip(self.ground.records, self.model.things, strict=True)
            if thing.patient in patients and self.model.may(who, action, thing)
        }

    def walls_let_through(self, who: Who) -> None:
        with acting_as(self.actor(who)):
            assert ids("SELECT id FROM phr_record") == self.wanted(who, Action.READ, PATIENTS), who

    def rule_lets_through(self, who: Who, patient: int, action: Action, *, narrowed: bool) -> None:
        actor, about = self.actor(who), self.ground.patients[patient]
        wanted, every = self.wanted(who, action, [patient]), Record.objects.all()
        with acting_as(actor, about=about if narrowed else None):
            known = policy.grounds(actor, action, about)
            assert (known.everything is not None) == self.model.owns(who, action, patient), who
            rows = list(policy.records(actor, action, every, about, known=known))
            assert {row.pk for row in rows} == wanted, (who, action)
            assert all(known.of(row) for row in rows)
            pk = self.ground.records[patient % len(self.ground.records)]
            ask = partial(policy.require, actor, action, every, about, pk, known=known)
            assert asked(ask) == (pk in wanted), (who, action)

    def told_to_have_access(self, at: int) -> None:
        thing, about = self.model.things[at], self.ground.patients[self.model.things[at].patient]
        with acting_as(Actor.job(System.OPERATOR), about=about):
            row = Record.objects.get(pk=self.ground.records[at])
            told = policy.people(Action.READ, row)
        may = {
            self.ground.users[user]
            for user in (*USERS, CHILD)
            for who in (Who(user), Who(user, thing.patient))
            if self.model.may(who, Action.READ, thing)
        }
        assert told == may

    def every_way_is_on_the_list(self) -> None:
        """Each permission once, as it is; and nobody reaches anything but those it shows."""
        for patient in PATIENTS:
            if self.model.keeps(herself(patient), Action.REVOKE) is None:
                continue
            actor = self.actor(herself(patient))
            found = paths.ways(actor)
            assert found.armed == (patient in self.model.cards)
            shown = [*paths.listed(found), *found.over]
            pairs = zip(self.grants, self.model.given, strict=True)
            hers = {pk: one for pk, one in pairs if one.patient == patient}
            assert sorted(way.held.grant.pk for way in shown) == sorted(hers)
            for way in shown:
                one = hers[way.held.grant.pk]
                assert (way.state, way.kind) == (self.model.state(one), heading(one))
            with acting_as(actor):
                told = policy.holders(way.held.grant for way in shown if way.state == "active")
            if patient not in self.model.resting:
                assert told == self.reaching(hers.values())

    def reaching(self, given: Collection[Given]) -> set[UUID]:
        """The users who hold one of these permissions now."""
        stand = [one for one in given if self.model.stands(one)]
        return {
            self.ground.users[user]
            for user in USERS
            if any(self.model.holds(Who(user), one) for one in stand)
        }

    @staticmethod
    def one_of(all_: Sequence[object], which: int) -> int | None:
        """Mostly one of the newest."""
        return len(all_) - 1 - which % len(all_) if all_ else None
