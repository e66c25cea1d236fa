"""A short search of every target of `make fuzz`, the same each time: no reader breaks its promise."""

from random import Random

import pytest

from phr.formats import names
from tests.fuzz import mutations, seeds, targets

TARGETS, SEEDS = targets.every(), seeds.every()
FILES = 60


def test_every_reader_is_searched_from_files_that_it_takes() -> None:
    assert {one.removeprefix("phr.formats.") for one in names()} < TARGETS.keys() == SEEDS.keys()


@pytest.mark.property
@pytest.mark.parametrize("name", sorted(TARGETS))
def test_damaged_files_are_read_or_refused(name: str) -> None:
    chance = Random(name)
    for data in SEEDS[name]:
        TARGETS[name](data)
    for _ in range(FILES):
        TARGETS[name](mutations.damaged(chance.choice(SEEDS[name]), SEEDS[name], chance))
