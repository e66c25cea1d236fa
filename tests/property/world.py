"""Random worlds of patients, permissions and records, and who may see what in them, in plain Python.

`permitted` is the rule of `docs/who-may-see-what.md` once more, written without a database.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar
from uuid import UUID, uuid4

from django.utils import timezone
from hypothesis import strategies as st

from accounts.actors import Actor
from accounts.models import Patient, User
from phr.models import Record
from sharing.models import Grant
from sharing.policy import Action
from tests.raw import as_owner, open_walls

T = TypeVar("T", str, int)
CATEGORIES = ("laboratory", "imaging", "documents")
LABELS = (11, 22, 33)
# Users 0, 1 and 2 are patients, too; anybody may be given a permission, also by herself.
PATIENTS, USERS = range(3), range(5)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FOREVER = 99
KINDS, TAGS, MOST = ("Observation", "Condition"), (7, 8), 7
DAYS = (None, -9, -5, 0)


@dataclass(frozen=True)
class Item:
    """One record."""

    patient: int
    category: str
    labels: frozenset[int]
    hidden: bool
    never_shared: bool = False
    kind: str = "Observation"
    tags: frozenset[int] = frozenset()
    # In days from now; None has no date of its own.
    day: int | None = 0


@dataclass(frozen=True)
class Given:
    """One permission; `starts` and `ends` in days from now, `grantee` None while not accepted."""

    patient: int
    grantee: int | None
    categories: frozenset[str]
    labels: frozenset[int]
    may_copy: bool
    starts: int
    ends: int
    revoked: bool
    paused: bool = False
    types: frozenset[str] = frozenset()
    tags: frozenset[int] = frozenset()
    # Places in the world's list of items; None narrows nothing.
    records: frozenset[int] | None = None
    besides: frozenset[int] = frozenset()
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True)
class World:
    active: tuple[bool, ...]
    restricted: tuple[bool, ...]
    erasing: tuple[bool, ...]
    items: tuple[Item, ...]
    given: tuple[Given, ...]


def some(values: tuple[str, ...] | tuple[int, ...]) -> st.SearchStrategy[frozenset[str | int]]:
    return st.frozensets(st.sampled_from(values), min_size=1)


def few(values: st.SearchStrategy[T]) -> st.SearchStrategy[frozenset[T]]:
    """Mostly none."""
    return st.just(frozenset[T]()) | st.just(frozenset[T]()) | st.frozensets(values, max_size=3)


seldom = st.sampled_from([False, False, False, False, True])
items = st.builds(
    Item,
    st.sampled_from(PATIENTS),
    st.sampled_from(CATEGORIES),
    some(LABELS),
    seldom,
    seldom,
    st.sampled_from(KINDS),
    st.frozensets(st.sampled_from(TAGS)),
    st.sampled_from(DAYS),
)
grants = st.builds(
    Given,
    st.sampled_from(PATIENTS),
    st.sampled_from([*USERS, *USERS, None]),
    some(CATEGORIES),
    some(LABELS),
    st.booleans(),
    st.sampled_from([-2, -2, -2, 1]),
    st.sampled_from([FOREVER, FOREVER, 2, -1]),
    seldom,
    seldom,
    few(st.sampled_from(KINDS)),
    few(st.sampled_from(TAGS)),
    st.none() | st.none() | st.frozensets(st.integers(0, MOST - 1), min_size=1),
    few(st.integers(0, MOST - 1)),
    st.sampled_from([None, None, None, -9, 0]),
    st.sampled_from([None, None, None, -4, 1]),
)
worlds = st.builds(
    World,
    st.tuples(*[seldom.map(lambda off: not off)] * len(USERS)),
    st.tuples(*[seldom] * len(PATIENTS)),
    st.tuples(*[seldom] * len(PATIENTS)),
    st.lists(items, min_size=1, max_size=MOST).map(tuple),
    st.lists(grants, max_size=MOST).map(tuple),
)


# Restricted means stored (GDPR Art. 18(2)): she still looks, copies and deletes.
STORED_ONLY = frozenset({Action.READ, Action.COPY, Action.DELETE})


def permitted(world: World, user: int, action: Action, item: Item) -> bool:
    """Whether this user may do this to this record."""
    if item.hidden or world.erasing[item.patient] or not world.active[user]:
        return False
    if world.restricted[item.patient] and action not in STORED_ONLY:
        return False
    if user == item.patient:
        return True
    if world.restricted[item.patient] or action not in {Action.READ, Action.COPY}:
        return False
    if item.never_shared:
        return False
    place = next(at for at, one in enumerate(world.items) if one is item)
    return any(
        given.patient == item.patient and covers(given, item, place)
        for given in world.given
        if stands(given, user, action)
    )


def covers(given: Given, item: Item, place: int) -> bool:
    """Whether a permission is about this record, the one at that place among the world's."""
    timed = given.since is not None or given.until is not None
    return (
        item.category in given.categories
        and item.labels <= given.labels
        and (not given.types or item.kind in given.types)
        and (not given.tags or bool(given.tags & item.tags))
        and (given.records is None or place in given.records)
        and place not in given.besides
        and not (timed and item.day is None)
        and (given.since is None or (item.day or 0) >= given.since)
        and (given.until is None or (item.day or 0) < given.until)
    )


