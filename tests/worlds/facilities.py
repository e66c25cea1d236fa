"""A facility that is open, and its people."""

from dataclasses import replace
from uuid import UUID

from accounts import services as accounts
from accounts.actors import Actor, System
from accounts.models import User
from sharing.models import Regime, Role
from sharing.services import facilities, members, vetting
from sharing.services.facilities import Facts
from tests.cast import Cast, join

DIRECTORY = Actor.job(System.DIRECTORY)
FACTS = Facts(
    name="Riverside Clinic",
    place="Lyon, France",
    identifier="",
    regime=Regime.GDPR,
    policy_url="https://riverside.example/privacy",
    policy_version="2026-01",
)


def professional(who: Actor, name: str) -> UUID:
    """Make somebody a care professional, unverified."""
    return accounts.register_practitioner(
        who, name=name, profession="Doctor", specialty="", licence_number="4711"
    )


def second_staff() -> Actor:
    """Another member of staff."""
    email = "second@example.org"
    known = User.objects.filter(email=email).first()
    return Actor.staff((known or join(email, staff=True)).pk)


def opened(cast: Cast, *, name: str = FACTS.name) -> UUID:
    """A facility of bob's, listed, that two members of staff verified. Returns its id."""
    pk = facilities.register(cast.bob, replace(FACTS, name=name), listed=True)
    vetting.verify(cast.sam, pk)
    vetting.verify(second_staff(), pk)
    return pk


def employ(cast: Cast, organization_id: UUID, email: str, code: Role) -> Actor:
    """Somebody new who works at a facility of bob's, named as her address begins."""
    who = Actor.session(join(email).pk)
    professional(who, email.partition("@")[0])
    role = members.invite(cast.bob, organization_id, email, code=code, ends_at=None)
    members.accept(who, role)
    return who
