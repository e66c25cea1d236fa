"""The staff desk opens to staff who proved a second factor, and is not there for anybody else."""

import pytest
from allauth.mfa.models import Authenticator

from tests.cast import Cast
from tests.doors import code, give_second_factor, sign_in, visitor

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
SAM = "sam@example.org"


def test_a_visitor_is_asked_to_sign_in() -> None:
    answer = visitor().get("/admin/accounts/user/")

    assert answer.status_code == 302
    assert answer.headers["Location"] == "/accounts/login/?next=/admin/accounts/user/"


@pytest.mark.parametrize("path", ["/admin/", "/admin/accounts/user/", "/admin/nothing/"])
def test_it_is_not_there_for_other_people(cast: Cast, path: str) -> None:
    del cast
    answer = sign_in("alice@example.org").get(path)

    assert answer.status_code == 404


def test_staff_without_a_second_factor_are_sent_to_set_one_up(cast: Cast) -> None:
    del cast
    answer = sign_in(SAM).get("/admin/")

    assert answer.status_code == 302
    assert answer.headers["Location"] == "/accounts/2fa/"


def test_staff_who_signed_in_with_it_come_in(cast: Cast) -> None:
    del cast
    client = sign_in(SAM, secret=give_second_factor(SAM))

    assert client.get("/admin/").status_code == 200


def test_a_session_from_before_must_prove_it_first(cast: Cast) -> None:
    del cast
    client = sign_in(SAM)
    secret = give_second_factor(SAM)

    sent = client.get("/admin/accounts/user/?is_staff__exact=1")
    assert sent.status_code == 302
    page, _, after = sent.headers["Location"].partition("?next=")
    assert page == "/accounts/2fa/reauthenticate/"
    back = client.post(
        sent.headers["Location"],
        {"code": code(secret), "next": "/admin/accounts/user/?is_staff__exact=1"},
    )
    assert after
    assert back.headers["Location"] == "/admin/accounts/user/?is_staff__exact=1"
    assert client.get(back.headers["Location"]).status_code == 200


def test_a_proof_by_a_factor_that_was_taken_away_is_worth_nothing(cast: Cast) -> None:
    del cast
    client = sign_in(SAM, secret=give_second_factor(SAM))
    Authenticator.objects.filter(user__email=SAM).delete()
    give_second_factor(SAM)

    answer = client.get("/admin/")

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/2fa/reauthenticate/")


def test_a_recovery_code_is_a_second_factor(cast: Cast) -> None:
    del cast
    client = sign_in(SAM)
    secret = give_second_factor(SAM)
    client.post("/accounts/2fa/reauthenticate/", {"code": code(secret)})
    client.post("/accounts/2fa/recovery-codes/generate/", {})
    shown = client.get("/accounts/2fa/recovery-codes/").content.decode()
    kept = Authenticator.objects.get(user__email=SAM, type="recovery_codes")
    recovery = kept.wrap().get_unused_codes()[0]
    assert recovery in shown

    other = visitor()
    other.post("/accounts/login/", {"login": SAM, "password": "correct horse battery staple"})
    other.post("/accounts/2fa/authenticate/", {"code": recovery})

    assert other.get("/admin/").status_code == 200


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/admin/login/", "/admin/"),
        ("/admin/login/?next=https://elsewhere.example/", "/admin/"),
        ("/admin/logout/", "/accounts/logout/"),
        ("/admin/password_change/", "/accounts/password/change/"),
    ],
)
def test_djangos_own_doors_lead_to_ours(cast: Cast, path: str, leads_to: str) -> None:
    del cast
    client = sign_in(SAM, secret=give_second_factor(SAM))

    assert client.get(path).headers["Location"] == leads_to
