"""Raw SQL of who opened a record for somebody: what the services refuse, the database refuses."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from allauth.account.models import EmailAddress
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError
from django.utils import timezone

from accounts.acting import acting_as
from accounts.actors import Actor
from accounts.models import Patient, User
from sharing.models import Authority, EmergencyPlan, Grant, Path
from sharing.services import granting
from sharing.services.dependents import Draft
from sharing.services.recipients import ActsFor, Recipient
from tests.cast import ALL, Cast, user_of
from tests.raw import as_owner, open_walls
from tests.sharing.test_dependents import aged, child, move_on, opened

pytestmark = pytest.mark.django_db(databases=["default", "vault"])


def done(actor: Actor, statement: str, *values: Any) -> int:
    """How many rows a statement reaches; 0 where the database refuses it."""
    with acting_as(actor):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement, values)
                return int(cursor.rowcount)
        except (ProgrammingError, IntegrityError):
            return 0


GIVE = """
    INSERT INTO sharing_grant (id, patient_id, path, grantee_id, accepted_at, invited_email,
        authority, may_manage, may_decide, may_copy, categories, labels, ends_at,
        invitation_ends_at, starts_at)
    VALUES (gen_random_uuid(), %(patient)s, %(path)s, %(grantee)s,
        CASE WHEN %(grantee)s::uuid IS NULL THEN NULL ELSE now() END, %(email)s,
        CASE %(path)s WHEN 'proxy' THEN 'parent' ELSE '' END, %(manages)s, %(decides)s, true,
        '{laboratory}', '{1}', %(ends)s, now(), now())