def stands(given: Given, user: int, action: Action) -> bool:
    """Whether a permission lets this user do this to whatever it covers."""
    begun_and_not_ended = given.starts <= 0 < given.ends
    enough = action is Action.READ or (action is Action.COPY and given.may_copy)
    ended = given.revoked or given.paused
    return given.grantee == user and not ended and begun_and_not_ended and enough


def may_enter(world: World, user: int, action: Action) -> set[int]:
    """The patients of whose records this user may do this to some, were there any."""
    if not world.active[user]:
        return set()
    given = {one.patient for one in world.given if stands(one, user, action)}
    given = {one for one in given if not world.restricted[one]}
    there = {one for one in PATIENTS if not world.erasing[one]}
    if action not in STORED_ONLY:
        there = {one for one in there if not world.restricted[one]}
    return {one for one in there if one in given or one == user}


# --- tightening -----------------------------------------------------------------------------------


@st.composite
def tightenings(draw: st.DrawFn) -> tuple[World, World]:
    """A world, and the same world after somebody took something away."""
    before = draw(worlds)
    after = before
    for _ in range(draw(st.integers(1, 3))):
        after = draw(st.sampled_from([_patients, _people, _items, _given]))(draw, after)
    return before, after


def _patients(draw: st.DrawFn, world: World) -> World:
    number = draw(st.sampled_from(PATIENTS))
    if draw(st.booleans()):
        return replace(world, restricted=_put(world.restricted, number, True))
    return replace(world, erasing=_put(world.erasing, number, True))


def _people(draw: st.DrawFn, world: World) -> World:
    return replace(world, active=_put(world.active, draw(st.sampled_from(USERS)), False))


def _put(flags: tuple[bool, ...], at: int, value: bool) -> tuple[bool, ...]:
    return (*flags[:at], value, *flags[at + 1 :])


def _items(draw: st.DrawFn, world: World) -> World:
    at = draw(st.integers(0, len(world.items) - 1))
    item = world.items[at]
    less = [
        replace(item, hidden=True),
        replace(item, never_shared=True),
        replace(item, labels=item.labels | {LABELS[0]}),
    ]
    return replace(
        world, items=(*world.items[:at], draw(st.sampled_from(less)), *world.items[at + 1 :])
    )


def one_of(chosen: frozenset[T], every: tuple[T, ...]) -> frozenset[T]:
    """One of what narrows; nothing chosen narrows nothing."""
    return frozenset({min(chosen or every)})


