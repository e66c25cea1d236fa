"""Emergencies: armed by a patient, opened with the code on her card, looked at by staff afterwards."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError
from django.utils import timezone

from accounts.acting import acting_as
from accounts.actors import Actor, Denied, System
from accounts.models import AuditEvent, User
from phr.services import records
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.models import EmergencyAccess, EmergencyPlan, Grant, Notice, NoticeKind, Outcome, Role
from sharing.services import emergencies, granting, listing, replaying, requests
from sharing.services.emergencies import Plan
from sharing.services.recipients import Refused
from tests.cast import Cast, user_of
from tests.doors import give_second_factor
from tests.raw import as_owner, open_walls
from tests.worlds.facilities import employ, opened
from tests.worlds.kept import keep

pytestmark = pytest.mark.django_db(databases=["default", "vault"])
ORDINARY = Plan((Category.LABORATORY,), (Sensitivity.N,))
WHY = "Found unconscious"


class Ward:
    """A verified facility with dora, a clinician with a second factor; alice's plan is armed."""

    def __init__(self, cast: Cast, plan: Plan = ORDINARY) -> None:
        self.cast = cast
        self.facility = opened(cast)
        self.dora = employ(cast, self.facility, "dora@example.org", Role.CLINICIAN)
        give_second_factor("dora@example.org")
        emergencies.arm(cast.alice, plan)

    @property
    def code(self) -> str:
        plan = emergencies.plan(self.cast.alice)
        assert plan
        return plan.typed

    def open(self, who: Actor | None = None, code: str = "", where: UUID | None = None) -> UUID:
        return emergencies.break_glass(
            who or self.dora,
            code or self.code,
            organization_id=where or self.facility,
            reason=WHY,
        )

    def grant(self) -> Grant:
        with acting_as(self.cast.alice):
            return Grant.objects.get(path="emergency")

    def access(self) -> EmergencyAccess:
        with acting_as(self.cast.alice):
            return EmergencyAccess.objects.get()


def test_who_acts_for_somebody_is_no_clinician_meanwhile(cast: Cast) -> None:
    ward = Ward(cast)
    acting = Actor.session(user_of(ward.dora), acting_for=cast.alice_id)

    assert [one.pk for one in emergencies.facilities(ward.dora)] == [ward.facility]
    with pytest.raises(Denied):
        emergencies.facilities(acting)
    assert not requests.may_ask(acting)


def test_a_clinician_opens_what_was_armed_for_four_hours_and_takes_no_copy(cast: Cast) -> None:
    test, letter = keep(cast.alice_id), keep(cast.alice_id, category=Category.DOCUMENTS)
    mental = keep(cast.alice_id, labels=[Sensitivity.PSY])
    ward = Ward(cast)

    assert ward.open(code=ward.code.lower().replace("-", " ")) == cast.alice_id

    shown = records.timeline(ward.dora, cast.alice_id)
    assert [item.id for item in shown.items] == [test.pk]
    assert not shown.may_copy
    for hidden in (letter, mental):
        with pytest.raises(Denied):
            records.open_record(ward.dora, cast.alice_id, hidden.pk)
    row = ward.grant()
    assert (row.purpose, row.may_copy, row.may_reshare) == ("BTG", False, False)
    assert row.ends_at
    assert row.ends_at - row.starts_at == timedelta(hours=emergencies.HOURS)
    with pytest.raises(IntegrityError), acting_as(cast.alice), as_owner():
        Grant.objects.filter(pk=row.pk).update(may_copy=True)


def test_a_sensitive_kind_opens_only_if_she_ticked_it(cast: Cast) -> None:
    mental = keep(cast.alice_id, labels=[Sensitivity.PSY])
    ward = Ward(cast, replace(ORDINARY, labels=(Sensitivity.N, Sensitivity.PSY)))
    ward.open()
    assert records.open_record(ward.dora, cast.alice_id, mental.pk).shown.title == "Glucose"


