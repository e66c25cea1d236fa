"""Weeks that lead where months at random seldom do: an emergency, a child's record, a request."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from sharing.models import Role
from sharing.policy import Action
from sharing.services import granting, members
from tests.property.each_way import BOB, CAROL, NINA, ROSE, part
from tests.property.months import ADMINISTRATOR, Ground
from tests.property.over_time import CHILD, OPENER, Who, herself
from tests.property.test_sharing_over_time import Sharing

pytestmark = [pytest.mark.django_db(databases=["default", "vault"]), pytest.mark.property]


@pytest.fixture
def portal(settings: Settings) -> Iterator[Sharing]:
    settings.PHR_INVITATIONS_A_DAY = settings.PHR_REQUESTS_A_DAY = 1_000
    found = Sharing(Ground.enter())
    yield found
    found.teardown()


def reads(portal: Sharing, who: Who, patient: int) -> bool:
    """Whether she reads anything of hers, as all five ways say."""
    portal.agree(next(portal.steps), patient)
    portal.told_to_have_access([one.patient for one in portal.model.things].index(patient))
    portal.every_way_is_on_the_list()
    return any(
        portal.model.may(who, Action.READ, one)
        for one in portal.model.things
        if one.patient == patient
    )


def at_work(portal: Sharing, user: int, code: Role = Role.NURSE) -> None:
    portal.invite(ADMINISTRATOR, user, code)
    portal.begin_to_work(0, None)


def test_an_emergency_ends_by_itself_and_who_is_shown_out_stays_out(portal: Sharing) -> None:
    nina = Who(NINA)
    at_work(portal, NINA)
    portal.break_the_glass(NINA, 0)
    portal.arm(None, 0, part())
    portal.break_the_glass(ROSE, 0)
    portal.restrict(0, on=True)
    portal.break_the_glass(NINA, 0)
    portal.restrict(0, on=False)
    assert not reads(portal, nina, 0)
    portal.break_the_glass(NINA, 0)
    assert reads(portal, nina, 0)
    portal.suspend_or_end(0, ADMINISTRATOR, members.suspend)
    assert not reads(portal, nina, 0)
    portal.suspend_or_end(0, ADMINISTRATOR, members.resume)
    portal.time_passes(0.125)
    assert reads(portal, nina, 0)
    portal.time_passes(0.125)
    assert not reads(portal, nina, 0)

    portal.break_the_glass(NINA, 0)
    portal.pause_or_revoke(0, None, granting.revoke)
    portal.break_the_glass(NINA, 0)
    assert not reads(portal, nina, 0)
    portal.arm(None, 0, part())
    portal.break_the_glass(NINA, 0)
    assert reads(portal, nina, 0)
    portal.revoke_all(None, 0)
    assert not reads(portal, nina, 0)
    assert not portal.model.cards
    at_work(portal, CAROL)
    portal.arm(None, CAROL, part())
    portal.break_the_glass(CAROL, CAROL)


def test_who_opened_a_child_s_record_decides_until_the_child_is_old_enough(
    portal: Sharing,
) -> None:
    stands_in, rose = herself(CHILD), Who(ROSE)
    portal.grant(None, CHILD, ROSE, part(ends=5.5), None)
    portal.accept(0, ROSE)
    assert reads(portal, rose, CHILD)
    for to, ends, manages in ((ROSE, 20.0, None), (OPENER, 1.5, None), (BOB, 1.5, True)):
        portal.grant(None, CHILD, to, part(ends=ends), manages)
    for asker in (None, (OPENER, False)):
        portal.pause_or_revoke(2, asker, granting.revoke)
    portal.pass_on(0, None, OPENER, None)
    portal.accept(0, OPENER)
    portal.keep_back(3, None, back=True)
    assert reads(portal, stands_in, CHILD)
    assert portal.model.decides(stands_in)

    portal.time_passes(5)
    portal.time_passes(1)
    assert portal.model.decides(stands_in)
    portal.time_passes(1)
    assert not reads(portal, stands_in, CHILD)
    assert reads(portal, Who(OPENER), CHILD)
    portal.time_passes(20)
    portal.time_passes(20)
    assert not reads(portal, Who(OPENER), CHILD)


def test_who_keeps_a_patient_s_record_decides_nothing(portal: Sharing) -> None:
    keeper = Who(ROSE, 0)
    portal.grant(None, 0, ROSE, part(), True)
    portal.accept(0, ROSE)
    portal.grant((ROSE, True), 0, NINA, part(), None)
    portal.keep_back(0, (ROSE, True), back=True)
    portal.arm((ROSE, True), 0, part())
    portal.revoke_all((ROSE, True), 0)
    assert reads(portal, keeper, 0)
    assert not portal.model.decides(keeper)


def test_who_asks_is_let_in_while_she_works_there(portal: Sharing) -> None:
    portal.ask(CAROL, 0)
    assert not portal.requests
    for user, code in ((NINA, Role.NURSE), (CAROL, Role.CLINICIAN)):
        at_work(portal, user, code)
        portal.ask(user, 0)
        portal.ask(user, 0)
    portal.let_in(0, (ROSE, False), part())
    portal.suspend_or_end(0, ADMINISTRATOR, members.suspend)
    portal.let_in(0, None, part())
    assert not reads(portal, Who(CAROL), 0)
    portal.suspend_or_end(0, ADMINISTRATOR, members.resume)
    for _ in range(2):
        portal.let_in(0, None, part())
    assert reads(portal, Who(CAROL), 0)

    portal.revoke_all(None, 0)
    portal.let_in(1, None, part())
    portal.ask(NINA, 0)
    assert not reads(portal, Who(NINA), 0)
    portal.time_passes(20)
    portal.time_passes(20)
    portal.ask(NINA, 0)
    portal.let_in(0, None, part())
    assert not reads(portal, Who(NINA), 0)


# For `test_broken_rules.py`.
WEEKS = (
    test_an_emergency_ends_by_itself_and_who_is_shown_out_stays_out,
    test_who_opened_a_child_s_record_decides_until_the_child_is_old_enough,
    test_who_keeps_a_patient_s_record_decides_nothing,
    test_who_asks_is_let_in_while_she_works_there,
)
