"""Facilities: registered by a professional, verified by two of staff, shared with, closed."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import pytest
from django.core import mail
from django.db.models.functions import Now
from django.utils import timezone

from accounts import directory as professionals
from accounts import services as accounts
from accounts.actors import Actor, Denied
from accounts.models import AuditEvent, Patient
from phr.services import records
from sharing import leaving as shares
from sharing.models import (
    AgreementKind,
    Notice,
    NoticeKind,
    Organization,
    PractitionerRole,
    Regime,
    Role,
    Shift,
)
from sharing.services import (
    agreements,
    closing,
    directory,
    facilities,
    granting,
    listing,
    managing,
    members,
    rosters,
    vetting,
)
from sharing.services.recipients import Recipient, Refused
from tests.cast import ALL, ORDINARY, PURGER, Cast, join, user_of
from tests.raw import as_owner, open_walls
from tests.worlds.facilities import DIRECTORY, FACTS, employ, opened, professional
from tests.worlds.kept import keep

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

    assert not vetting.verify(cast.sam, pk)
    with pytest.raises(Refused):
        vetting.verify(cast.sam, pk)
    assert state(pk) == "half"
    assert vetting.verify(una, pk)

    assert state(pk) == "verified"
    assert facilities.card(cast.alice, pk).facility.name == FACTS.name


def test_who_is_no_professional_registers_nothing_and_no_one_but_staff_verifies(cast: Cast) -> None:
    with pytest.raises(Denied):
        facilities.register(cast.carol, FACTS)
    pk = facilities.register(cast.bob, FACTS)
    for somebody in (cast.bob, cast.alice, Actor()):
        with pytest.raises(Denied):
            vetting.verify(somebody, pk)


@pytest.mark.usefixtures("cast")
def test_staff_who_belong_to_it_do_not_verify_it() -> None:
    staff = join("dr.staff@example.org", staff=True).pk
    professional(Actor.session(staff), "Dr Staff")
    pk = facilities.register(Actor.session(staff), FACTS)

    with pytest.raises(Refused):
        vetting.verify(Actor.staff(staff), pk)


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
    assert records.open_record(nina, cast.alice_id, row.pk)

    vetting.suspend(cast.sam, pk)
    with pytest.raises(Denied):
        records.open_record(nina, cast.alice_id, row.pk)
    vetting.resume(cast.sam, pk)
    assert records.open_record(nina, cast.alice_id, row.pk)
    vetting.doubt(cast.sam, pk)
    with pytest.raises(Denied):
        records.open_record(nina, cast.alice_id, row.pk)


# --- people ---------------------------------------------------------------------------------------


def test_an_invitation_is_bound_to_its_address(cast: Cast) -> None:
    pk = opened(cast)
    role = members.invite(cast.bob, pk, "Nina@Example.org", code=Role.CLINICIAN, ends_at=None)
    professional(cast.carol, "Dr Carol")
    with pytest.raises(Denied):
        members.accept(cast.carol, role)
    nina = Actor.session(join("nina@example.org").pk)
    with pytest.raises(Refused):
        members.accept(nina, role)
    professional(nina, "Nina Nurse")

    assert [one.pk for one in facilities.mine(nina).waiting] == [role]
    assert members.accept(nina, role) == pk
    with pytest.raises(Denied):
        members.accept(nina, role)
    assert facilities.mine(nina).waiting == []
    team = facilities.card(cast.alice, pk).team
    assert [(one.person.name, one.roles) for one in team.now] == [("Nina Nurse", ("Clinician",))]


def test_the_mail_of_an_invitation_names_no_facility(
    cast: Cast, django_capture_on_commit_callbacks: object
) -> None:
    pk = opened(cast)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        members.invite(cast.bob, pk, "nina@example.org", code=Role.NURSE, ends_at=None)

    (letter,) = mail.outbox
    assert letter.to == ["nina@example.org"]
    assert FACTS.name not in letter.subject + str(letter.body)


def test_an_old_or_withdrawn_invitation_gives_nothing(cast: Cast) -> None:
    pk = opened(cast)
    nina = Actor.session(join("nina@example.org").pk)
    professional(nina, "Nina Nurse")
    role = members.invite(cast.bob, pk, "nina@example.org", code=Role.NURSE, ends_at=None)
    members.end(cast.bob, role)
    with pytest.raises(Denied):
        members.accept(nina, role)

    again = members.invite(cast.bob, pk, "nina@example.org", code=Role.NURSE, ends_at=None)
    with as_owner():
        PractitionerRole.objects.filter(pk=again).update(
            created_at=timezone.now() - timedelta(days=15)
        )
    with pytest.raises(Denied):
        members.accept(nina, again)


def test_an_administrator_manages_people_and_sees_no_record(cast: Cast) -> None:
    pk = opened(cast)
    granting.grant(cast.alice, Recipient(organization_id=pk), scope=ALL)
    row = keep(cast.alice_id)

    with pytest.raises(Denied):
        records.open_record(cast.bob, cast.alice_id, row.pk)
    assert listing.shared(cast.bob).open == []
    assert [one.state for one in managing.read(cast.bob, pk).here] == ["here"]


def test_what_is_changed_about_somebody_holds_on_the_next_request(cast: Cast) -> None:
    pk = opened(cast)
    nina = employ(cast, pk, "nina@example.org", Role.NURSE)
    granting.grant(cast.alice, Recipient(organization_id=pk), scope=ALL)
    role = role_of(nina)

    def patients() -> int:
        return len(listing.shared(nina).open)

    assert patients() == 1
    members.suspend(cast.bob, role)
    assert patients() == 0
    members.resume(cast.bob, role)
    assert patients() == 1
    changed = members.change(cast.bob, role, code=Role.ADMINISTRATOR, ends_at=None)
    assert patients() == 0
    back = members.change(cast.bob, changed, code=Role.CLINICIAN, ends_at=None)
    assert patients() == 1
    members.end(cast.bob, back)
    assert patients() == 0
    assert [one.state for one in managing.read(cast.bob, pk).left] == ["ended"] * 3


def role_of(who: Actor) -> UUID:
    with as_owner():
        rows = PractitionerRole.objects.filter(user=user_of(who))
        return rows.latest("created_at").pk


def test_nobody_else_manages_people(cast: Cast) -> None:
    pk = opened(cast)
    nina = employ(cast, pk, "nina@example.org", Role.CLINICIAN)
    role = role_of(cast.bob)
    for somebody in (nina, cast.alice, cast.carol, cast.sam, Actor()):
        for act in (members.suspend, members.resume, members.end, members.to_reset):
            with pytest.raises(Denied):
                act(somebody, role)
        with pytest.raises(Denied):
            members.invite(somebody, pk, "x@example.org", code=Role.NURSE, ends_at=None)
        with pytest.raises(Denied):
            managing.read(somebody, pk)


def test_the_last_administrator_does_not_leave_by_accident(cast: Cast) -> None:
    pk = opened(cast)
    role = role_of(cast.bob)
    later = timezone.now() + timedelta(days=3)
    for act in (
        lambda: members.end(cast.bob, role),
        lambda: members.suspend(cast.bob, role),
        lambda: members.change(cast.bob, role, code=Role.NURSE, ends_at=None),
        lambda: members.change(cast.bob, role, code=Role.ADMINISTRATOR, ends_at=later),
    ):
        with pytest.raises(Refused):
            act()
    employ(cast, pk, "nina@example.org", Role.ADMINISTRATOR)

    members.end(cast.bob, role)

    with pytest.raises(Denied):
        managing.read(cast.bob, pk)


def test_who_is_on_call_sees_during_the_shift_alone(cast: Cast) -> None:
    pk = opened(cast)
    oscar = employ(cast, pk, "oscar@example.org", Role.ON_CALL)
    granting.grant(cast.alice, Recipient(organization_id=pk), scope=ALL)
    now, hour = timezone.now(), timedelta(hours=1)
    assert rosters.on_call(cast.bob, pk) == [(role_of(oscar), "oscar")]
    assert listing.shared(oscar).open == []

    tonight = rosters.add(
        cast.bob, pk, role_of(oscar), starts_at=now + 3 * hour, ends_at=now + 12 * hour
    )
    team = facilities.card(cast.alice, pk).team
    assert (len(team.now), team.soon, team.on_call) == (0, 1, 1)
    assert listing.shared(oscar).open == []
    with as_owner():
        Shift.objects.filter(pk=tonight).update(starts_at=now - hour)
    assert len(listing.shared(oscar).open) == 1

    rosters.remove(cast.bob, tonight)
    assert listing.shared(oscar).open == []
    for long in (timedelta(), 73 * hour):
        with pytest.raises(Refused):
            rosters.add(cast.bob, pk, role_of(oscar), starts_at=now, ends_at=now + long)
    with pytest.raises(Denied):
        rosters.add(oscar, pk, role_of(oscar), starts_at=now, ends_at=now + hour)


def test_starting_a_password_reset_is_written_down(cast: Cast) -> None:
    pk = opened(cast)
    nina = employ(cast, pk, "nina@example.org", Role.NURSE)

    assert members.to_reset(cast.bob, role_of(nina)) == nina.user_id

    with as_owner():
        event = AuditEvent.objects.get(action="reset-password")
    assert (event.actor_id, event.subject) == (
        cast.bob.user_id,
        f"PractitionerRole/{role_of(nina)}",
    )


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
    assert records.open_record(nina, cast.alice_id, row.pk)
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
    said = {"kind": AgreementKind.BAA, "version": "3", "signed_on": today, "ends_on": None}
    with pytest.raises(Refused):
        agreements.add(cast.bob, pk, document=b"<html>", **said)
    with pytest.raises(Denied):
        agreements.add(cast.carol, pk, document=b"%PDF-1.7", **said)

    added = agreements.add(cast.bob, pk, document=b"%PDF-1.7 signed", **said)

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
    assert records.open_record(nina, cast.alice_id, row.pk)
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
    assert records.open_record(cast.alice, cast.alice_id, row.pk)
    with as_owner():
        assert Patient.objects.get(pk=cast.alice_id).access_epoch > before
        assert Notice.objects.filter(kind=NoticeKind.ENDED, patient=cast.alice_id).count() == 1


def test_a_facility_that_nobody_administers_any_more_closes(cast: Cast) -> None:
    pk = opened(cast)
    employ(cast, pk, "nina@example.org", Role.NURSE)
    other = opened(cast, name="Second")
    employ(cast, other, "ann@example.org", Role.ADMINISTRATOR)

    assert shares.leave_others(PURGER, user_of(cast.bob))

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
