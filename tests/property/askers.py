"""Everybody who could ask anything in a world, and what the reference says she may."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from accounts.actors import Actor
from sharing.policy import Action
from tests.property.people import People
from tests.property.world import (
    FACILITIES,
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
    sees,
)
from tests.raw import as_owner


@dataclass(frozen=True)
class Asker:
    """Somebody who asks, and what the reference says she may.

    `own` is the patient she is, if any, and `lets` the patients who let her in; `whole` says whether
    the wall shows her what of hers waits for the purge. `holds` are the permissions in force that are
    hers by their places among the world's, `teams` the facilities where she sees what is shared.
    """

    actor: Actor
    may: Callable[[Action, Item], bool] = lambda _action, _item: False
    own: frozenset[int] = frozenset()
    lets: frozenset[int] = frozenset()
    whole: bool = False
    holds: frozenset[int] = frozenset()
    teams: frozenset[int] = frozenset()


def herself(people: People, world: World, user: int) -> Asker:
    own = frozenset({user} & {one for one in PATIENTS if not world.erasing[one]})
    lets = frozenset(may_enter(world, user, Action.READ) - {user})
    may = partial(permitted, world, user)
    teams = frozenset(one for one in FACILITIES if sees(world, one, user))
    if not (active := world.active[user]):
        return Asker(people.session(user), may, own, lets)
    holds = in_force(world, lambda given: held(world, given, user))
    return Asker(people.session(user), may, own, lets, active, holds, teams)


def acting_for(people: People, world: World, user: int, patient: int) -> Asker:
    def hers(one: Given) -> bool:
        of_her = one.patient == patient and manages(one)
        return of_her and held(world, one, user) and world.active[user]

    def may(action: Action, item: Item) -> bool:
        return item.patient == patient and acting(world, user, action, item)

    own = frozenset({user} & {one for one in PATIENTS if not world.erasing[one]})
    actor, holds = people.session(user, patient), in_force(world, hers)
    return Asker(actor, may, own, frozenset({patient} if holds else ()), holds=holds)


def by_link(world: World, given: Given, actor: Actor) -> Asker:
    """Whoever says that this permission is a link, and that she opened it."""
    holds = in_force(world, lambda one: one is given and held(world, one, None))

    def may(action: Action, item: Item) -> bool:
        place = next(at for at, one in enumerate(world.items) if one is item)
        hers = item.patient == given.patient
        return hers and opened_by_link(world, given, action, item, place)

    return Asker(actor, may, lets=frozenset({given.patient} if holds else ()), holds=holds)


def in_force(world: World, hers: Callable[[Given], bool]) -> frozenset[int]:
    """The places of those that are hers and in force, of patients whose records are in use."""
    resting = {one for one in PATIENTS if world.restricted[one] or world.erasing[one]}
    there = ((at, one) for at, one in enumerate(world.given) if one.patient not in resting)
    return frozenset(at for at, one in there if hers(one) and going_on(world, one))


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
