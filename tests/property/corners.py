"""Small worlds in which each point of the rule decides by itself: where one goes wrong, it shows."""

from dataclasses import replace

from tests.property.world import CATEGORIES, FOREVER, USERS, Given, Item, Member, World

LAB, SCAN = CATEGORIES[:2]
ONE, TWO = frozenset({11}), frozenset({22})
EVERYTHING = {"categories": frozenset(CATEGORIES), "labels": frozenset({11, 22, 33})}
ACTIVE, NO = (True,) * len(USERS), (False, False, False)


def item(patient: int, **other: object) -> Item:
    return replace(Item(patient, LAB, ONE, hidden=False), **other)  # type: ignore[arg-type]


def given(patient: int, to: int | None, **other: object) -> Given:
    """A permission for ordinary laboratory results, in force."""
    plain = Given(
        patient, to, frozenset({LAB}), ONE, may_copy=True, starts=-2, ends=FOREVER, revoked=False
    )
    return replace(plain, **other)  # type: ignore[arg-type]


def world(items: list[Item], *grants: Given, **other: object) -> World:
    plain = World(ACTIVE, NO, NO, tuple(items), grants)
    return replace(plain, **other)  # type: ignore[arg-type]


MANAGES = {"path": "proxy", "manages": True}
EACH = [item(0), item(1), item(2)]
COVERING = world(
    [
        item(0), item(0, category=SCAN), item(0, labels=TWO), item(0, labels=ONE | TWO),
        item(0, never_shared=True), item(0, hidden=True), item(0, kind="Condition"),
        item(0, tags=frozenset({7})),
        item(1), item(1, day=-5), item(1, day=-9), item(1, day=None), item(2),
    ],
    given(0, 1), given(0, 2, types=frozenset({"Condition"})), given(0, 3, tags=frozenset({7})),
    given(0, 4, records=frozenset({0})), given(1, 0, besides=frozenset({8})),
    given(1, 2, since=-5), given(1, 3, until=-5), given(1, 4, until=1, may_copy=False),
    given(2, 1, path="link"),
)  # fmt: skip
# All but the first child hang on one that rests, ended, begins later or is of somebody switched off.
STANDING = world(
    EACH,
    given(0, 1, paused=True), given(0, 2, revoked=True), given(0, 3, starts=1),
    given(0, 4, ends=-1), given(1, 2, path="link", paused=True),
    given(1, 2), given(1, 0, via=5), given(1, 4, revoked=True), given(1, 3, via=7),
    given(2, 0, paused=True), given(2, 1, via=9), given(2, 3, ends=-1), given(2, 4, via=11),
)  # fmt: skip
SWITCHED_OFF = world(
    EACH,
    given(0, 3), given(0, 4, via=0), given(0, 1), given(1, 0), given(1, 4, starts=1),
    given(1, 2, via=4), given(1, 3, **MANAGES), given(2, 4, **MANAGES),
    given(0, None, path="facility"), given(0, None, path="facility", facility=1),
    active=(True, False, True, False, True),
    members=(Member(0, 3, "nurse"), Member(0, 2, "nurse"), Member(1, 1, "on-call", on_shift=True)),
)  # fmt: skip
AT_REST = world(
    EACH,
    *(given(patient, 3) for patient in range(3)),
    *(given(patient, 4, **MANAGES) for patient in range(3)),
    *(given(patient, None, path="link") for patient in range(3)),
    *(given(patient, None, path="facility") for patient in range(3)),
    restricted=(True, False, False), erasing=(False, True, False),
    members=(Member(0, 1, "nurse"),),
)  # fmt: skip
AT_WORK = world(
    EACH,
    given(0, None, path="facility"), given(1, None, path="facility", facility=1),
    given(2, 1, path="emergency", ends=2), given(2, 2, path="emergency", ends=2),
    given(2, 3, path="emergency", facility=1, ends=2),
    members=(
        Member(0, 1, "clinician"), Member(0, 2, "admin"), Member(0, 3, "nurse", suspended=True),
        Member(0, 4, "on-call"), Member(1, 0, "nurse", starts=1), Member(1, 2, "nurse", ends=-1),
        Member(1, 3, "nurse"), Member(1, 4, "on-call", on_shift=True),
        Member(1, 0, "on-call"),
    ),
)  # fmt: skip
SHUT = [
    world(
        EACH,
        *(given(patient, None, path="facility") for patient in range(more)),
        *(given(patient, None, path="facility", facility=1) for patient in range(more)),
        given(2, 3, path="emergency", ends=2),
        open=(False, False), members=(Member(0, 3, "nurse"), Member(1, 4, "clinician")),
    )
    for more in (1, 2, 3)
]  # fmt: skip
STANDING_IN = world(
    [*EACH, item(2, category=SCAN), item(2, never_shared=True), item(2, hidden=True)],
    given(2, 3, **MANAGES), given(1, 3, **MANAGES), given(2, 4, path="proxy"),
    given(2, 1, **MANAGES, paused=True), given(2, 0, **MANAGES, revoked=True), given(0, 3),
    given(0, None, path="facility"), given(1, 0, **EVERYTHING, **MANAGES),
    members=(Member(0, 3, "nurse"),),
)  # fmt: skip
CORNERS = [COVERING, STANDING, SWITCHED_OFF, AT_REST, AT_WORK, *SHUT, STANDING_IN]
