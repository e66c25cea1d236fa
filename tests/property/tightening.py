"""A random world, and the same one after somebody took something away."""

from dataclasses import replace

from hypothesis import strategies as st

from tests.property.world import (
    FACILITIES,
    FOREVER,
    KINDS,
    LABELS,
    PATIENTS,
    TAGS,
    USERS,
    T,
    World,
    worlds,
)


@st.composite
def tightenings(draw: st.DrawFn) -> tuple[World, World]:
    """A world, and the same world after somebody took something away."""
    before = draw(worlds)
    after = before
    for _ in range(draw(st.integers(1, 3))):
        after = draw(st.sampled_from([_patients, _people, _items, _given, _facilities]))(
            draw, after
        )
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


def _facilities(draw: st.DrawFn, world: World) -> World:
    if not world.members or draw(st.booleans()):
        return replace(world, open=_put(world.open, draw(st.sampled_from(FACILITIES)), False))
    at = draw(st.integers(0, len(world.members) - 1))
    one = world.members[at]
    less = [
        replace(one, suspended=True),
        replace(one, ends=-1),
        replace(one, starts=1),
        replace(one, on_shift=False),
        replace(one, code="admin"),
    ]
    members = (*world.members[:at], draw(st.sampled_from(less)), *world.members[at + 1 :])
    return replace(world, members=members)


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
        replace(given, manages=False),
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
