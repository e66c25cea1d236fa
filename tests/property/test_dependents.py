"""The rule about patients without an account, looked for against a small reference, in random worlds."""

from dataclasses import replace
from itertools import product

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.acting import acting_as
from accounts.actors import Actor, System
from accounts.models import Patient
from phr.models import Record
from sharing import policy
from sharing.policy import Action
from tests.property.people import People
from tests.property.world import (
    PATIENTS,
    USERS,
    Given,
    World,
    acting,
    decides,
    grants,
    permitted,
    worlds,
)
from tests.raw import ids

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.property,
    pytest.mark.timeout(3600),
]
THOROUGH = settings.get_current_profile_name() == "thorough"
search = settings(
    max_examples=500 if THOROUGH else 3,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
ACTIONS = (Action.READ, Action.COPY, Action.UPDATE, Action.DELETE, Action.SHARE, Action.REVOKE)
openers = st.tuples(
    *[st.sampled_from([None, *(user for user in USERS if user != one)]) for one in PATIENTS]
)


def keeping(drawn: Given, *, decides: bool, opened: tuple[int | None, ...], hers: bool) -> Given:
    """A permission to keep the whole record, mostly of who opened it."""
    grantee = opened[drawn.patient] if hers else drawn.grantee
    none: frozenset[int] = frozenset()
    return replace(
        drawn, path="proxy", grantee=grantee, manages=True, decides=decides, may_copy=True,
        types=frozenset(), tags=none, records=None, besides=none, since=None, until=None, via=None,
    )  # fmt: skip


@st.composite
def opened_worlds(draw: st.DrawFn) -> World:
    world, opened = draw(worlds), draw(openers)
    flag = st.sampled_from([True, True, True, False])
    more = [
        keeping(one, decides=draw(flag), opened=opened, hers=draw(flag))
        for one in draw(st.lists(grants, min_size=1, max_size=4))
    ]
    return replace(world, opened=opened, given=(*world.given, *more))


@pytest.fixture
def people() -> People:
    return People.enter()


def listed(actor: Actor, about: object, action: Action) -> set[object]:
    with acting_as(actor):
        rows = Record.objects.all()
        found = policy.records(actor, action, rows, about)  # type: ignore[arg-type]
        return set(found.values_list("pk", flat=True))


@search
@given(world=opened_worlds())
def test_who_opened_it_stands_in_and_nobody_else_does(people: People, world: World) -> None:
    with transaction.atomic():
        pairs = list(zip(world.items, people.build(world), strict=True))
        for user, stood_for in product(USERS, PATIENTS):
            actor, about = people.session(user, stood_for), people.patients[stood_for]
            hers = [(item, row) for item, row in pairs if item.patient == stood_for]
            for action in ACTIONS:
                wanted = {row.pk for item, row in hers if acting(world, user, action, item)}
                assert listed(actor, about, action) == wanted, (user, stood_for, action)
            stands_in = decides(world, user, stood_for)
            seen = {
                row.pk
                for item, row in hers
                if acting(world, user, Action.READ, item) or (stands_in and item.hidden)
            }
            with acting_as(actor):
                assert ids("SELECT id FROM phr_record") == seen
                assert ids("SELECT phr_own()") == ({about} if stands_in else set())
                assert ids("SELECT id FROM accounts_patient WHERE phr_may_write(id)") == (
                    {about} if stands_in else set()
                )
                owned = Patient.objects.filter(policy.own(actor)).values_list("pk", flat=True)
                assert set(owned) == ({about} if stands_in else set())
        transaction.set_rollback(True)


@search
@given(world=opened_worlds())
def test_as_herself_who_opened_it_is_nobody_more(people: People, world: World) -> None:
    with transaction.atomic():
        pairs = list(zip(world.items, people.build(world), strict=True))
        for user, about in product(USERS, PATIENTS):
            hers = [(item, row) for item, row in pairs if item.patient == about]
            for action in (Action.READ, Action.DELETE, Action.SHARE):
                wanted = {row.pk for item, row in hers if permitted(world, user, action, item)}
                found = listed(people.session(user), people.patients[about], action)
                assert found == wanted, (user, about, action)
        for action in (Action.READ, Action.DELETE):
            for item, row in pairs:
                told = {
                    people.users[user]
                    for user in USERS
                    if permitted(world, user, action, item) or acting(world, user, action, item)
                }
                with acting_as(Actor.job(System.OPERATOR), about=row.patient_id):
                    assert policy.people(action, row) == told
        transaction.set_rollback(True)