def _given(draw: st.DrawFn, world: World) -> World:
    if not world.given:
        return world
    at = draw(st.integers(0, len(world.given) - 1))
    given = world.given[at]
    less = [
        replace(given, revoked=True),
        replace(given, paused=True),
        replace(given, types=one_of(given.types, KINDS)),
        replace(given, tags=one_of(given.tags, TAGS)),
        replace(given, records=frozenset({min(given.records or [0])})),
        replace(given, besides=given.besides | {0}),
        replace(given, since=max(given.since or -FOREVER, -5)),
        replace(given, until=min(given.until or FOREVER, -4)),
        replace(given, ends=-1),
        replace(given, starts=1),
        replace(given, may_copy=False),
        replace(given, labels=frozenset({min(given.labels)})),
        replace(given, categories=frozenset({min(given.categories)})),
    ]
    return replace(
        world, given=(*world.given[:at], draw(st.sampled_from(less)), *world.given[at + 1 :])
    )


# --- in the database ------------------------------------------------------------------------------


@dataclass(frozen=True)
class People:
    """The users and patients whom every world of one test has in common."""

    users: tuple[UUID, ...]
    patients: tuple[UUID, ...]

    @classmethod
    def enter(cls) -> "People":
        users = [User(email=f"user{number}@example.org", password="!") for number in USERS]
        patients = [Patient(user=users[number], name_sealed=b"-") for number in PATIENTS]
        open_walls()
        with as_owner():
            User.objects.bulk_create(users)
            Patient.objects.bulk_create(patients)
        return cls(tuple(one.pk for one in users), tuple(one.pk for one in patients))

    def session(self, user: int) -> Actor:
        return Actor.session(self.users[user])

    def build(self, world: World) -> list[Record]:
        """Make the world's rows; the caller rolls them back. Returns its records in order."""
        now = timezone.now()
        with as_owner():
            for number, active in enumerate(world.active):
                User.objects.filter(pk=self.users[number]).update(is_active=active)
            for number in PATIENTS:
                Patient.objects.filter(pk=self.patients[number]).update(
                    restricted_at=now if world.restricted[number] else None,
                    erasing_at=now if world.erasing[number] else None,
                )
            records = Record.objects.bulk_create([self._record(item) for item in world.items])
            ids = [row.pk for row in records]
            Grant.objects.bulk_create([self._grant(given, ids) for given in world.given])
            return records

    def _record(self, item: Item) -> Record:
        return Record(
            patient_id=self.patients[item.patient],
            resource_type=item.kind,
            category=item.category,
            effective_at=timezone.now() + (item.day or 0) * DAY,
            dated=item.day is not None,
            labels=sorted(item.labels),
            tags=sorted(item.tags),
            tokens=[],
            digest=uuid4().bytes,
            body_sealed=b"-",
            hidden_at=timezone.now() if item.hidden else None,
            never_shared=item.never_shared,
        )

    def _grant(self, given: Given, ids: list[UUID]) -> Grant:
        now = timezone.now()
        # A place that the world has no item at is a record of nobody.
        of = [*ids, *(uuid4() for _ in range(MOST))]
        accepted = given.grantee is not None
        return Grant(
            patient_id=self.patients[given.patient],
            grantee_id=None if given.grantee is None else self.users[given.grantee],
            accepted_at=now if accepted else None,
            invited_email="user0@example.org",
            categories=sorted(given.categories),
            labels=sorted(given.labels),
            types=sorted(given.types),
            tags=sorted(given.tags),
            records=[of[at] for at in given.records or ()],
            besides=[of[at] for at in given.besides],
            data_from=None if given.since is None else now + given.since * DAY - HOUR,
            data_until=None if given.until is None else now + given.until * DAY - HOUR,
            paused_at=now if given.paused else None,
            may_copy=given.may_copy,
            starts_at=now + given.starts * DAY,
            ends_at=None if given.ends == FOREVER else now + given.ends * DAY,
            invitation_ends_at=now + DAY,
            revoked_at=now if given.revoked else None,
        )
