"""A facility that is open, and its people."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from accounts import directory
from accounts import services as accounts
from accounts.actors import Actor, System
from accounts.models import User
from sharing.models import AgreementKind, Regime, Role
from sharing.services import agreements, facilities, members, rosters, vetting
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


def check(staff: Actor, organization_id: UUID) -> bool:
    """A member of staff reads what a facility says, and finds it true."""
    seen = vetting.read(staff, organization_id).digest
    return vetting.verify(staff, organization_id, seen=seen)


def opened(cast: Cast, *, name: str = FACTS.name) -> UUID:
    """A facility of bob's, listed, that two members of staff verified. Returns its id."""
    pk = facilities.register(cast.bob, replace(FACTS, name=name), listed=True)
    check(cast.sam, pk)
    check(second_staff(), pk)
    return pk


def employ(cast: Cast, organization_id: UUID, email: str, code: Role) -> Actor:
    """Somebody new who works at a facility of bob's, named as her address begins."""
    who = Actor.session(join(email).pk)
    professional(who, email.partition("@")[0])
    role = members.invite(cast.bob, organization_id, email, code=code, ends_at=None)
    members.accept(who, role)
    return who


def founded(cast: Cast) -> dict[str, UUID]:
    """A facility with one of everything that addresses can name; bob in the directory.

    Lou is a nurse there, rob is on call, and carol is invited to administer it.
    """
    pk, today = opened(cast), timezone.now()
    roles = {}
    for name, code in (("lou", Role.NURSE), ("rob", Role.ON_CALL)):
        email = f"{name}@example.org"
        roles[name] = members.invite(cast.bob, pk, email, code=code, ends_at=None)
        members.accept(Actor.session(User.objects.get(email=email).pk), roles[name])
    invited = members.invite(
        cast.bob, pk, "carol@example.org", code=Role.ADMINISTRATOR, ends_at=None
    )
    bobs = professional(cast.bob, "")
    accounts.verify_practitioner(cast.sam, bobs)
    directory.keep_entry(cast.bob, place="Lyon", listed=True)
    return {
        "organization_id": pk,
        "role_id": roles["lou"],
        "role_invitation_id": invited,
        "practitioner_id": bobs,
        "shift_id": rosters.add(
            cast.bob, pk, roles["rob"], starts_at=today, ends_at=today + timedelta(hours=9)
        ),
        "agreement_id": agreements.add(
            cast.bob, pk, kind=AgreementKind.BAA, version="1", signed_on=today.date(),
            ends_on=None, document=b"%PDF-1.7",
        ),
    }  # fmt: skip