"""


def give(actor: Actor, patient_id: UUID, **said: Any) -> int:
    """Write a permission by hand, as good as it can be but for what is `said`."""
    week = timezone.now() + timedelta(days=7)
    usual: dict[str, Any] = {
        "patient": patient_id, "path": Path.PERSON, "grantee": None, "email": "x@example.org",
        "manages": False, "decides": False, "ends": week,
    }  # fmt: skip
    with acting_as(actor):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(GIVE, usual | said)
                return int(cursor.rowcount)
        except (ProgrammingError, IntegrityError):
            return 0


def test_who_decides_cannot_widen_herself_by_giving(cast: Cast) -> None:
    patient_id, acting = opened(cast.bob)
    bob, carol = user_of(cast.bob), user_of(cast.carol)
    assert give(acting, patient_id)
    assert give(acting, patient_id, grantee=carol)
    for said in (
        {"grantee": bob},
        {"email": "bob@example.org"},
        {"path": Path.PROXY, "grantee": bob, "manages": True, "decides": True},
        {"path": Path.PROXY, "grantee": carol, "manages": True},
        {"path": Path.PROXY, "grantee": carol},
        {"path": Path.PROXY, "email": "carol@example.org"},
        {"ends": None},
        {"ends": timezone.now() + timedelta(days=365 * 14)},
    ):
        assert not give(acting, patient_id, **said), said


def test_who_opened_it_gives_herself_nothing_afterwards(cast: Cast) -> None:
    patient_id, _ = opened(cast.bob)
    bob = user_of(cast.bob)
    open_walls()
    with as_owner():
        # In a test everything is one transaction.
        Patient.objects.filter(pk=patient_id).update(created_at=timezone.now())
    for said in ({}, {"path": Path.PROXY, "grantee": bob, "manages": True, "decides": True}):
        assert not give(cast.bob, patient_id, **said)
    assert not done(
        cast.bob, "UPDATE accounts_patient SET access_epoch = 9 WHERE id = %s", patient_id
    )


def test_who_decides_alters_no_permission_to_act(cast: Cast) -> None:
    patient_id, acting = opened(cast.bob)
    week = timezone.now() + timedelta(days=7)
    assert give(acting, patient_id, grantee=user_of(cast.carol), ends=week)
    alter = "UPDATE sharing_grant SET {} WHERE patient_id = %s AND path = %s"
    for change in ("paused_at = now()", "revoked_at = now()", "revoked_at = NULL"):
        assert done(acting, alter.format(change), patient_id, Path.PROXY) == 0
        assert done(acting, alter.format(change), patient_id, Path.PERSON) == 1
    for change in ("ends_at = NULL", "may_decide = true", "labels = '{}'", "path = 'proxy'"):
        assert done(acting, alter.format(change), patient_id, Path.PERSON) == 0
    assert done(acting, alter.format("grantee_id = phr_actor()"), patient_id, Path.PERSON) == 0
    assert done(acting, "DELETE FROM sharing_grant WHERE patient_id = %s", patient_id) == 0


def test_a_permission_to_decide_does_nothing_for_who_has_an_account(cast: Cast) -> None:
    grant_id = granting.grant(
        cast.alice,
        Recipient("bob@example.org", ActsFor(Authority.CHOSEN, may_manage=True)),
        scope=ALL,
    )
    granting.accept(cast.bob, grant_id)
    assert not give(
        cast.alice, cast.alice_id, path=Path.PROXY, grantee=user_of(cast.bob),
        manages=True, decides=True,
    )  # fmt: skip
    open_walls()
    with as_owner():
        Grant.objects.filter(pk=grant_id).update(may_decide=True)
    acting = Actor.session(user_of(cast.bob), acting_for=cast.alice_id)
    assert not give(acting, cast.alice_id)
    with acting_as(acting), connection.cursor() as cursor:
        cursor.execute("SELECT phr_decides_until(), phr_may_decide(%s)", [cast.alice_id])
        assert cursor.fetchone() == (None, False)


def test_nobody_opens_a_record_over_somebody_elses_account(cast: Cast) -> None:
    row = """
        INSERT INTO accounts_patient (id, user_id, opened_by_id, name_sealed, access_epoch, created_at)
        VALUES (gen_random_uuid(), %s, %s, '', 1, now())
    """
    bob = user_of(cast.bob)
    free = User.objects.create_user("free@example.org", "x" * 20).pk
    for user, opener in ((free, bob), (bob, bob), (bob, free), (free, free)):
        assert not done(cast.bob, row, user, opener)
    placeholder = uuid4()
    User.objects.create(
        id=placeholder, email=f"{placeholder}@dependent.invalid", password="!unusable"
    )
    assert not done(cast.carol, row, placeholder, bob)
    assert not done(Actor.session(bob, acting_for=cast.alice_id), row, placeholder, bob)
    assert done(cast.bob, row, placeholder, bob)


def test_it_ends_in_the_database_too_when_its_day_has_come(cast: Cast) -> None:
    patient_id, acting = opened(cast.bob, child(5))
    assert give(acting, patient_id)
    move_on_rows(patient_id)
    assert not give(acting, patient_id)
    assert done(acting, "UPDATE sharing_grant SET revoked_at = now()") == 0
    assert not rows_seen(acting, "SELECT 1 FROM sharing_grant WHERE path = 'person'")
    assert not done(Actor.session(user_of(cast.carol), acting_for=patient_id), "SELECT phr_own()")


def move_on_rows(patient_id: UUID) -> None:
    open_walls()
    move_on(patient_id, years=9)


def rows_seen(actor: Actor, statement: str) -> list[Any]:
    with acting_as(actor), connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def test_nobody_else_hands_it_over_or_claims_it(cast: Cast) -> None:
    patient_id, acting = opened(cast.bob)
    name = """
        INSERT INTO sharing_handover (id, patient_id, named_by_id, email, lookup, ends_at)
        VALUES (gen_random_uuid(), %s, %s, 'x@example.org', %s, now() + interval '1 day')
    """
    bob, carol = user_of(cast.bob), user_of(cast.carol)
    for actor, by in ((cast.carol, carol), (cast.carol, bob), (acting, bob), (Actor(), bob)):
        assert not done(actor, name, patient_id, by, uuid4().bytes), actor
    assert not done(cast.bob, name, cast.alice_id, bob, uuid4().bytes)
    secret = uuid4().bytes
    assert done(cast.bob, name, patient_id, bob, secret)
    assert not done(cast.bob, "UPDATE sharing_handover SET claimed_at = now()")
    assert not done(cast.bob, "UPDATE accounts_patient SET opened_by_id = NULL")
    assert not rows_seen(cast.carol, "SELECT 1 FROM sharing_handover")
    assert not claimed(uuid4().bytes)


def claimed(secret: bytes) -> bool:
    with acting_as(Actor()), connection.cursor() as cursor:
        cursor.execute("SELECT phr_claim(%s)", [secret])
        return bool(cursor.fetchone() == (True,))


def test_nobody_claims_it_while_the_child_is_too_young(cast: Cast) -> None:
    patient_id, _ = opened(cast.bob, child(5))
    secret = uuid4().bytes
    name = """
        INSERT INTO sharing_handover (id, patient_id, named_by_id, email, lookup, ends_at)
        VALUES (gen_random_uuid(), %s, %s, 'x@example.org', %s, now() + interval '1 day')
    """
    assert done(cast.bob, name, patient_id, user_of(cast.bob), secret)
    assert not claimed(secret)
    move_on_rows(patient_id)
    assert claimed(secret)


def test_who_opened_it_accepts_nothing_of_it(cast: Cast) -> None:
    _, acting = opened(cast.bob, Draft("Old Sam", aged(80), Authority.GUARDIAN))
    granting.grant(acting, "second@example.org", scope=ALL)
    accept = """
        UPDATE sharing_grant SET grantee_id = %s, accepted_at = now()
        WHERE invited_email = 'second@example.org'
    """
    for actor, can in ((cast.bob, 0), (cast.carol, 1)):
        EmailAddress.objects.filter(email="second@example.org").delete()
        EmailAddress.objects.create(
            user_id=user_of(actor), email="second@example.org", verified=True
        )
        assert done(actor, accept, user_of(actor)) == can


def test_who_decides_arms_no_card(cast: Cast) -> None:
    card = """
        INSERT INTO sharing_emergencyplan (patient_id, armed_at, card, categories, labels, lookup,
            code_sealed, names_her, says_birth_date)
        VALUES (%s, now(), gen_random_uuid(), '{laboratory}', '{1}', %s, '', false, false)
    """
    patient_id, acting = opened(cast.bob)
    assert done(cast.alice, card, cast.alice_id, b"hers")
    assert not done(acting, card, patient_id, b"x")
    open_walls()
    with as_owner():
        EmergencyPlan.objects.filter(patient=cast.alice_id).update(patient=patient_id)
    armed = "UPDATE sharing_emergencyplan SET armed_at = {} WHERE patient_id = %s"
    assert done(acting, armed.format("NULL"), patient_id) == 1
    assert done(acting, armed.format("now()"), patient_id) == 0
