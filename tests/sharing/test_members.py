"""The people of a facility: invited, changed, suspended, on call; and no backup brings them back."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core import mail
from django.utils import timezone

from accounts.actors import Actor, Denied, System
from accounts.models import AuditEvent
from phr.services import records
from sharing.models import (
    Organization,
    PractitionerRole,
    Role,
    Shift,
)
from sharing.services import (
    facilities,
    granting,
    listing,
    managing,
    members,
    rosters,
    standing,
    vetting,
)
from sharing.services.recipients import Recipient, Refused
from tests.cast import ALL, Cast, join, user_of
from tests.raw import as_owner, open_walls
from tests.worlds.facilities import FACTS, employ, opened, professional
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
    cast: Cast, django_capture_on_commit_callbacks: Captured
) -> None:
    pk = opened(cast)
    with django_capture_on_commit_callbacks(execute=True):
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
    members.accept(nina, changed)
    back = members.change(cast.bob, changed, code=Role.CLINICIAN, ends_at=None)
    assert patients() == 0
    members.accept(nina, back)
    assert patients() == 1
    members.end(cast.bob, back)
    assert patients() == 0
    assert [one.state for one in managing.read(cast.bob, pk).left] == ["ended"] * 3


def test_who_becomes_somebody_who_sees_says_who_she_is_and_accepts_it(cast: Cast) -> None:
    pk = opened(cast)
    granting.grant(cast.alice, Recipient(organization_id=pk), scope=ALL)
    nina = Actor.session(join("nina@example.org").pk)
    role = members.invite(cast.bob, pk, "nina@example.org", code=Role.ADMINISTRATOR, ends_at=None)
    members.accept(nina, role)

    hers = members.change(cast.bob, role, code=Role.CLINICIAN, ends_at=None)
    with pytest.raises(Refused):
        members.accept(nina, hers)
    assert listing.shared(nina).open == []
    professional(nina, "Nina Nurse")
    members.accept(nina, hers)
    assert len(listing.shared(nina).open) == 1

    employ(cast, pk, "ada@example.org", Role.ADMINISTRATOR)
    own = members.change(cast.bob, role_of(cast.bob), code=Role.NURSE, ends_at=None)
    assert listing.shared(cast.bob).open == []
    members.accept(cast.bob, own)
    assert len(listing.shared(cast.bob).open) == 1


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
    acts: tuple[Callable[[], object], ...] = (
        lambda: members.end(cast.bob, role),
        lambda: members.suspend(cast.bob, role),
        lambda: members.change(cast.bob, role, code=Role.NURSE, ends_at=None),
        lambda: members.change(cast.bob, role, code=Role.ADMINISTRATOR, ends_at=later),
    )
    for act in acts:
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


def test_an_old_backup_brings_nobody_and_nothing_back(
    cast: Cast, django_capture_on_commit_callbacks: Captured
) -> None:
    pk, other = opened(cast), opened(cast, name="Second")
    nina = employ(cast, pk, "nina@example.org", Role.NURSE)
    rita = employ(cast, pk, "rita@example.org", Role.NURSE)
    ruth = employ(cast, pk, "ruth@example.org", Role.NURSE)
    members.end(cast.bob, role_of(nina))
    members.suspend(cast.bob, role_of(rita))
    members.suspend(cast.bob, role_of(ruth))
    with django_capture_on_commit_callbacks(execute=True):
        members.resume(cast.bob, role_of(ruth))
    vetting.suspend(cast.sam, pk)
    vetting.doubt(cast.sam, other)
    now = timezone.now()
    with as_owner():
        PractitionerRole.objects.update(ends_at=None, suspended_at=None)
        Organization.objects.update(suspended_at=None)
        Organization.objects.filter(pk=other).update(
            first_verified_at=now, first_verified_by=cast.sam.user_id,
            verified_at=now, verified_by=cast.bob.user_id,
        )  # fmt: skip
    reconcile = Actor.job(System.RECONCILE)

    assert standing.replay(reconcile) == 4
    assert standing.replay(reconcile) == 0

    assert (state(pk), state(other)) == ("suspended", "new")
    vetting.resume(cast.sam, pk)
    assert [one.person.name for one in facilities.card(cast.alice, pk).team.now] == ["ruth"]
