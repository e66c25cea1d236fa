"""Whoever stands by number in other people's rows can leave, whichever table it is."""

from collections import Counter

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import ForeignKey, Model
from django.utils import timezone

from accounts import leaving
from accounts import services as accounts
from accounts.actors import Actor
from accounts.models import Patient, Practitioner, User
from phr.services import remarks
from rights import left
from rights.data_map import entries
from rights.models import Erasure
from rights.models.erasures import Scope
from sharing import leaving as shares
from sharing.models import Authority, Organization, Outcome
from sharing.services import emergencies, requests
from sharing.services.dependents import Draft, open_record
from tests.cast import PURGER, Cast, join, user_of
from tests.phr.test_deliveries import sent
from tests.raw import as_owner, open_walls
from tests.sharing.test_emergencies import Ward
from tests.sharing.test_requests import WISH
from tests.worlds.facilities import opened
from tests.worlds.kept import keep

pytestmark = pytest.mark.django_db(databases=["default", "vault"])
# What is somebody's own goes with her account.
GOES = {
    "account_emailaddress",
    "accounts_consent",
    "accounts_patient",
    "accounts_user_groups",
    "accounts_user_user_permissions",
    "mfa_authenticator",
    "sharing_accessrequest",
    "sharing_notice",
    "sharing_noticechoice",
    "sharing_offer",
    "sharing_practitionerrole",
    "sharing_usage",
    "usersessions_usersession",
}


def naming(about: type[Model]) -> set[str]:
    """Every table with a key to this one."""
    return {
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        if isinstance(field, ForeignKey) and field.related_model is about
    }


def test_of_every_table_it_is_decided_what_becomes_of_it() -> None:
    stays = {model._meta.db_table for model in left.SHELL} - {"accounts_user"}

    assert stays | GOES == naming(User), "say in rights/left.py why it stays, or take it away"
    assert not stays & GOES
    assert all(left.SHELL.values())


def gone(actor: Actor) -> list[str]:
    """Take an account apart as the worker does. Returns what would have it done again for ever."""
    user_id = user_of(actor)
    shares.leave_others(PURGER, user_id)
    leaving.forget_user(PURGER, user_id)
    connection.check_constraints()
    return left.anything(PURGER, Erasure(scope=Scope.ACCOUNT, user_id=user_id))


def test_who_sent_a_file_leaves_a_shell(cast: Cast) -> None:
    sent(cast)
    assert gone(cast.bob) == []
    open_walls()
    with as_owner():
        assert User.objects.get(pk=user_of(cast.bob)).email.endswith("@erased.invalid")


def test_who_wrote_a_note_can_leave(cast: Cast) -> None:
    cast.share()
    keep(cast.alice_id)
    remarks.write_note(cast.bob, cast.alice_id, text="Call me")
    assert gone(cast.bob) == []


def test_who_opened_an_emergency_and_who_closed_it_can_leave(cast: Cast) -> None:
    keep(cast.alice_id)
    ward = Ward(cast)
    ward.open()
    sue = Actor.staff(join("sue@example.org", staff=True).pk)
    emergencies.close(sue, [ward.access().pk], outcome=Outcome.PROPER)

    assert gone(sue) == []
    assert gone(ward.dora) == []


def test_who_founded_a_facility_and_who_verified_it_can_leave(cast: Cast) -> None:
    pk = opened(cast)
    open_walls()
    with as_owner():
        second = Organization.objects.values_list("verified_by_id", flat=True).get(pk=pk)

    for who in (cast.bob, cast.sam, Actor.staff(second)):
        assert gone(who) == []


def test_whoever_opened_a_record_that_a_restore_brought_back_can_leave(cast: Cast) -> None:
    """She could not leave before it was handed over; the backup is from before that."""
    patient_id = open_record(cast.bob, Draft("Mia", timezone.localdate(), Authority.PARENT))
    assert gone(cast.bob) == []
    open_walls()
    with as_owner():
        assert Patient.objects.get(pk=patient_id).opened_by_id == user_of(cast.bob)
        assert not User.objects.get(pk=user_of(cast.bob)).is_active


def test_whom_nobody_names_leaves_nothing() -> None:
    dan = Actor.session(join("dan@example.org").pk)
    assert gone(dan) == []
    assert not User.objects.filter(pk=user_of(dan)).exists()


def test_the_data_map_says_of_each_why_it_stays() -> None:
    said = {entry.name: entry.stays for entry in entries()}
    for model in left.SHELL:
        for field in model._meta.concrete_fields:
            if isinstance(field, ForeignKey) and field.related_model is User:
                assert said[f"{model._meta.label}.{field.name}"], field


def test_who_asked_somebody_to_share_does_not_see_that_she_left(cast: Cast) -> None:
    bob = Practitioner.objects.get(user=cast.bob.user_id)
    accounts.verify_practitioner(cast.sam, bob.pk)
    for address in ("carol@example.org", "nobody@example.org"):
        requests.ask(cast.bob, address, wish=WISH)
    asked = Counter(one.state for one in requests.mine(cast.bob))

    shares.leave_others(PURGER, user_of(cast.carol))

    assert Counter(one.state for one in requests.mine(cast.bob)) == asked
    assert {one.request.email for one in requests.mine(cast.bob)} == {
        "carol@example.org", "nobody@example.org",
    }  # fmt: skip
    assert gone(cast.bob) == [], "what she asked others goes with her"
