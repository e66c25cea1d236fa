"""Who proves an address has it; an account that was only begun with it ends, and is never hers."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.utils import timezone

from accounts.models import Patient, User
from phr.services import records
from tests.cast import PASSWORD, Cast, user_of
from tests.doors import text, visitor
from tests.raw import as_owner, open_walls
from tests.sharing.test_dependents import opened
from tests.sharing.test_handovers import GUARDED, MIA, Commit, form, named, token

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]


@pytest.fixture(autouse=True)
def looked_at_by_the_owner(cast: Cast) -> None:  # noqa: ARG001 - once there is something
    """What a test reads behind the walls, it reads as the tables' owner."""
    open_walls()


def test_an_account_only_begun_with_her_address_ends_and_is_never_hers(
    cast: Cast, django_capture_on_commit_callbacks: Commit
) -> None:
    patient_id, _ = opened(cast.bob, GUARDED)
    known = "somebody else's long password"
    begun = visitor()
    begun.post("/accounts/signup/", {"email": MIA, "password1": known})
    other = User.objects.get(email=MIA)
    EmailAddress.objects.create(user_id=user_of(cast.carol), email=MIA)
    mail_of_signup = str(mail.outbox[-1].body)
    link = token(named(cast.bob, patient_id, django_capture_on_commit_callbacks))
    taken = visitor().post(f"/claim/{link}/", form(), follow=True)

    assert "whose address nobody confirmed, has ended" in text(taken)
    other.refresh_from_db()
    assert (other.email, other.is_active) == (f"{other.pk}@erased.invalid", False)
    assert not other.has_usable_password()
    with as_owner():
        hers = Patient.objects.get(pk=patient_id).user
    assert (hers.email, hers.pk != other.pk) == (MIA, True)
    assert not hers.check_password(known)
    assert list(EmailAddress.objects.filter(email=MIA).values_list("user", "verified")) == [
        (hers.pk, True)
    ]
    confirm = re.search(r"/accounts/confirm-email/[^\s]+", mail_of_signup)
    assert confirm
    for client in (begun, visitor()):
        client.post(confirm[0], {"password": known})
        client.post("/accounts/login/", {"login": MIA, "password": known})
        assert client.get("/records/").status_code == 302
    (told,) = [one for one in mail.outbox if one.to == ["carol@example.org"]]
    assert "never confirmed it" in str(told.body)
    assert MIA not in str(told.body)
    assert "mia" not in told.subject


@pytest.mark.parametrize("proof", ["verified", "signed in", "staff"])
def test_an_account_that_was_more_than_begun_keeps_its_address(
    cast: Cast, django_capture_on_commit_callbacks: Commit, proof: str
) -> None:
    patient_id, acting = opened(cast.bob, GUARDED)
    link = token(named(cast.bob, patient_id, django_capture_on_commit_callbacks))
    other = User.objects.create_user(MIA, PASSWORD, is_staff=proof == "staff")
    row = EmailAddress.objects.create(user=other, email=MIA, primary=True)
    if proof == "verified":
        assert row.set_verified()
    if proof == "signed in":
        User.objects.filter(pk=other.pk).update(last_login=timezone.now())

    assert "has an account here" in text(visitor().post(f"/claim/{link}/", form()))

    other.refresh_from_db()
    assert other.email == MIA
    assert other.is_active
    assert EmailAddress.objects.filter(user=other, email=MIA).exists()
    assert records.timeline(acting, patient_id).own