def test_she_is_told_at_once_with_who_where_and_why_and_ends_it(cast: Cast) -> None:
    keep(cast.alice_id)
    ward = Ward(cast)
    ward.open()
    records.timeline(ward.dora, cast.alice_id)

    with acting_as(cast.alice):
        notice = Notice.objects.get(kind=NoticeKind.EMERGENCY)
        bases = AuditEvent.objects.filter(
            actor_id=ward.dora.user_id, action__in=["read", "break-glass"]
        )
        assert {event.basis for event in bases} == {f"grant:{ward.grant().pk}"}
    assert (notice.grant_id, notice.organization_id) == (ward.grant().pk, ward.facility)
    assert notice.due_at is not None
    assert notice.due_at <= timezone.now(), "mailed by the next turn of beat, in ten seconds"
    [(access, reason, person)] = emergencies.reasons(cast.alice)
    assert (reason, person.name, access.organization.name) == (WHY, "dora", "Riverside Clinic")
    assert [held.state for held in listing.given(cast.alice)] == ["active"]

    granting.revoke(cast.alice, ward.grant().pk)
    with pytest.raises(Denied):
        records.timeline(ward.dora, cast.alice_id)


def outsider(ward: Ward) -> Actor:
    give_second_factor("carol@example.org")
    return ward.cast.carol


def administrator(ward: Ward) -> Actor:
    give_second_factor("bob@example.org")
    return ward.cast.bob


def without_second_factor(ward: Ward) -> Actor:
    return employ(ward.cast, ward.facility, "nils@example.org", Role.NURSE)


def nobody_on_call(ward: Ward) -> Actor:
    who = employ(ward.cast, ward.facility, "otto@example.org", Role.ON_CALL)
    give_second_factor("otto@example.org")
    return who


def through_another_door(ward: Ward) -> Actor:
    return Actor.staff(ward.dora.user_id or uuid4())


@pytest.mark.parametrize(
    "scene",
    [outsider, administrator, without_second_factor, nobody_on_call, through_another_door],
)
def test_nobody_else_opens_anything_with_the_right_code(cast: Cast, scene: Any) -> None:
    """Asked in the database: the pages ask besides whether the second factor was proved now."""
    ward = Ward(cast)
    with pytest.raises(Refused):
        ward.open(scene(ward))
    with acting_as(cast.alice):
        assert not EmergencyAccess.objects.exists()


@pytest.mark.parametrize("code", ["", "0", "0000-0000-0000-0000", "x" * 500, "ü"])
def test_a_wrong_code_opens_nothing(cast: Cast, code: str) -> None:
    ward = Ward(cast)
    with pytest.raises(Refused):
        emergencies.break_glass(ward.dora, code, organization_id=ward.facility, reason=WHY)


def test_from_a_facility_that_is_not_hers_or_not_verified_she_opens_nothing(cast: Cast) -> None:
    ward = Ward(cast)
    with pytest.raises(Refused):
        ward.open(where=uuid4())
    open_walls()
    with as_owner():
        User.objects.filter(pk=user_of(ward.dora)).update(is_active=False)
    with pytest.raises(Refused):
        ward.open()


def test_a_new_card_ends_the_old_one_and_disarming_ends_both(cast: Cast) -> None:
    ward = Ward(cast)
    old = ward.code
    emergencies.arm(cast.alice, ORDINARY)
    with pytest.raises(Refused):
        ward.open(code=old)
    new = ward.code
    emergencies.disarm(cast.alice)
    with pytest.raises(Refused):
        ward.open(code=new)
    plan = emergencies.plan(cast.alice)
    assert plan
    assert (plan.armed, plan.typed) == (False, "")


def test_stopping_everything_disarms_too(cast: Cast) -> None:
    ward = Ward(cast)
    code = ward.code
    granting.revoke_all(cast.alice)
    with pytest.raises(Refused):
        ward.open(code=code)


def test_after_a_restore_an_ended_card_ends_again(cast: Cast) -> None:
    ward = Ward(cast)
    code = ward.code
    emergencies.disarm(cast.alice)
    open_walls()
    with as_owner():
        EmergencyPlan.objects.update(armed_at=timezone.now())
    assert replaying.replay_revocations(Actor.job(System.RECONCILE)) == 1
    with pytest.raises(Refused):
        ward.open(code=code)


