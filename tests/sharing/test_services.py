"""Giving, accepting and taking back."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.acting import acting_as
from accounts.actors import Actor, Denied, System
from accounts.models import Patient
from phr.models import Record
from phr.services import foresight, records
from sharing import policy
from sharing.models import Grant
from sharing.policy import Action
from sharing.scopes import Scope
from sharing.services import granting, listing, replaying
from sharing.services.recipients import Recipient
from tests import raw
from tests.cast import ALL, ORDINARY, Cast, join, put_in
from tests.worlds.facilities import opened
from tests.worlds.files import picture

pytestmark = pytest.mark.django_db(databases=["default", "vault"])


def epoch(cast: Cast) -> int:
    with acting_as(cast.alice):
        return Patient.objects.get(pk=cast.alice_id).access_epoch


def test_giving_and_taking_back_move_the_access_epoch(cast: Cast) -> None:
    before = epoch(cast)

    grant_id = cast.share()
    given = epoch(cast)
    granting.revoke(cast.alice, grant_id)

    assert before < given < epoch(cast)


def test_an_invitation_gives_nothing_until_it_is_accepted(cast: Cast) -> None:
    put_in(cast.alice, picture("PNG"), "card.png")
    granting.grant(cast.alice, "bob@example.org", scope=ALL)

    with pytest.raises(Denied):
        records.timeline(cast.bob, cast.alice_id)


def test_only_the_owner_of_the_address_can_accept(cast: Cast) -> None:
    grant_id = granting.grant(cast.alice, "bob@example.org", scope=ALL)

    with pytest.raises(Denied):
        granting.accept(cast.carol, grant_id)


def test_an_accepted_invitation_cannot_be_used_again(cast: Cast) -> None:
    grant_id = cast.share()
    again = Actor.session(join("bob.two@example.org").pk)

    for actor in (cast.bob, again):
        with pytest.raises(Denied):
            granting.accept(actor, grant_id)


def test_a_withdrawn_invitation_cannot_be_accepted(cast: Cast) -> None:
    grant_id = granting.grant(cast.alice, "bob@example.org", scope=ALL)
    granting.revoke(cast.alice, grant_id)

    with pytest.raises(Denied):
        granting.accept(cast.bob, grant_id)


def test_an_invitation_runs_out(cast: Cast, settings: Settings) -> None:
    settings.PHR_INVITATION_DAYS = 0
    grant_id = granting.grant(cast.alice, "bob@example.org", scope=ALL)

    with pytest.raises(Denied):
        granting.accept(cast.bob, grant_id)

    assert [held.state for held in listing.given(cast.alice)] == ["expired"]


def test_an_end_date_ends_access(cast: Cast) -> None:
    put_in(cast.alice, picture("PNG"), "card.png")
    past = timezone.now() - timedelta(seconds=1)
    grant_id = granting.grant(
        cast.alice,
        "bob@example.org",
        scope=Scope(ALL.categories, ALL.labels, may_copy=True, ends_at=past),
    )

    with pytest.raises(Denied):
        granting.accept(cast.bob, grant_id)


def test_nobody_else_can_revoke(cast: Cast) -> None:
    grant_id = cast.share()

    for actor in (cast.bob, cast.carol, cast.sam, Actor()):
        with pytest.raises(Denied):
            granting.revoke(actor, grant_id)


def test_revoking_twice_changes_nothing(cast: Cast) -> None:
    grant_id = cast.share()
    granting.revoke(cast.alice, grant_id)
    with acting_as(cast.alice):
        first = Grant.objects.get(pk=grant_id).revoked_at

    granting.revoke(cast.alice, grant_id)

    with acting_as(cast.alice):
        assert Grant.objects.get(pk=grant_id).revoked_at == first


def test_one_cannot_share_with_oneself(cast: Cast) -> None:
    with pytest.raises(granting.Refused, match="own address"):
        granting.grant(cast.alice, "Alice@example.org", scope=ALL)


def test_invitations_in_a_day_are_bounded(cast: Cast, settings: Settings) -> None:
    settings.PHR_INVITATIONS_A_DAY = 2
    for name in ("one", "two"):
        granting.grant(cast.alice, f"{name}@example.org", scope=ORDINARY)

    with pytest.raises(granting.Refused, match="2 invitations"):
        granting.grant(cast.alice, "three@example.org", scope=ORDINARY)
    clinic = Recipient(organization_id=opened(cast))
    for _ in range(8):
        granting.grant(cast.alice, clinic, scope=ORDINARY)
    with pytest.raises(granting.Refused, match="very often"):
        granting.grant(cast.alice, clinic, scope=ORDINARY)


def test_what_they_would_see_is_what_they_see(cast: Cast) -> None:
    put_in(cast.alice, picture("PNG"), "card.png")
    for scope in (ALL, ORDINARY):
        count = foresight.would_see(cast.alice, scope).count
        cast.share(scope)

        assert len(records.timeline(cast.bob, cast.alice_id).items) == count

        for held in listing.given(cast.alice):
            granting.revoke(cast.alice, held.grant.pk)
        if scope is ALL:
            assert count > 0


def test_grounds_for_looking_are_no_grounds_for_copying(cast: Cast) -> None:
    with acting_as(cast.alice, about=cast.alice_id):
        looking = policy.grounds(cast.alice, Action.READ, cast.alice_id)

        with pytest.raises(ValueError, match="another question"):
            policy.records(
                cast.alice, Action.COPY, Record.objects.all(), cast.alice_id, known=looking
            )


def test_a_revocation_that_a_backup_undid_is_made_again(cast: Cast) -> None:
    grant_id = cast.share()
    other = cast.share(ORDINARY)
    granting.revoke(cast.alice, grant_id)
    raw.open_walls()
    with raw.as_owner():
        Grant.objects.filter(pk=grant_id).update(revoked_at=None)
    reconciler = Actor.job(System.RECONCILE)

    assert replaying.replay_revocations(reconciler) == 1
    assert replaying.replay_revocations(reconciler) == 0
    assert [held.grant.pk for held in listing.shared(cast.bob).open] == [other]
