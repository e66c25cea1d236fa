"""Who reaches something of alice's with what opens a link, or with her emergency card."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from accounts.acting import acting_as
from accounts.actors import Actor
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.models import Attestation, Grant, PractitionerRole, Role
from sharing.scopes import Scope
from sharing.services import emergencies, granting, links, members
from sharing.services.emergencies import Plan
from tests.cast import Cast
from tests.doors import give_second_factor
from tests.raw import as_owner
from tests.worlds.facilities import employ, opened, professional

PLAN = Plan((Category.LABORATORY,), (Sensitivity.N,))
Act = Callable[[Actor, UUID], object]


def linked(cast: Cast, scope: Scope, *, then: Act | None = None) -> Actor:
    """Lee, who opened a link with its passcode; `then` is what alice does to it."""
    week = replace(scope, ends_at=timezone.now() + timedelta(days=7))
    made = links.make(cast.alice, "Lee", scope=week)
    secret = links.one(cast.alice, made.grant_id).url.partition("/link/")[2].partition("/")[0]
    lee = links.opened(Actor(), secret, recipient="Lee", passcode=made.passcode)
    if then:
        then(cast.alice, made.grant_id)
    return lee


def helped(cast: Cast, *, then: Act | None = None) -> Actor:
    """Dora, a clinician who opened the record with the card; `then` is what alice does to it."""
    facility = opened(cast)
    dora = employ(cast, facility, "dora@example.org", Role.CLINICIAN)
    give_second_factor("dora@example.org")
    emergencies.arm(cast.alice, PLAN)
    plan = emergencies.plan(cast.alice)
    assert plan
    why = "Found unconscious"
    emergencies.break_glass(dora, plan.typed, organization_id=facility, reason=why)
    if then:
        with acting_as(cast.alice):
            given = Grant.objects.get(path="emergency").pk
        then(cast.alice, given)
    return dora


def four_hours_later(_at: object) -> None:
    """The permission is over; for a test whose walls are open."""
    with as_owner():
        Grant.objects.filter(path="emergency").update(ends_at=timezone.now())


def left(cast: Cast) -> Actor:
    """Dora, who opened it and works at the facility no more."""
    dora = helped(cast)
    with acting_as(cast.bob):
        role = PractitionerRole.objects.get(user=dora.user_id).pk
    members.end(cast.bob, role)
    return dora


def without_code(cast: Cast) -> Actor:
    """Dora, who works there; alice's card is on."""
    dora = employ(cast, opened(cast), "dora@example.org", Role.CLINICIAN)
    give_second_factor("dora@example.org")
    emergencies.arm(cast.alice, PLAN)
    return dora


def over(cast: Cast, scope: Scope) -> None:
    """A link, what was asked about its copies, and an emergency, all over.

    At a facility of carol's: bob sees what he holds, and nothing that he administers.
    """
    week = replace(scope, ends_at=timezone.now() + timedelta(days=7))
    ended = links.make(cast.alice, "Dr Lee", scope=week).grant_id
    granting.revoke(cast.alice, ended)
    with acting_as(cast.alice):
        Attestation.objects.create(
            grant_id=ended, patient_id=cast.alice_id, grantee_id=cast.carol.user_id,
            name_sealed=b"sealed", due_at=timezone.now(),
        )  # fmt: skip
    professional(cast.carol, "Carol Clark")
    helped(replace(cast, bob=cast.carol), then=granting.revoke)
