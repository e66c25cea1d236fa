"""Raw SQL of the web's role against facilities: what the services refuse, the database refuses."""

from typing import Any

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from accounts.acting import acting_as
from accounts.actors import Actor
from sharing.models import Grant, PractitionerRole, Role
from sharing.services import facilities, granting, members, vetting
from tests.cast import ALL, Cast, join, user_of
from tests.raw import as_owner, open_walls
from tests.worlds.facilities import FACTS, employ, opened, professional

pytestmark = pytest.mark.django_db(databases=["default", "vault"])


def done(actor: Actor, statement: str, *values: Any) -> int:
    """How many rows a statement reaches; 0 where the database refuses it."""
    with acting_as(actor):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement, values)
                return int(cursor.rowcount)
        except ProgrammingError:
            return 0


VOUCH = """
    UPDATE sharing_organization SET first_verified_at = now(), first_verified_by_id = %s,
    verified_at = now(), verified_by_id = %s WHERE id = %s
"""
FIRST = """
    UPDATE sharing_organization SET first_verified_at = now(), first_verified_by_id = %s
    WHERE id = %s
"""
WORK = """
    INSERT INTO sharing_practitionerrole (id, organization_id, user_id, invited_email, code,
    accepted_at) VALUES (gen_random_uuid(), %s, %s, '', %s, now())
"""
ACCEPT = """
    UPDATE sharing_practitionerrole SET user_id = phr_actor(), accepted_at = now() WHERE id = %s
"""
SHIFT = """
    INSERT INTO sharing_shift (id, role_id, starts_at, ends_at)
    VALUES (gen_random_uuid(), %s, now(), now() + interval '1 year')
"""


def test_nobody_but_two_of_staff_says_that_a_facility_is_what_it_says(cast: Cast) -> None:
    pk = facilities.register(cast.bob, FACTS)
    sam, una = user_of(cast.sam), join("una@example.org", staff=True).pk
    not_staff = Actor.staff(user_of(cast.carol))
    for somebody in (cast.bob, cast.carol, cast.sam, not_staff, Actor()):
        assert not done(somebody, VOUCH, sam, una, pk)
    assert not done(Actor.staff(una), FIRST, sam, pk)
    assert not done(cast.bob, FIRST, user_of(cast.bob), pk)
    assert not done(cast.sam, "UPDATE sharing_organization SET name = 'x' WHERE id = %s", pk)
    assert done(cast.sam, FIRST, sam, pk)


def test_nobody_but_staff_lifts_a_suspension_nor_changes_what_they_verified(cast: Cast) -> None:
    pk = opened(cast)
    vetting.suspend(cast.sam, pk)
    lift = "UPDATE sharing_organization SET suspended_at = NULL WHERE id = %s"
    rename = "UPDATE sharing_organization SET name = 'Other' WHERE id = %s"
    for somebody in (cast.bob, cast.carol):
        assert not done(somebody, lift, pk)
        assert not done(somebody, rename, pk)
    policy = "UPDATE sharing_organization SET policy_version = '3' WHERE id = %s"
    assert not done(cast.carol, policy, pk)
    assert done(cast.bob, policy, pk)
    assert done(cast.sam, lift, pk)


def test_nobody_is_put_to_work_without_having_accepted(cast: Cast) -> None:
    pk = opened(cast)
    for somebody, code in ((cast.bob, "nurse"), (cast.carol, "admin"), (cast.sam, "admin")):
        assert not done(somebody, WORK, pk, user_of(somebody), code)
    role = members.invite(cast.bob, pk, "carol@example.org", code=Role.CLINICIAN, ends_at=None)
    assert not done(cast.bob, ACCEPT, role)
    assert not done(cast.carol, ACCEPT, role)
    professional(cast.carol, "Carol")
    longer = "UPDATE sharing_practitionerrole SET user_id = phr_actor(), accepted_at = now(),"
    assert not done(
        cast.carol, f"{longer} ends_at = now() + interval '9 years' WHERE id = %s", role
    )
    assert done(cast.carol, ACCEPT, role)


