"""Weeks of sharing in which each point of the one list of every way decides by itself."""

from sharing.models import Role
from sharing.services import granting
from tests.property.months import ADMINISTRATOR, CATEGORIES, FOREVER, LABELS
from tests.property.over_time import Part
from tests.property.test_sharing_over_time import Sharing

CAROL, NINA, ROSE, BOB = range(1, 5)


def part(starts: float = 0.0, ends: float = FOREVER) -> Part:
    """Everything, to pass on."""
    categories = frozenset(one.value for one in CATEGORIES)
    labels = frozenset(one.value for one in LABELS)
    return Part(categories, labels, frozenset(), copy=True, reshare=True, starts=starts, ends=ends)


def each_way_is_as_it_is(portal: Sharing) -> None:
    """Nina passes on what she has from alice, who gives something by every other way besides."""
    give_to_nina(portal)
    every_other_way(portal)
    portal.every_way_is_on_the_list()
    nina = len(portal.grants) - 1
    for act in (granting.pause, granting.resume):
        portal.pause_or_revoke(nina, None, act)
        portal.every_way_is_on_the_list()
    for off in (True, False):
        portal.switch_off(NINA, off)
        portal.every_way_is_on_the_list()
    portal.time_passes(20)
    portal.every_way_is_on_the_list()
    portal.pause_or_revoke(nina, None, granting.revoke)
    portal.every_way_is_on_the_list()


def give_to_nina(portal: Sharing) -> None:
    portal.grant(None, 0, NINA, part(), None)
    portal.accept(0, NINA)
    portal.pass_on(0, None, ROSE, None)
    portal.accept(0, ROSE)
    portal.pass_on(1, None, BOB, None)
    assert [one.via is None for one in portal.model.given[-3:]] == [True, False, False]


def every_other_way(portal: Sharing) -> None:
    portal.grant(None, 0, CAROL, part(), True)
    portal.accept(0, CAROL)
    portal.grant_to_the_facility(None, 0, part())
    portal.invite(ADMINISTRATOR, NINA, Role.NURSE)
    portal.begin_to_work(0, None)
    portal.arm(None, 0, part())
    portal.break_the_glass(NINA, 0)
    portal.make_link(None, 0, part(ends=5.5))
    portal.make_drop_box(None, 0, 5.5)
    portal.grant(None, 0, BOB, part(starts=0.5), None)
    portal.accept(0, BOB)
    for act in (granting.pause, granting.revoke):
        portal.grant(None, 0, ROSE, part(), None)
        portal.accept(0, ROSE)
        portal.pause_or_revoke(0, None, act)
