"""The record of somebody without an account goes at the word of who decides for her."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from accounts import keys
from accounts.actors import Denied
from accounts.models import Patient, User
from phr.services import records
from rights import saga
from rights.models import Erasure
from rights.services import erasures
from sharing.models import Authority, Grant
from sharing.scopes import Scope
from sharing.services import granting, handovers
from sharing.services.dependents import Draft
from sharing.services.recipients import ActsFor, Recipient
from tests.cast import ALL, PURGER, Cast, user_of
from tests.doors import sign_in, text
from tests.raw import as_owner, open_walls
from tests.sharing.test_dependents import opened
from tests.worlds.kept import keep

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
WEEK = timedelta(days=7)


def test_nothing_of_it_is_left_nor_of_the_placeholder(cast: Cast) -> None:
    patient_id, acting = opened(cast.bob)
    keep(patient_id)
    scope = Scope(ALL.categories, ALL.labels, may_copy=True, ends_at=timezone.now() + WEEK)
    granting.grant(acting, "carol@example.org", scope=scope)
    open_walls()
    with as_owner():
        placeholder = Patient.objects.get(pk=patient_id).user_id
    bob = sign_in("bob@example.org")
    bob.post(f"/acting/{patient_id}/")
    assert "Delete this whole record" in text(bob.get("/sharing/"))
    assert "Delete the whole record of Mia Archer?" in text(bob.get("/rights/delete/dependent/"))
    page = bob.post("/rights/delete/dependent/", follow=True)
    assert "Hidden from everyone" in text(page)
    assert "You act for" not in text(page)

    for actor in (acting, cast.bob):
        with pytest.raises(Denied):
            records.timeline(actor, patient_id)
    assert handovers.opened(cast.bob) == []
    with as_owner():
        erasure_id = Erasure.objects.get(patient_id=patient_id).pk
    saga.carry_on(PURGER, erasure_id)
    with as_owner():
        assert Erasure.objects.get(pk=erasure_id).purged_at
        assert not Patient.objects.filter(pk=patient_id).exists()
        assert not Grant.objects.filter(patient_id=patient_id).exists()
        assert not User.objects.filter(pk=placeholder).exists()
        assert User.objects.filter(pk=user_of(cast.bob), is_active=True).exists()
    assert not keys.has_key(patient_id)


def test_who_opened_one_cannot_leave_it_to_nobody(cast: Cast) -> None:
    _, acting = opened(cast.alice, Draft("Old Sam", cast_birth(), Authority.GUARDIAN))
    with pytest.raises(erasures.Refused, match="Hand it over or delete it first"):
        erasures.erase_everything(cast.alice, account=True, undo_hours=0)
    erasures.erase_dependent(acting)
    assert erasures.erase_everything(cast.alice, account=True, undo_hours=0)


def cast_birth() -> date:
    return timezone.localdate() - timedelta(days=365 * 80)


def test_who_has_left_opens_none_any_more(cast: Cast) -> None:
    erasures.erase_everything(cast.bob, account=True, undo_hours=1)
    with pytest.raises(Denied):
        opened(cast.bob)


def test_nobody_else_erases_it_and_nobody_erases_another_by_it(cast: Cast) -> None:
    proxy = Recipient("bob@example.org", ActsFor(Authority.CHOSEN, may_manage=True))
    granting.accept(cast.bob, granting.grant(cast.alice, proxy, scope=ALL))
    patient_id, acting = opened(cast.bob)
    others = acting.session(acting.user_id or patient_id, acting_for=cast.alice_id)
    for actor in (cast.alice, cast.bob, others):
        with pytest.raises(Denied):
            erasures.erase_dependent(actor)
    assert records.timeline(acting, patient_id).own
