"""One rule, five ways of asking it: list = check = people = explain = what the walls let through.

The wall is coarser in one place, on purpose: a patient's hidden rows are still hers in SQL (the
purge is proven by counting them), and `policy.records` leaves them out.
"""

from itertools import product
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.acting import acting_as
from accounts.actors import Actor, Denied, System
from phr.models import Record
from sharing import policy
from sharing.policy import JOBS, Action
from tests.property.corners import CORNERS
from tests.property.people import People, made
from tests.property.tightening import tightenings
from tests.property.walls import both_walls_hold, first_wall_holds, second_wall_holds
from tests.property.world import (
    PATIENTS,
    STORED_ONLY,
    USERS,
    Item,
    World,
    acting,
    may_enter,
    opened_by_link,
    permitted,
    worlds,
)
from tests.raw import as_owner, ids

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.property,
    pytest.mark.timeout(3600),
]
THOROUGH = settings.get_current_profile_name() == "thorough"
search = settings(
    # Else the corners do it: each point of `mutants.py` shows in one of them.
    max_examples=1500 if THOROUGH else 3,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
ROWS = Record.objects


@pytest.fixture
def people() -> People:
    """Of one transaction with every world of the test, rolled back at its end."""
    return People.enter()


def listed(
    actor: Actor, patient_id: UUID, *actions: Action, narrowed: bool = True
) -> dict[Action, set[UUID]]:
    """What each action's list holds; `narrowed` when the walls, too, know which patient it is."""
    with acting_as(actor, about=patient_id if narrowed else None):
        return {
            action: set(
                policy.records(actor, action, ROWS.all(), patient_id).values_list("pk", flat=True)
            )
            for action in actions
        }


def asked(actor: Actor, action: Action, row: Record) -> list[bool]:
    """Whether the check lets it through, and whether there is an explanation."""
    with acting_as(actor, about=row.patient_id):
        explained = bool(policy.explain(actor, action, row))
        try:
            found = policy.require(actor, action, ROWS.all(), row.patient_id, row.pk)
        except Denied:
            return [False, explained]
        return [found == row, explained]


def raw(actor: Actor, about: UUID | None = None) -> set[UUID]:
    with acting_as(actor, about=about):
        return ids("SELECT id FROM phr_record")


def reference(world: World, user: int, action: Action, rows: list[Record]) -> set[UUID]:
    pairs = zip(world.items, rows, strict=True)
    return {row.pk for item, row in pairs if permitted(world, user, action, item)}


@search
@given(world=worlds)
def test_each_wall_holds_alone(people: People, world: World) -> None:
    with made(people, world) as rows:
        second_wall_holds(people, world, rows)
        first_wall_holds(people, world, rows)


@pytest.mark.parametrize("world", CORNERS)
def test_each_wall_holds_where_one_point_decides(people: People, world: World) -> None:
    with made(people, world) as rows:
        second_wall_holds(people, world, rows)
        first_wall_holds(people, world, rows)
        both_walls_hold(people, world, rows)


@search
@given(world=worlds, narrowed=st.booleans())
def test_the_list_is_the_rule_and_the_walls_repeat_it(
    people: People, world: World, narrowed: bool
) -> None:
    with made(people, world) as rows:
        for user in USERS:
            actor = people.session(user)
            actions = (Action.READ, Action.COPY, Action.SHARE)
            for about in people.patients:
                found = listed(actor, about, *actions, narrowed=narrowed)
                theirs = {row.pk for row in rows if row.patient_id == about}
                for action in actions:
                    wanted = theirs & reference(world, user, action, rows)
                    assert found[action] == wanted, (user, action)
            through = reference(world, user, Action.READ, rows) | own_hidden(world, user, rows)
            assert raw(actor) == through, user
            for number in PATIENTS:
                about = people.patients[number]
                assert raw(actor, about) == {
                    row.pk for row in rows if row.patient_id == about and row.pk in through
                }


@search
@given(world=worlds)
def test_a_link_opens_what_it_covers_and_nothing_else(people: People, world: World) -> None:
    with made(people, world) as rows:
        with as_owner():
            links = people.links(world)
        for link, actor in links:
            for at, about in enumerate(people.patients):
                found = listed(actor, about, Action.READ, Action.COPY, Action.SHARE)
                for action, shown in found.items():
                    wanted = {
                        row.pk
                        for place, (item, row) in enumerate(zip(world.items, rows, strict=True))
                        if at == item.patient == link.patient
                        and opened_by_link(world, link, action, item, place)
                    }
                    assert shown == wanted, action
            assert (
                raw(actor) == listed(actor, people.patients[link.patient], Action.READ)[Action.READ]
            )


ACTING = (Action.READ, Action.COPY, Action.UPDATE, Action.DELETE, Action.SHARE)


@search
@given(world=worlds)
def test_who_acts_for_a_patient_keeps_what_she_was_given_and_is_nobody_else(
    people: People, world: World
) -> None:
    with made(people, world) as rows:
        pairs = list(zip(world.items, rows, strict=True))
        for user, stood_for in product(USERS, PATIENTS):
            actor = people.session(user, stood_for)
            for at, about in enumerate(people.patients):
                found = listed(actor, about, *(ACTING if at == stood_for else ACTING[:1]))
                for action, shown in found.items():
                    wanted = {
                        row.pk
                        for item, row in pairs
                        if at == item.patient == stood_for and acting(world, user, action, item)
                    }
                    assert shown == wanted, (user, action)
            assert raw(actor) == {
                row.pk
                for item, row in pairs
                if item.patient == stood_for and acting(world, user, Action.READ, item)
            }


def own_hidden(world: World, user: int, rows: list[Record]) -> set[UUID]:
    """What the wall shows beyond the rule: her own rows that wait for the purge."""
    if not world.active[user] or user not in PATIENTS or world.erasing[user]:
        return set()
    pairs = zip(world.items, rows, strict=True)
    return {row.pk for item, row in pairs if item.hidden and item.patient == user}


@search
@given(world=worlds, data=st.data())
def test_check_and_explain_and_people_agree_with_the_list(
    people: People, world: World, data: st.DataObject
) -> None:
    action = data.draw(st.sampled_from([Action.READ, Action.COPY, Action.DELETE]))
    with made(people, world) as rows:
        for item, row in zip(world.items, rows, strict=True):
            may = {user for user in USERS if permitted(world, user, action, item)}
            for user in USERS:
                assert asked(people.session(user), action, row) == [user in may] * 2, user
            stand_in = {user for user in USERS if acting(world, user, action, item)}
            everybody = {people.users[user] for user in may | stand_in}
            assert told(people, action, item, row) == everybody


def told(people: People, action: Action, item: Item, row: Record) -> set[UUID]:
    """Who `people` says may; the owner asks, or a worker once she is gone."""
    with acting_as(Actor.job(System.OPERATOR), about=row.patient_id):
        asked_by_worker = policy.people(action, row)
    with acting_as(people.session(item.patient)):
        asked_by_owner = policy.people(action, row)
    assert asked_by_owner <= asked_by_worker
    return asked_by_worker


@search
@given(pair=tightenings())
def test_taking_away_never_adds_a_row(people: People, pair: tuple[World, World]) -> None:
    seen = []
    for world in pair:
        with made(people, world) as rows:
            number = {row.pk: at for at, row in enumerate(rows)}
            seen.append(
                {
                    (user, way): {number[pk] for pk in found}
                    for user in USERS
                    for way, found in everything(people, people.session(user)).items()
                }
            )
    before, after = seen

    for who in before:
        assert after[who] <= before[who], who


def everything(people: People, actor: Actor) -> dict[str, set[UUID]]:
    found: dict[str, set[UUID]] = {"raw": raw(actor)}
    for one in people.patients:
        for action, shown in listed(actor, one, Action.READ, Action.COPY).items():
            found[action] = found.get(action, set()) | shown
    return found


@settings(search, max_examples=2 * search.max_examples)
@given(world=worlds, job=st.sampled_from(System))
def test_jobs_get_what_the_list_of_jobs_says(people: People, world: World, job: System) -> None:
    actor = Actor.job(job)
    with made(people, world) as rows:
        pairs = list(zip(world.items, rows, strict=True))
        for number in PATIENTS:
            about = people.patients[number]
            whole = {row.pk for item, row in pairs if item.patient == number}
            shown = {row.pk for item, row in pairs if row.pk in whole and not item.hidden}
            for action, found in listed(actor, about, *Action).items():
                rests = world.restricted[number] and action not in STORED_ONLY
                going = world.erasing[number]
                allowed = action in JOBS.get(job, ()) and not (going or rests)
                assert found == (shown if allowed else set()), action
            assert raw(actor, about) == whole
        assert raw(actor) == set()


@search
@given(world=worlds, number=st.sampled_from(USERS))
def test_staff_and_strangers_get_nothing(people: People, world: World, number: int) -> None:
    user_id = people.users[number]
    with made(people, world) as rows:
        for actor in (
            Actor(),
            Actor(system="operator"),
            Actor(user_id=user_id),
            Actor.staff(user_id),
        ):
            for about in people.patients:
                assert not any(listed(actor, about, *Action).values())
            assert raw(actor) == set()
            with acting_as(actor):
                assert not any(policy.explain(actor, Action.READ, row) for row in rows)


@search
@given(world=worlds, user=st.sampled_from(USERS))
def test_a_permission_of_one_patient_opens_nothing_of_another(
    people: People, world: World, user: int
) -> None:
    """Asked for another patient's record under the name of one who did give a permission."""
    actor = people.session(user)
    with made(people, world) as rows:
        for other in people.patients:
            with acting_as(actor):
                for row in (row for row in rows if row.patient_id != other):
                    with pytest.raises(Denied):
                        policy.require(actor, Action.READ, ROWS.all(), other, row.pk)


@search
@given(world=worlds)
def test_patients_are_those_who_let_her_in(people: People, world: World) -> None:
    """`patients` opens the door to a timeline; behind it, `records` decides about each row."""
    with made(people, world):
        for user in USERS:
            actor = people.session(user)
            for action in (Action.READ, Action.COPY, Action.SHARE):
                with acting_as(actor):
                    doors = set(policy.patients(actor, action).values_list("pk", flat=True))
                wanted = {people.patients[number] for number in may_enter(world, user, action)}
                assert doors == wanted, (user, action)
