"""Passing on: the same to one other person, no wider, no longer, no further, and hers to end."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from accounts import ledger
from accounts.acting import acting_as, note
from accounts.actors import Actor, Denied, System
from accounts.ledger import Kind
from sharing import policy
from sharing.leaving import leave_others
from sharing.models import Grant, Notice, NoticeKind
from sharing.policy import Action
from sharing.services import (
    attestations,
    ending,
    granting,
    listing,
    notices,
    passing_on,
    replaying,
    statuses,
)  # fmt: skip
from sharing.services.recipients import Refused
from tests.cast import ALL, ORDINARY, PURGER, Cast, join, user_of
from tests.raw import as_owner, open_walls
from tests.sharing.test_statuses import told_of
from tests.worlds.kept import keep

pytestmark = pytest.mark.django_db(databases=["default", "vault"])
LATER = timezone.now() + timedelta(days=10)
ON = replace(ORDINARY, may_reshare=True, ends_at=LATER)


def rose() -> Actor:
    return Actor.session(join("rose@example.org").pk)


def passed(cast: Cast, to: Actor) -> tuple[UUID, UUID]:
    above = cast.share(ON)
    fresh = passing_on.pass_on(
        cast.bob, above, email="Rose@example.org", ends_at=LATER + timedelta(days=9)
    )
    granting.accept(to, fresh)
    return above, fresh


def reaches(actor: Actor) -> bool:
    with acting_as(actor):
        return policy.patients(actor, Action.READ).exists()


def test_it_covers_the_same_ends_with_it_and_goes_no_further(cast: Cast) -> None:
    to = rose()
    above, fresh = passed(cast, to)

    with acting_as(cast.alice):
        one, other = Grant.objects.get(pk=above), Grant.objects.get(pk=fresh)
        for field in ("categories", "labels", "types", "tags", "records", "besides", "may_copy"):
            assert getattr(one, field) == getattr(other, field)
        assert (other.ends_at, other.may_reshare, other.via_id) == (LATER, False, above)
        assert [row.kind for row in Notice.objects.filter(kind="passed-on")] == ["passed-on"]
    assert reaches(to)
    with pytest.raises(Denied):
        passing_on.pass_on(to, fresh, email="mary@example.org")
    assert [one.email for one in passing_on.mine(cast.bob)] == ["rose@example.org"]


@pytest.mark.parametrize("which", ["above", "fresh"])
def test_she_ends_either(cast: Cast, which: str) -> None:
    to = rose()
    above, fresh = passed(cast, to)
    assert {held.grant.pk for held in listing.given(cast.alice)} == {above, fresh}

    granting.revoke(cast.alice, above if which == "above" else fresh)

    assert not reaches(to)
    assert reaches(cast.bob) == (which == "fresh")


def test_only_who_may_passes_on(cast: Cast) -> None:
    for scope in (ALL, ORDINARY):
        with pytest.raises(Denied):
            passing_on.pass_on(cast.bob, cast.share(scope), email="rose@example.org")
    above = cast.share(ON)
    with pytest.raises(Denied):
        passing_on.pass_on(cast.carol, above, email="rose@example.org")
    with pytest.raises(Refused):
        passing_on.pass_on(cast.bob, above, email="bob@example.org")
    granting.pause(cast.alice, above)
    with pytest.raises(Denied):
        passing_on.pass_on(cast.bob, above, email="rose@example.org")


def test_the_database_passes_nothing_on_for_others(cast: Cast) -> None:
    may, may_not = cast.share(ON), cast.share(ALL)
    for actor, above in ((cast.carol, may), (cast.bob, may_not), (cast.alice, may)):
        with acting_as(actor), connection.cursor() as cursor:
            cursor.execute(
                "SELECT phr_pass_on(%s, %s, 'r@example.org', NULL, now(), 99999)", [above, uuid4()]
            )
            assert cursor.fetchone() == (None,)


ENDS: dict[str, Callable[[Cast, UUID], object]] = {
    "taken back": lambda cast, above: granting.revoke(cast.alice, above),
    "changed": lambda cast, above: granting.change(cast.alice, above, scope=ON),
    "who passed it on left": lambda cast, _: leave_others(PURGER, user_of(cast.bob)),
}


@pytest.mark.parametrize("how", ENDS)
def test_what_was_passed_on_ends_asked_about_and_told(cast: Cast, how: str) -> None:
    to = rose()
    above, fresh = passed(cast, to)
    with acting_as(to):
        items = [keep(cast.alice_id).pk]
        note("copy", patient_id=cast.alice_id, records=items, basis=f"grant:{fresh}")

    ENDS[how](cast, above)

    (asked,) = attestations.asked_of_me(to)
    assert asked.row.grant_id == fresh
    assert {told.kind for told in notices.mine(to)} == {NoticeKind.ENDED, NoticeKind.DESTROY}
    assert ledger.token(Kind.REVOCATION, str(fresh)) in ledger.latest(Kind.REVOCATION)
    statuses.sign_due(Actor.job(System.MAIL))
    assert told_of(cast, fresh) == 1


def test_the_list_says_valid_of_what_rests_and_ended_of_what_came_to_its_last_day(
    cast: Cast,
) -> None:
    above, fresh = passed(cast, rose())
    granting.pause(cast.alice, above)
    past = cast.share(ON)
    open_walls()
    with as_owner():
        Grant.objects.filter(pk=past).update(ends_at=timezone.now())

    statuses.sign_due(Actor.job(System.MAIL))
    assert [told_of(cast, one) for one in (above, fresh, past)] == [0, 0, 1]


def test_a_restore_ends_again_what_was_passed_on(cast: Cast) -> None:
    above, fresh = passed(cast, rose())
    ledger.remember(Kind.REVOCATION, str(above))

    replaying.replay_revocations(Actor.job(System.RECONCILE))

    with acting_as(cast.alice):
        assert Grant.objects.get(pk=fresh).revoked_at


def test_what_was_left_over_from_an_ended_permission_ends_and_shows_so(cast: Cast) -> None:
    to = rose()
    above, fresh = passed(cast, to)
    open_walls()
    with as_owner():
        Grant.objects.filter(pk=above).update(revoked_at=timezone.now())
    assert not reaches(to)

    assert ending.end_left_over(PURGER) == 1
    assert ending.end_left_over(PURGER) == 0

    assert {one.grant.pk: one.state for one in listing.given(cast.alice)}[fresh] == "revoked"
    assert next(one.kind for one in notices.mine(to)) is NoticeKind.ENDED


def test_who_passes_on_a_lot_takes_nothing_from_what_she_may_send(
    cast: Cast, settings: Settings
) -> None:
    settings.PHR_INVITATIONS_A_DAY = 3
    above = cast.share(ON)
    for number in range(3):
        passing_on.pass_on(cast.bob, above, email=f"rose{number}@example.org")
    granting.grant(cast.alice, "carol@example.org", scope=ORDINARY)
    granting.grant(cast.alice, "rose@example.org", scope=ORDINARY)
    with pytest.raises(Refused, match="in one day"):
        granting.grant(cast.alice, "sam@example.org", scope=ORDINARY)