def test_a_person_opens_only_so_many_in_a_day(cast: Cast) -> None:
    ward = Ward(cast)
    for _ in range(5):
        ward.open()
    with pytest.raises(Refused):
        ward.open()
    with acting_as(cast.alice):
        assert EmergencyAccess.objects.count() == 5


def test_nothing_of_it_is_kept_in_clear(cast: Cast) -> None:
    ward = Ward(cast)
    code = emergencies.as_written(ward.code)
    ward.open()
    with acting_as(cast.alice):
        plan, access = EmergencyPlan.objects.get(), EmergencyAccess.objects.get()
    assert code.encode() not in bytes(plan.lookup) + bytes(plan.code_sealed)
    assert WHY.encode() not in bytes(access.reason_sealed)
    assert len(code) * 5 == 80


def test_staff_look_at_each_within_three_days_and_misuse_ends_it(cast: Cast) -> None:
    keep(cast.alice_id)
    ward = Ward(cast)
    ward.open()
    access = ward.access()
    assert access.due_at - access.opened_at == timedelta(hours=72)

    assert emergencies.review(cast.sam, access.pk)[1] == WHY
    assert emergencies.close(cast.sam, [access.pk], outcome=Outcome.MISUSE) == 1

    with pytest.raises(Denied):
        records.timeline(ward.dora, cast.alice_id)
    closed = ward.access()
    assert (closed.outcome, closed.closed_by_id) == ("misuse", cast.sam.user_id)
    with acting_as(cast.alice):
        assert Notice.objects.filter(kind=NoticeKind.ENDED, recipient=None).count() == 1
    with pytest.raises(Denied):
        emergencies.close(cast.sam, [access.pk], outcome=Outcome.PROPER)


def test_a_proper_one_goes_on_to_its_end(cast: Cast) -> None:
    keep(cast.alice_id)
    ward = Ward(cast)
    ward.open()
    emergencies.close(cast.sam, [ward.access().pk], outcome=Outcome.PROPER)
    assert records.timeline(ward.dora, cast.alice_id).items


def test_only_staff_look_and_close(cast: Cast) -> None:
    ward = Ward(cast)
    ward.open()
    access = ward.access().pk
    for who in (cast.bob, ward.dora, cast.carol):
        with pytest.raises(Denied):
            emergencies.review(who, access)
        with pytest.raises(Denied):
            emergencies.close(who, [access], outcome=Outcome.PROPER)


def test_whoever_was_shown_out_does_not_come_back_by_the_same_card(cast: Cast) -> None:
    keep(cast.alice_id)
    ward = Ward(cast)
    nina = employ(cast, ward.facility, "nina@example.org", Role.NURSE)
    give_second_factor("nina@example.org")
    ward.open()
    granting.revoke(cast.alice, ward.grant().pk)
    with pytest.raises(Refused):
        ward.open()
    ward.open(nina)

    emergencies.arm(cast.alice, ORDINARY)
    assert ward.open() == cast.alice_id, "she made a new card"


def test_whose_access_was_misuse_opens_this_record_no_more(cast: Cast) -> None:
    ward = Ward(cast)
    ward.open()
    emergencies.close(cast.sam, [ward.access().pk], outcome=Outcome.MISUSE)
    emergencies.arm(cast.alice, ORDINARY)
    with pytest.raises(Refused):
        ward.open()


def test_staff_of_the_facility_do_not_close_what_was_opened_from_it(cast: Cast) -> None:
    ward = Ward(cast)
    ward.open()
    employ(cast, ward.facility, "una@example.org", Role.NURSE)
    una = User.objects.get(email="una@example.org")
    User.objects.filter(pk=una.pk).update(is_staff=True)
    for outcome in Outcome:
        with pytest.raises(Denied):
            emergencies.close(Actor.staff(una.pk), [ward.access().pk], outcome=outcome)
    assert emergencies.close(cast.sam, [ward.access().pk], outcome=Outcome.PROPER) == 1
