"""Who tests the tests: the rule is broken on purpose, and the worlds must notice each time.

`make mutants` breaks it at every point of `mutants.py`; else only where that is noticed at once.
"""

from collections.abc import Callable

import pytest
from django.db import ProgrammingError
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as search

from tests.property.breaking import Mutant
from tests.property.corners import CORNERS
from tests.property.mutants import MUTANTS, QUICK
from tests.property.people import People, made
from tests.property.walls import both_walls_hold, first_wall_holds, second_wall_holds
from tests.property.world import World, worlds_of

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.property,
    pytest.mark.timeout(3600),
]
EVERY = search.get_current_profile_name() == "mutants"
BROKEN = MUTANTS if EVERY else QUICK
SHORT = search(
    max_examples=12,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def people() -> People:
    return People.enter()


def noticed(search_for_it: Callable[[], None]) -> bool:
    """Whether two answers differed, or one wall refused what the other had let through."""
    try:
        search_for_it()
    except AssertionError:
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

    @seed(7)
    @SHORT
    @given(world=worlds_of(least=5))
    def agree_everywhere(world: World) -> None:
        agree(world)

    def ask() -> None:
        for world in CORNERS:
            agree(world)
        agree_everywhere()

    mutant.put_in(monkeypatch)
    assert noticed(ask), "survived"