def test_a_withdrawn_invitation_stays_withdrawn(cast: Cast) -> None:
    pk = opened(cast)
    professional(cast.carol, "Carol")
    role = members.invite(cast.bob, pk, "carol@example.org", code=Role.ON_CALL, ends_at=None)
    members.end(cast.bob, role)

    again = "UPDATE sharing_practitionerrole SET user_id = phr_actor(), accepted_at = now(),"
    assert not done(cast.carol, f"{again} ends_at = NULL WHERE id = %s", role)
    assert not done(cast.carol, ACCEPT, role)
    assert not done(cast.carol, SHIFT, role)


def test_only_administrators_put_somebody_on_call_or_add_agreements(cast: Cast) -> None:
    pk = opened(cast)
    employ(cast, pk, "oscar@example.org", Role.ON_CALL)
    with acting_as(cast.bob), connection.cursor() as cursor:
        cursor.execute("SELECT id FROM sharing_practitionerrole WHERE code = 'on-call'")
        (role,) = cursor.fetchone()
    agree = """
        INSERT INTO sharing_agreement (id, organization_id, kind, version, signed_on, document)
        VALUES (gen_random_uuid(), %s, 'baa', '1', current_date, '')
    """
    for somebody in (cast.carol, cast.sam):
        assert not done(somebody, SHIFT, role)
        assert not done(somebody, agree, pk)
    assert done(cast.bob, SHIFT, role)
    assert done(cast.bob, agree, pk)
    assert not done(cast.bob, "UPDATE sharing_agreement SET confirmed_at = now()")
    assert done(cast.sam, "UPDATE sharing_agreement SET confirmed_at = now()")


def test_an_address_of_the_people_of_a_facility_is_its_own(cast: Cast) -> None:
    pk = opened(cast)
    nina = employ(cast, pk, "nina@example.org", Role.NURSE)
    every = "SELECT invited_email FROM sharing_practitionerrole"
    link = Actor.link(granting.grant(cast.alice, "bob@example.org", scope=ALL))

    seen = [done(one, every) for one in (cast.bob, cast.sam, nina, cast.alice, cast.carol, link)]

    assert seen == [2, 2, 1, 0, 0, 0]
    assert [one.person.name for one in facilities.card(cast.alice, pk).team.now] == ["nina"]


def test_an_invitation_of_a_patient_that_ran_out_is_not_accepted(cast: Cast) -> None:
    pk = granting.grant(cast.alice, "bob@example.org", scope=ALL)
    open_walls()
    with as_owner():
        Grant.objects.filter(pk=pk).update(invitation_ends_at="2020-01-01T00:00Z")

    accept = "UPDATE sharing_grant SET grantee_id = phr_actor(), accepted_at = now() WHERE id = %s"
    assert not done(cast.bob, accept, pk)


@pytest.mark.parametrize("more", ["paused_at = now()", "revoked_at = now()"])
def test_who_is_invited_accepts_and_does_nothing_else(cast: Cast, more: str) -> None:
    pk = granting.grant(cast.alice, "bob@example.org", scope=ALL)
    accept = "UPDATE sharing_grant SET grantee_id = phr_actor(), accepted_at = now()"
    assert not done(cast.bob, f"{accept}, {more} WHERE id = %s", pk)
    assert done(cast.bob, f"{accept} WHERE id = %s", pk)


def test_who_left_is_not_called_back_without_being_asked(cast: Cast) -> None:
    pk = opened(cast)
    employ(cast, pk, "nina@example.org", Role.NURSE)
    with acting_as(cast.bob):
        role = PractitionerRole.objects.get(organization=pk, code=Role.NURSE)
    later = "UPDATE sharing_practitionerrole SET ends_at = now() + interval '1 day' WHERE id = %s"
    assert done(cast.bob, later, role.pk)
    members.end(cast.bob, role.pk)
    assert not done(cast.bob, later, role.pk)
    assert not done(
        cast.bob, "UPDATE sharing_practitionerrole SET ends_at = NULL WHERE id = %s", role.pk
    )
