"""Raw SQL of the web's role against the register of professionals: only staff vouch, by name."""

from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from accounts.acting import acting_as
from accounts.actors import Actor
from accounts.models import Practitioner
from tests.cast import Cast, join, user_of

pytestmark = pytest.mark.django_db(databases=["default", "vault"])
VOUCH = "UPDATE accounts_practitioner SET verified_at = now(), verified_by_id = %s WHERE id = %s"
CHECK = """
    INSERT INTO accounts_licencecheck (id, practitioner_id, registry, outcome, registered_name,
    checked_at, checked_by_id) VALUES (gen_random_uuid(), %s, 'x', 'active', '', now(), %s)
"""


def done(actor: Actor, statement: str, *values: Any) -> int:
    """How many rows a statement reaches; 0 where the database refuses it."""
    with acting_as(actor):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement, values)
                return int(cursor.rowcount)
        except ProgrammingError:
            return 0


def bobs() -> UUID:
    return Practitioner.objects.get().pk


def test_only_staff_vouch_for_a_professional_each_in_her_own_name(cast: Cast) -> None:
    sam, una = user_of(cast.sam), join("una@example.org", staff=True).pk
    no_staff = Actor.staff(user_of(cast.carol))
    for somebody in (cast.bob, cast.carol, no_staff, Actor.staff(una), Actor()):
        assert not done(somebody, VOUCH, sam, bobs())
        assert not done(somebody, CHECK, bobs(), sam)
    move = "UPDATE accounts_practitioner SET place = 'Here' WHERE id = %s"
    assert [done(one, move, bobs()) for one in (cast.carol, cast.sam, cast.bob)] == [0, 0, 1]

    assert done(cast.sam, CHECK, bobs(), sam)
    assert done(cast.sam, VOUCH, sam, bobs())
