"""A record for somebody without an account: opened, kept, decided about by one person, for a time."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.utils import timezone

from accounts import services as accounts
from accounts.acting import acting_as
from accounts.actors import Actor, Denied
from accounts.models import Patient, User
from phr.services import records
from sharing.models import Authority, Grant
from sharing.services import dependents, proxies
from sharing.services.dependents import Draft
from sharing.services.granting import Refused
from tests.cast import Cast, user_of
from tests.doors import sign_in, text
from tests.raw import as_owner, open_walls
from tests.worlds.kept import keep

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]


def aged(years: int) -> date:
    return timezone.localdate() - timedelta(days=365 * years + 100)


def child(years: int = 5, *, name: str = "Mia Archer") -> Draft:
    return Draft(name, aged(years), Authority.PARENT)


def opened(actor: Actor, draft: Draft | None = None) -> tuple[UUID, Actor]:
    """The id of a dependent, and who opened her record acting for her."""
    patient_id = dependents.open_record(actor, draft or child())
    return patient_id, Actor.session(user_of(actor), acting_for=patient_id)


def test_she_opens_it_by_the_form_and_adds_an_item(cast: Cast) -> None:
    bob = sign_in("bob@example.org")
    form = {"name": "Mia Brown", "born": aged(5).isoformat(), "authority": "parent"}
    check = text(bob.post("/acting/new/", form))
    assert "I am a parent of Mia Brown" in check
    bob.post("/acting/new/", form | {"confirmed": "yes"})
    ward = proxies.wards(cast.bob)[0]
    assert "Act for Mia Brown" in text(bob.get("/acting/"))

    bob.post(f"/acting/{ward.patient_id}/")
    bob.post("/records/new/condition/", {"name": "Hay fever", "status": "active"})
    assert "Hay fever" in text(bob.get("/records/"))
