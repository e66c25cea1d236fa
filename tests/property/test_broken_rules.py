"""Who tests the tests: the rule is broken on purpose, and the corners must notice each time.

Chance has no part in it: what they notice once, every run of the tests notices. `make mutants`
breaks it at every point of `mutants.py`; else only where that is noticed at once.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import pytest
from django.db import IntegrityError, ProgrammingError, transaction
from hypothesis import settings as search
from pytest_django import Settings

from tests.cast import Cast
from tests.property.breaking import Mutant
from tests.property.corners import CORNERS
from tests.property.each_way import each_way_is_as_it_is
from tests.property.months import Ground
from tests.property.mutants import LISTING, MUTANTS, OVER_TIME, QUICK
from tests.property.people import People, made
from tests.property.test_sharing_over_time import Sharing
from tests.property.test_weeks import WEEKS
from tests.property.walls import both_walls_hold, first_wall_holds, second_wall_holds
from tests.property.world import World
from tests.sharing import test_paths

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.property,
    pytest.mark.timeout(3600),
]
# What tries the list of all ways without a machine.
everything = test_paths.everything
SCENES = (
    test_paths.test_every_way_stands_under_its_heading,
    test_paths.test_a_facility_says_who_can_look_now_and_how_many_are_on_call,
    test_paths.test_what_was_passed_on_rests_with_that_from_which_it_was,
    test_paths.test_whom_the_list_shows_as_looking_can_look_and_nobody_else,
    test_paths.test_a_link_that_was_guessed_at_too_often_opens_for_nobody,
    test_paths.test_what_was_used_last_comes_first,
    test_paths.test_stopping_everything_empties_the_list,
)
EVERY = search.get_current_profile_name() == "mutants"
BROKEN = MUTANTS if EVERY else QUICK


@pytest.fixture
def cast() -> Cast:
    """Nobody stands here for all tests: each machine brings the same people."""
    return Cast.enter()


@pytest.fixture
def people() -> People:
    return People.enter()


def noticed(search_for_it: Callable[[], None]) -> bool:
    """Whether answers differed, the database refused what had been let through, or a thing was gone."""
    try:
        search_for_it()
    except (AssertionError, LookupError, IntegrityError):
        return True
    except ProgrammingError as refused:
        return "row-level security" in str(refused)
    return False


@pytest.mark.parametrize("mutant", BROKEN, ids=str)
def test_the_worlds_notice(mutant: Mutant, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    def agree(world: World) -> None:
        with made(people, world) as rows:
            # The walls of the database ask nothing of what is in memory.
            if not mutant.in_memory:
                second_wall_holds(people, world, rows)
            first_wall_holds(people, world, rows)
            both_walls_hold(people, world, rows)

    def ask() -> None:
        for world in CORNERS:
            agree(world)

    mutant.put_in(monkeypatch)
    assert noticed(ask), "survived"


@contextmanager
def undone() -> Iterator[None]:
    with ExitStack() as stack:
        for alias in ("default", "vault"):
            stack.enter_context(transaction.atomic(using=alias))
            stack.callback(transaction.set_rollback, True, using=alias)
        yield


def over_weeks(week: Callable[[Sharing], None]) -> None:
    portal = Sharing(Ground.enter())
    try:
        week(portal)
    finally:
        portal.teardown()


each_way = partial(over_weeks, each_way_is_as_it_is)


def test_the_list_holds_over_weeks(settings: Settings) -> None:
    settings.PHR_INVITATIONS_A_DAY = 1_000_000
    each_way()


@pytest.mark.usefixtures("static_files")
@pytest.mark.parametrize("mutant", LISTING if EVERY else LISTING[:1], ids=str)
def test_the_list_notices(
    mutant: Mutant,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
) -> None:
    settings.PHR_INVITATIONS_A_DAY = 1_000_000
    mutant.put_in(monkeypatch)
    with undone():
        if noticed(each_way):
            return
    cast: Cast = request.getfixturevalue("everything")
    assert any(noticed_alone(partial(scene, cast)) for scene in SCENES), "survived"


@pytest.mark.parametrize("mutant", OVER_TIME if EVERY else OVER_TIME[1:2], ids=str)
def test_the_weeks_notice(
    mutant: Mutant, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.PHR_INVITATIONS_A_DAY = settings.PHR_REQUESTS_A_DAY = 1_000
    mutant.put_in(monkeypatch)
    assert any(noticed_alone(partial(over_weeks, week)) for week in WEEKS), "survived"


def noticed_alone(ask: Callable[[], None]) -> bool:
    with undone():
        return noticed(ask)
