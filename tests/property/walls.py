"""Each of the two walls asked by itself: the rule where the database hides nothing, and SQL alone.

Together one would hide what the other lets through.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import product
from uuid import UUID

from django.db import connection

from accounts.acting import acting_as
from accounts.actors import Actor, System
from phr.models import Record
from sharing import policy
from sharing.policy import Action
from tests.property.askers import Asker, askers
from tests.property.people import People
from tests.property.world import USERS, Item, World, acting, may_enter, permitted
from tests.raw import as_owner, ids, touched

ACTIONS = (Action.READ, Action.COPY, Action.UPDATE)
ROWS = Record.objects
CHANGEABLE = "SELECT id FROM phr_record FOR NO KEY UPDATE"
# What reads nothing passes by the policies of reading.
BLINDLY = "UPDATE phr_record SET favourite = false"
# Each function by which the walls decide; the last three are asked about each patient there is.
FUNCTIONS_SAY = """
    SELECT ARRAY(SELECT phr_grants()), ARRAY(SELECT phr_teams()), ARRAY(SELECT phr_own()),
        ARRAY(SELECT phr_managed()),
        ARRAY(SELECT one FROM unnest(%(each)s) one WHERE phr_lets_in(one)),
        ARRAY(SELECT one FROM unnest(%(each)s) one WHERE phr_may_write(one)),
        ARRAY(SELECT one FROM unnest(%(each)s) one WHERE phr_may_keep(one))
"""


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
    at_work(people, world)
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


def at_work(people: People, world: World) -> None:
    for asker in askers(people, world):
        with alone(asker.actor):
            found = set(policy.workplaces(asker.actor).values_list("pk", flat=True))
        assert found == {people.facilities[one] for one in asker.teams}


def told_who_may(people: People, world: World, rows: list[Record]) -> None:
    with alone(Actor.job(System.OPERATOR)):
        for (item, row), action in product(zip(world.items, rows, strict=True), ACTIONS[:2]):
            may = {user for user in USERS if permitted(world, user, action, item)}
            may |= {user for user in USERS if acting(world, user, action, item)}
            assert policy.people(action, row) == {people.users[user] for user in may}


def second_wall_holds(people: People, world: World, rows: list[Record]) -> None:
    """SQL shows and lets change what the reference says: of all patients, and told of one."""
    resting = {row.pk for item, row in pairs(world, rows) if world.restricted[item.patient]}
    with as_owner():
        grants = people.grants()
    for number, asker in enumerate(askers(people, world)):
        hidden = own_hidden(asker, world, rows)
        shown = wanted(asker, world, rows, Action.READ) | hidden
        kept = (wanted(asker, world, rows, Action.UPDATE) | hidden) - resting
        # In some worlds it is herself, in some it is not.
        one = people.patients[(number + len(world.given)) % len(people.patients)]
        for about in (None, one):
            here = {row.pk for row in rows if about in {None, row.patient_id}}
            with acting_as(asker.actor, about=about):
                functions_hold(people, world, asker, about, grants)
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


def functions_hold(
    people: People, world: World, asker: Asker, about: UUID | None, grants: dict[int, UUID]
) -> None:
    """What the walls ask says by itself what is right: one wall may hide what another needs."""
    with connection.cursor() as cursor:
        cursor.execute(FUNCTIONS_SAY, {"each": list(people.patients)})
        grants_of, teams, own, managed, let_in, written, kept = map(set, cursor.fetchall()[0])

    def here(patients: Iterable[int]) -> set[UUID]:
        return {people.patients[one] for one in patients} & (
            {about} if about else {*people.patients}
        )

    givers = {at: world.given[at].patient for at in asker.holds}
    assert grants_of == {grants[at] for at, giver in givers.items() if here([giver])}
    assert teams == {people.facilities[one] for one in asker.teams}
    assert own == written == here(asker.own if asker.whole else ())
    assert managed - {None} == here(givers.values() if asker.actor.acting_for else ())
    assert let_in == here(givers.values())
    assert kept == own | managed - {None}
