"""What lets a person in, once taken away, is in the ledger, and is taken away again by a replay."""

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.contrib.auth.hashers import make_password
from django.core import mail
from django.utils import timezone

from accounts import credentials, ledger
from accounts.actors import Actor, System
from accounts.ledger import Kind
from accounts.models import User
from tests.cast import PASSWORD, Cast, user_of
from tests.doors import give_second_factor, sign_in, visitor

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
JOB = Actor.job(System.RECONCILE)
NEW = "another staple entirely, really"


def test_a_changed_password_is_noted_before_it_is_changed(cast: Cast) -> None:
    form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    sign_in("alice@example.org").post("/accounts/password/change/", form)

    (entry,) = ledger.entries(Kind.PASSWORD)
    assert entry.token == ledger.token(Kind.PASSWORD, str(user_of(cast.alice)))
    assert not ledger.latest(Kind.PASSWORD, since=timezone.now() + timedelta(minutes=1))


def test_every_way_of_deleting_a_factor_or_an_address_is_noted(cast: Cast) -> None:
    give_second_factor("alice@example.org")
    Authenticator.objects.filter(user_id=user_of(cast.alice)).delete()
    EmailAddress.objects.get(email="bob@example.org").delete()

    assert len(ledger.entries(Kind.AUTHENTICATOR)) == 1
    subject = f"{user_of(cast.bob)}|bob@example.org"
    assert list(ledger.latest(Kind.ADDRESS)) == [ledger.token(Kind.ADDRESS, subject)]


def test_a_recovery_code_that_was_used_takes_the_others_with_it(cast: Cast) -> None:
    codes = RecoveryCodes.activate(User.objects.get(pk=user_of(cast.alice)))
    codes.mark_as_viewed()
    codes.instance.record_usage()
    assert not ledger.entries(Kind.AUTHENTICATOR)

    assert codes.validate_code(codes.get_unused_codes()[0])

    assert credentials.replay(JOB, since=timezone.now() + timedelta(hours=1)) == 0
    assert credentials.replay(JOB) == 1
    assert not Authenticator.objects.filter(user_id=user_of(cast.alice)).exists()
    assert credentials.replay(JOB) == 0


def test_a_replay_takes_away_what_is_there_and_only_from_whom_it_was_taken(cast: Cast) -> None:
    credentials.remember_password(user_of(cast.alice))
    assert credentials.replay(JOB, since=timezone.now() + timedelta(hours=1)) == 0

    assert credentials.replay(JOB) == 1
    assert credentials.replay(JOB) == 0
    assert not User.objects.get(pk=user_of(cast.alice)).has_usable_password()
    assert User.objects.get(pk=user_of(cast.bob)).check_password(PASSWORD)


def test_whose_password_was_taken_away_gets_a_new_one_by_mail(cast: Cast) -> None:
    User.objects.filter(pk=user_of(cast.alice)).update(password=make_password(None))
    visitor().post("/accounts/password/reset/", {"email": "alice@example.org"})
    (letter,) = mail.outbox
    found = re.search(r"http://testserver(/accounts/password/reset/key/\S+)", str(letter.body))
    assert found
    browser = visitor()
    form = browser.get(found[1], follow=True).redirect_chain[-1][0]

    browser.post(form, {"password1": NEW, "password2": NEW})

    assert User.objects.get(pk=user_of(cast.alice)).check_password(NEW)


def test_another_proved_address_takes_the_place_of_the_removed_one(cast: Cast) -> None:
    user = User.objects.get(pk=user_of(cast.alice))
    EmailAddress.objects.create(user=user, email="second@example.org", verified=True)
    ledger.remember(Kind.ADDRESS, f"{user.pk}|alice@example.org")

    assert credentials.replay(JOB) == 1
    assert User.objects.get(pk=user.pk).email == "second@example.org"
