"""Facilities: registered by a professional, verified by two of staff, shared with, closed."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, time
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from accounts import directory as professionals
from accounts import services as accounts
from accounts.actors import Actor, Denied
from accounts.models import AuditEvent, Patient, User
from phr.services import records
from sharing import leaving as shares
from sharing.models import (
    AgreementKind,
    Notice,
    NoticeKind,
    Organization,
    Regime,
    Role,
)
from sharing.services import (
    agreements,
    closing,
    directory,
    facilities,
    granting,
    listing,
    members,
    vetting,
)
from sharing.services.recipients import Recipient, Refused
from tests.cast import ALL, ORDINARY, PURGER, Cast, join, user_of
from tests.raw import as_owner, open_walls
from tests.worlds.facilities import DIRECTORY, FACTS, check, employ, opened, professional
from tests.worlds.kept import keep

Captured = Callable[..., AbstractContextManager[Any]]
pytestmark = pytest.mark.django_db(databases=["default", "vault"])


@pytest.fixture(autouse=True)
def walls() -> None:
    """What a test looks up as the owner of the tables is not walled off."""
    open_walls()


def state(pk: UUID) -> str:
    with as_owner():
        return Organization.objects.get(pk=pk).state


# --- registering and verifying --------------------------------------------------------------------


def test_two_different_members_of_staff_verify_and_nobody_sees_anything_before(cast: Cast) -> None:
    una = Actor.staff(join("una@example.org", staff=True).pk)
    pk = facilities.register(cast.bob, FACTS)
    with pytest.raises(Denied):
        facilities.card(cast.alice, pk)
    with pytest.raises(Denied):
        granting.grant(cast.alice, Recipient(organization_id=pk), scope=ALL)

    assert not check(cast.sam, pk)
    with pytest.raises(Refused):
        check(cast.sam, pk)
    assert state(pk) == "half"
    assert check(una, pk)

    assert state(pk) == "verified"
    assert facilities.card(cast.alice, pk).facility.name == FACTS.name


def test_who_is_no_professional_registers_nothing_and_no_one_but_staff_verifies(cast: Cast) -> None:
    with pytest.raises(Denied):
        facilities.register(cast.carol, FACTS)
    pk = facilities.register(cast.bob, FACTS)
    for somebody in (cast.bob, cast.alice, Actor()):
        with pytest.raises(Denied):
            check(somebody, pk)


def test_a_yes_is_bound_to_what_was_read(cast: Cast) -> None:
    una = Actor.staff(join("una@example.org", staff=True).pk)
    pk = facilities.register(cast.bob, FACTS)
    seen = vetting.read(cast.sam, pk).digest
    other = replace(FACTS, name="Riverside Hospital")
    facilities.change(cast.bob, pk, other, listed=False)
    with pytest.raises(Refused, match="changed"):
        vetting.verify(cast.sam, pk, seen=seen)

    check(cast.sam, pk)
    facilities.change(cast.bob, pk, other, listed=True)
    assert state(pk) == "half"
    facilities.change(cast.bob, pk, replace(other, policy_version="2027"), listed=True)
    assert state(pk) == "new"
    assert not check(una, pk)


def test_staff_who_belong_to_it_decide_nothing_about_it(cast: Cast) -> None:
    pk = opened(cast)
    tom = employ(cast, pk, "tom@example.org", Role.ADMINISTRATOR)
    added = agreements.add(
        tom, pk, document=b"%PDF-1.7", kind=AgreementKind.BAA, version="1",
        signed_on=timezone.now().date(), ends_on=None,
    )  # fmt: skip
    vetting.suspend(cast.sam, pk)
    with as_owner():
        User.objects.filter(pk=user_of(tom)).update(is_staff=True)
    staff = Actor.staff(user_of(tom))

    for act in (vetting.resume, vetting.suspend, vetting.doubt):
        with pytest.raises(Refused, match="belong"):
            act(staff, pk)
    with pytest.raises(Refused, match="belong"):
        vetting.confirm_agreement(staff, added)
    assert state(pk) == "suspended"


@pytest.mark.usefixtures("cast")
def test_staff_who_belong_to_it_do_not_verify_it() -> None:
    staff = join("dr.staff@example.org", staff=True).pk
    professional(Actor.session(staff), "Dr Staff")
    pk = facilities.register(Actor.session(staff), FACTS)

    with pytest.raises(Refused):
        check(Actor.staff(staff), pk)


def test_staff_who_are_invited_to_it_do_not_verify_it_nor_join_it_afterwards(cast: Cast) -> None:
    pk = facilities.register(cast.bob, FACTS)
    role = members.invite(cast.bob, pk, "sam@example.org", code=Role.ADMINISTRATOR, ends_at=None)
    with pytest.raises(Refused):
        check(cast.sam, pk)
    other = opened(cast, name="Second")
    later = members.invite(
        cast.bob, other, "sam@example.org", code=Role.ADMINISTRATOR, ends_at=None
    )

    with pytest.raises(Refused):
        members.accept(Actor.session(user_of(cast.sam)), later)
    assert members.accept(Actor.session(user_of(cast.sam)), role) == pk


def test_a_facility_does_not_escape_by_inviting_whoever_might_suspend_it(cast: Cast) -> None:
    pk = opened(cast)
    members.invite(cast.bob, pk, "sam@example.org", code=Role.NURSE, ends_at=None)
    vetting.suspend(cast.sam, pk)
    with pytest.raises(Refused, match="belong"):
        vetting.resume(cast.sam, pk)
    vetting.doubt(cast.sam, pk)
    assert vetting.read(cast.sam, pk).verifiers == {"first": "", "second": ""}
    assert state(pk) == "suspended"


def test_what_staff_checked_is_not_changed_any_more_but_its_policy_is(cast: Cast) -> None:
    pk = opened(cast)
    other = replace(FACTS, name="Another name", regime=Regime.HIPAA, policy_version="2")

    facilities.change(cast.bob, pk, other, listed=False)

    row = facilities.card(cast.bob, pk).facility
    assert (row.name, row.regime, row.policy_version) == (FACTS.name, FACTS.regime, "2")
    with pytest.raises(Denied):
        facilities.change(cast.carol, pk, other, listed=True)


def test_suspending_holds_from_the_next_request_on(cast: Cast) -> None:
    pk = opened(cast)
    nina = employ(cast, pk, "nina@example.org", Role.NURSE)
    granting.grant(cast.alice, Recipient(organization_id=pk), scope=ALL)
    row = keep(cast.alice_id)
    assert records.open_record(nina, cast.alice_id, row.pk).id == row.pk

    vetting.suspend(cast.sam, pk)
    with pytest.raises(Denied):
        records.open_record(nina, cast.alice_id, row.pk)
    vetting.resume(cast.sam, pk)
    assert records.open_record(nina, cast.alice_id, row.pk).id == row.pk
    vetting.doubt(cast.sam, pk)
    with pytest.raises(Denied):
        records.open_record(nina, cast.alice_id, row.pk)


# --- sharing with it ------------------------------------------------------------------------------


def test_every_name_of_the_facility_that_looks_can_be_told(cast: Cast) -> None:
    pk = opened(cast)
    nina = employ(cast, pk, "nina@example.org", Role.NURSE)
    grant_id = granting.grant(cast.alice, Recipient(organization_id=pk), scope=ORDINARY)
    row = keep(cast.alice_id)
    records.open_record(nina, cast.alice_id, row.pk)

    (held,) = listing.given(cast.alice)
    assert (held.person.name, held.state) == (FACTS.name, "active")
    assert held.looked_at is not None
    with as_owner():
        event = AuditEvent.objects.get(
            action="read", basis=f"grant:{grant_id}", actor_id=nina.user_id
        )
    assert event.records == [row.pk]

    granting.pause(cast.alice, grant_id)
    with pytest.raises(Denied):
        records.open_record(nina, cast.alice_id, row.pk)
    granting.resume(cast.alice, grant_id)
    changed = granting.change(cast.alice, grant_id, scope=ALL)
    assert records.open_record(nina, cast.alice_id, row.pk).id == row.pk
    granting.revoke(cast.alice, changed)
    with pytest.raises(Denied):
        records.open_record(nina, cast.alice_id, row.pk)


def test_a_professional_is_shared_with_from_the_directory_without_her_address(cast: Cast) -> None:
    accounts.verify_practitioner(cast.sam, pk_of(cast.bob))
    assert directory.search(cast.alice, "brown").professionals == []
    professionals.keep_entry(cast.bob, place="Lyon, France", listed=True)

    for words in ("brown", "BOB cardio", "lyon"):
        (found,) = directory.search(cast.alice, words).professionals
        assert (found.name, found.role) == ("Dr Bob Brown", "Doctor, Cardiology")
    assert directory.search(cast.alice, "brown paris").professionals == []
    assert directory.search(cast.alice, " ").professionals == []
    granting.grant(cast.alice, Recipient(practitioner_id=found.id), scope=ORDINARY)

    (held,) = listing.given(cast.alice)
    assert (held.person.name, held.grant.invited_email) == ("Dr Bob Brown", "")
    assert [one.patient_name for one in listing.shared(cast.bob).open] == ["Alice Archer"]
    with as_owner():
        assert Notice.objects.filter(kind=NoticeKind.GRANTED, recipient=cast.bob.user_id).exists()


def pk_of(who: Actor) -> UUID:
    return accounts.register_practitioner(
        who, name="", profession="", specialty="", licence_number=""
    )


def test_who_is_not_verified_or_not_listed_is_not_in_the_directory(cast: Cast) -> None:
    professionals.keep_entry(cast.bob, place="", listed=True)
    with pytest.raises(Denied):
        granting.grant(cast.alice, Recipient(practitioner_id=pk_of(cast.bob)), scope=ALL)
    pk = opened(cast)

    assert [one.pk for one in directory.search(cast.alice, "riverside").facilities] == [pk]
    facilities.change(cast.bob, pk, FACTS, listed=False)
    assert directory.search(cast.alice, "riverside").facilities == []
    assert directory.search(cast.alice, "riverside").professionals == []


# --- agreements -----------------------------------------------------------------------------------


def test_an_agreement_is_read_by_patients_and_confirmed_by_staff(cast: Cast) -> None:
    pk = opened(cast)
    today = timezone.now().date()
    add = partial(
        agreements.add, kind=AgreementKind.BAA, version="3", signed_on=today, ends_on=None
    )
    with pytest.raises(Refused):
        add(cast.bob, pk, document=b"<html>")
    with pytest.raises(Denied):
        add(cast.carol, pk, document=b"%PDF-1.7")

    added = add(cast.bob, pk, document=b"%PDF-1.7 signed")

    (shown,) = facilities.card(cast.alice, pk).agreements
    assert (shown.version, shown.confirmed_at) == ("3", None)
    assert agreements.document(cast.alice, pk, added) == b"%PDF-1.7 signed"
    assert vetting.document(cast.sam, added) == b"%PDF-1.7 signed"
    vetting.confirm_agreement(cast.sam, added)
    assert facilities.card(cast.alice, pk).agreements[0].confirmed_at
    with pytest.raises(Denied):
        vetting.confirm_agreement(cast.bob, added)


# --- closing --------------------------------------------------------------------------------------


def test_a_facility_that_closes_tells_its_patients_and_ends_what_it_held(cast: Cast) -> None:
    pk = opened(cast)
    nina = employ(cast, pk, "nina@example.org", Role.NURSE)
    held = granting.grant(cast.alice, Recipient(organization_id=pk), scope=ALL)
    row = keep(cast.alice_id)
    with pytest.raises(Refused):
        closing.announce(cast.bob, pk, on=timezone.now().date())
    with pytest.raises(Denied):
        closing.announce(nina, pk, on=closing.first_day())

    closing.announce(cast.bob, pk, on=closing.first_day())
    assert closing.work(DIRECTORY) == 1
    assert closing.work(DIRECTORY) == 0

    with as_owner():
        assert Notice.objects.filter(kind=NoticeKind.CLOSING, patient=cast.alice_id).count() == 1
    assert records.open_record(nina, cast.alice_id, row.pk).id == row.pk
    with pytest.raises(Refused):
        granting.grant(cast.carol, Recipient(organization_id=pk), scope=ALL)
    with as_owner():
        Organization.objects.filter(pk=pk).update(closing_at=Now())
        before = Patient.objects.get(pk=cast.alice_id).access_epoch
    while closing.work(DIRECTORY):
        pass

    with pytest.raises(Denied):
        records.open_record(nina, cast.alice_id, row.pk)
    (over,) = listing.given(cast.alice)
    assert (over.grant.pk, over.state) == (held, "revoked")
    assert records.open_record(cast.alice, cast.alice_id, row.pk).own
    with as_owner():
        assert Patient.objects.get(pk=cast.alice_id).access_epoch > before
        assert Notice.objects.filter(kind=NoticeKind.ENDED, patient=cast.alice_id).count() == 1


def test_a_facility_that_nobody_administers_any_more_closes(cast: Cast) -> None:
    pk = opened(cast)
    employ(cast, pk, "nina@example.org", Role.NURSE)
    other = opened(cast, name="Second")
    employ(cast, other, "ann@example.org", Role.ADMINISTRATOR)

    shares.leave_others(PURGER, user_of(cast.bob))

    day = datetime.combine(closing.first_day(), time.min, tzinfo=UTC)
    with as_owner():
        assert Organization.objects.get(pk=pk).closing_at == day
        assert Organization.objects.get(pk=other).closing_at is None


def test_many_patients_are_told_in_steps_and_each_once(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closing, "AT_ONCE", 1)
    pk = opened(cast)
    for who in (cast.alice, cast.carol):
        granting.grant(who, Recipient(organization_id=pk), scope=ALL)
    closing.announce(cast.bob, pk, on=closing.first_day())

    steps = 0
    while closing.work(DIRECTORY):
        steps += 1

    assert steps == 3
    with as_owner():
        told = Notice.objects.filter(kind=NoticeKind.CLOSING).values_list("patient_id", flat=True)
        assert sorted(told) == sorted([cast.alice_id, cast.carol_id])
