"""Random worlds of patients, permissions and records, and who may see what in them, in plain Python.

`permitted` is the rule of `docs/who-may-see-what.md` once more, written without a database.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from hypothesis import strategies as st

from sharing.policy import Action

T = TypeVar("T", str, int)
CATEGORIES = ("laboratory", "imaging", "documents")
LABELS = (11, 22, 33)
# Users 0, 1 and 2 are patients, too; anybody may be given a permission, also by herself.
PATIENTS, USERS, FACILITIES = range(3), range(5), range(2)
PATHS = ("person", "person", "person", "facility", "facility", "link", "emergency", "proxy")
CODES = ("clinician", "nurse", "on-call", "admin")
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
    path: str = "person"
    facility: int = 0
    # The place of the permission that it was passed on from among the world's, if it is before it.
    via: int | None = None
    manages: bool = False
    decides: bool = False


@dataclass(frozen=True)
class Member:
    """Somebody at a facility; `starts` and `ends` in days from now."""

    facility: int
    user: int | None
    code: str
    starts: int = -2
    ends: int = FOREVER
    suspended: bool = False
    on_shift: bool = False


@dataclass(frozen=True)
class World:
    active: tuple[bool, ...]
    restricted: tuple[bool, ...]
    erasing: tuple[bool, ...]
    items: tuple[Item, ...]
    given: tuple[Given, ...]
    open: tuple[bool, ...] = (True, True)
    members: tuple[Member, ...] = ()
    # For each patient who has no account: the user who opened the record for her.
    opened: tuple[int | None, ...] = (None,) * len(PATIENTS)


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
    st.sampled_from([None, None, None, -5, 1]),
    st.sampled_from(PATHS),
    st.sampled_from(FACILITIES),
    st.sampled_from([None, None, None, 0, 1]),
    st.booleans(),
)
members = st.builds(
    Member,
    st.sampled_from(FACILITIES),
    st.sampled_from([*USERS, *USERS, None]),
    st.sampled_from(CODES),
    st.sampled_from([-2, -2, -2, 1]),
    st.sampled_from([FOREVER, FOREVER, -1]),
    seldom,
    st.booleans(),
)
worlds = st.builds(
    World,
    st.tuples(*[seldom.map(lambda off: not off)] * len(USERS)),
    st.tuples(*[seldom] * len(PATIENTS)),
    st.tuples(*[seldom] * len(PATIENTS)),
    st.lists(items, min_size=1, max_size=MOST).map(tuple),
    st.lists(grants, max_size=MOST).map(tuple),
    st.tuples(*[seldom.map(lambda shut: not shut)] * len(FACILITIES)),
    st.lists(members, max_size=MOST).map(tuple),
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
        if stands(world, given, user, action)
    )


def acting(world: World, user: int, action: Action, item: Item) -> bool:
    """Whether this user may do this to this record while she acts for its patient."""
    at_rest = world.erasing[item.patient] or world.restricted[item.patient]
    shut = item.hidden or item.never_shared or at_rest
    if decides(world, user, item.patient):
        return not item.hidden
    place = next(at for at, one in enumerate(world.items) if one is item)
    return not shut and any(
        given.patient == item.patient
        and allows(given, action)
        and covers(given, item, place)
        and held(world, given, user)
        and going_on(world, given)
        for given in world.given
        if manages(given) and world.active[user]
    )


def decides(world: World, user: int, patient: int) -> bool:
    """Whether this user stands in for a patient without an account, while she acts for her."""
    at_rest = world.erasing[patient] or world.restricted[patient]
    return not at_rest and any(
        given.patient == patient
        and manages(given)
        and given.decides
        and given.grantee == user == world.opened[patient]
        and going_on(world, given)
        for given in world.given
        if world.active[user]
    )


def manages(given: Given) -> bool:
    """Whether its holder may act for the patient: only who may see and copy all of it."""
    narrowed = given.types or given.tags or given.besides or given.records is not None
    timed = given.since is not None or given.until is not None
    whole = given.may_copy and not narrowed and not timed
    return given.path == "proxy" and given.manages and whole


def allows(given: Given, action: Action) -> bool:
    if action in {Action.DELETE, Action.SHARE, Action.REVOKE}:
        return False
    return action is not Action.COPY or given.may_copy


def opened_by_link(world: World, given: Given, action: Action, item: Item, place: int) -> bool:
    """Whether who holds this link may do this to this record of its patient."""
    shut = item.hidden or item.never_shared or world.erasing[item.patient]
    open_ = not shut and not world.restricted[item.patient]
    return open_ and covers(given, item, place) and stands(world, given, None, action)


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


def stands(world: World, given: Given, user: int | None, action: Action) -> bool:
    """Whether a permission lets this user do this to whatever it covers; None holds the link."""
    enough = action is Action.READ or (action is Action.COPY and copies(given))
    return enough and held(world, given, user) and going_on(world, given)


def copies(given: Given) -> bool:
    return given.may_copy and given.path != "emergency"


def held(world: World, given: Given, user: int | None) -> bool:
    """Whether it is this user's."""
    if given.path == "facility":
        return sees(world, given.facility, user)
    if given.path == "emergency":
        return named(given) == user and sees(world, given.facility, user)
    if given.path == "link":
        return user is None
    return user is not None and given.grantee == user


def sees(world: World, facility: int, user: int | None) -> bool:
    """Whether the user sees now what is shared with the facility."""
    return world.open[facility] and any(
        (one.facility, one.user) == (facility, user)
        and one.starts <= 0 < one.ends
        and not one.suspended
        and (one.code in {"clinician", "nurse"} or (one.code == "on-call" and one.on_shift))
        for one in world.members
        if one.user is not None
    )


def going_on(world: World, given: Given) -> bool:
    """Whether it is in force, whoever holds it, and all from which it was passed on."""
    own = not (given.revoked or given.paused) and given.starts <= 0 < given.ends
    above = passed_from(world, given)
    if above is None:
        return own
    giver = named(above)
    # Looked at is only the one above: what was passed on may not be passed on again.
    stands_above = not (above.revoked or above.paused) and above.starts <= 0 < above.ends
    return own and stands_above and giver is not None and world.active[giver]


def named(given: Given) -> int | None:
    """The user that it names; an emergency is always somebody's."""
    if given.path in {"facility", "link"}:
        return None
    return USERS[-1] if given.path == "emergency" and given.grantee is None else given.grantee


def passed_from(world: World, given: Given) -> Given | None:
    place = next((at for at, one in enumerate(world.given) if one is given), 0)
    if given.path != "person" or given.via is None or given.via >= place:
        return None
    return world.given[given.via]


def may_enter(world: World, user: int, action: Action) -> set[int]:
    """The patients of whose records this user may do this to some, were there any."""
    if not world.active[user]:
        return set()
    given = {one.patient for one in world.given if stands(world, one, user, action)}
    given = {one for one in given if not world.restricted[one]}
    there = {one for one in PATIENTS if not world.erasing[one]}
    if action not in STORED_ONLY:
        there = {one for one in there if not world.restricted[one]}
    return {one for one in there if one in given or one == user}
