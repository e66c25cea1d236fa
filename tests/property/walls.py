"""Each of the two walls asked by itself: the rule where the database hides nothing, and SQL alone.

Together one would hide what the other lets through.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import product
from uuid import UUID

from accounts.acting import acting_as
from accounts.actors import Actor, System
from phr.models import Record
from sharing import policy
from sharing.policy import Action
from tests.property.people import People
from tests.property.world import (
    PATIENTS,
    USERS,
    Given,
    Item,
    World,
    acting,
    going_on,
    held,
    manages,
    may_enter,
    opened_by_link,
    permitted,
    stands,
)
from tests.raw import as_owner, ids, touched

ACTIONS = (Action.READ, Action.COPY, Action.UPDATE)
ROWS = Record.objects
CHANGEABLE = "SELECT id FROM phr_record FOR NO KEY UPDATE"
# What reads nothing passes by the policies of reading.
BLINDLY = "UPDATE phr_record SET favourite = false"


@dataclass(frozen=True)
class Asker:
    """Somebody who asks, and what the reference says she may.

    `own` is the patient she is, if any, and `lets` the patients who let her in; `whole` says whether
    the wall shows her what of hers waits for the purge.
    """

    actor: Actor
    may: Callable[[Action, Item], bool] = lambda _action, _item: False
    own: frozenset[int] = frozenset()
    lets: frozenset[int] = frozenset()
    whole: bool = False


def herself(people: People, world: World, user: int) -> Asker:
    own = frozenset({user} & {one for one in PATIENTS if not world.erasing[one]})
    lets = frozenset(may_enter(world, user, Action.READ) - {user})
    may = partial(permitted, world, user)
    return Asker(people.session(user), may, own, lets, whole=world.active[user])


def acting_for(people: People, world: World, user: int, patient: int) -> Asker:
    hers = (one for one in world.given if one.patient == patient and manages(one))
    lets = any(held(world, one, user) and going_on(world, one) for one in hers)
    lets = lets and world.active[user] and not world.restricted[patient]

    def may(action: Action, item: Item) -> bool:
        return item.patient == patient and acting(world, user, action, item)

    own = frozenset({user} & {one for one in PATIENTS if not world.erasing[one]})
    actor = people.session(user, patient)
    return Asker(actor, may, own, there(world, patient, lets=lets))


def by_link(world: World, given: Given, actor: Actor) -> Asker:
    """Whoever says that this permission is a link, and that she opened it."""
    lets = not world.restricted[given.patient] and stands(world, given, None, Action.READ)

    def may(action: Action, item: Item) -> bool:
        place = next(at for at, one in enumerate(world.items) if one is item)
        hers = item.patient == given.patient
        return hers and opened_by_link(world, given, action, item, place)

    return Asker(actor, may, lets=there(world, given.patient, lets=lets))


def there(world: World, patient: int, *, lets: bool) -> frozenset[int]:
    return frozenset({patient} if lets and not world.erasing[patient] else ())


def askers(people: People, world: World) -> Iterator[Asker]:
    """Whoever could see anything in this world, and some who cannot."""
    yield from (herself(people, world, user) for user in USERS)
    proxies = {(one.grantee, one.patient) for one in world.given if one.path == "proxy"}
    stand_in = {(user, about) for user, about in proxies if user is not None}
    for user, about in sorted({*stand_in, (0, 1), (3, 2)}):
        yield acting_for(people, world, user, about)
    with as_owner():
        links = people.links(world)
    yield from (by_link(world, given, actor) for given, actor in links)
    yield Asker(Actor.staff(people.users[0]))


@contextmanager
def alone(actor: Actor) -> Iterator[None]:
    """The rule without the walls of the database."""
    with acting_as(actor), as_owner():
        yield


def pairs(world: World, rows: list[Record]) -> list[tuple[Item, Record]]:
    return list(zip(world.items, rows, strict=True))


def wanted(asker: Asker, world: World, rows: list[Record], action: Action) -> set[UUID]:
    return {row.pk for item, row in pairs(world, rows) if asker.may(action, item)}


def first_wall_holds(people: People, world: World, rows: list[Record]) -> None:
    """`sharing.policy` says what the reference says, also where no other wall would stop it."""
    shown = {row.pk for row in rows if row.hidden_at is None}
    for asker, action in product(askers(people, world), ACTIONS):
        actor, may = asker.actor, wanted(asker, world, rows, action)
        with alone(actor):
            for about in {row.patient_id for row in rows}:
                known = policy.grounds(actor, action, about)
                found = policy.records(actor, action, ROWS.all(), about, known=known)
                theirs = [row for row in rows if row.patient_id == about]
                here = may & {row.pk for row in theirs}
                assert set(found.values_list("pk", flat=True)) == here, action
                assert {row.pk for row in theirs if known.of(row)} & shown == here, action
            for row in (rows[0], *(row for row in rows if row.hidden_at)):
                assert bool(policy.explain(actor, action, row)) == (row.pk in may), action
    doors_open(people, world)
    told_who_may(people, world, rows)


def both_walls_hold(people: People, world: World, rows: list[Record]) -> None:
    """Together they hide nothing that either lets through."""
    for asker in askers(people, world):
        may = wanted(asker, world, rows, Action.READ)
        with acting_as(asker.actor):
            for about in {row.patient_id for row in rows}:
                found = policy.records(asker.actor, Action.READ, ROWS.all(), about)
                theirs = {row.pk for row in rows if row.patient_id == about}
                assert set(found.values_list("pk", flat=True)) == may & theirs


def doors_open(people: People, world: World) -> None:
    for user, action in product(USERS, ACTIONS):
        actor = people.session(user)
        with alone(actor):
            found = set(policy.patients(actor, action).values_list("pk", flat=True))
        assert found == {people.patients[one] for one in may_enter(world, user, action)}, action


def told_who_may(people: People, world: World, rows: list[Record]) -> None:
    with alone(Actor.job(System.OPERATOR)):
        for (item, row), action in product(zip(world.items, rows, strict=True), ACTIONS[:2]):
            may = {user for user in USERS if permitted(world, user, action, item)}
            may |= {user for user in USERS if acting(world, user, action, item)}
            assert policy.people(action, row) == {people.users[user] for user in may}


def second_wall_holds(people: People, world: World, rows: list[Record]) -> None:
    """SQL shows and lets change what the reference says: of all patients, and told of one."""
    resting = {row.pk for item, row in pairs(world, rows) if world.restricted[item.patient]}
    for number, asker in enumerate(askers(people, world)):
        hidden = own_hidden(asker, world, rows)
        shown = wanted(asker, world, rows, Action.READ) | hidden
        kept = (wanted(asker, world, rows, Action.UPDATE) | hidden) - resting
        for about in (None, people.patients[number % len(people.patients)]):
            here = {row.pk for row in rows if about in {None, row.patient_id}}
            with acting_as(asker.actor, about=about):
                assert ids("SELECT id FROM phr_record") == shown & here
                # While a record rests, it is the row after the change that is refused.
                assert ids(CHANGEABLE) - resting == kept & here
                assert resting or touched(BLINDLY) == len(kept & here)
                let_in = {people.patients[one] for one in asker.lets}
                own = {people.patients[one] for one in asker.own}
                let_in = {one for one in let_in if about in {None, one}}
                assert ids("SELECT id FROM accounts_patient") == own | let_in


def own_hidden(asker: Asker, world: World, rows: list[Record]) -> set[UUID]:
    """What the wall shows beyond the rule: her own rows that wait for the purge."""
    own = asker.own if asker.whole else frozenset()
    return {row.pk for item, row in pairs(world, rows) if item.hidden and item.patient in own}
