"""Coming in and staying in: nothing tells who is here, idle sessions end, devices are signed out."""

import re
from base64 import b64decode
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client
from pytest_django import Settings

from accounts import purposes
from accounts.acting import acting_as
from accounts.models import AuditEvent, User
from phr import settings as portal_settings
from sharing.services import listing
from tests.cast import ALL, PASSWORD, SEALER, Cast
from tests.doors import give_second_factor, sign_in, text, visitor

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
STRONG = "violet harbour cutlery 1912"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="\w+"|nonce="[^"]*"')


def story(browser: Client, address: str, **form: str) -> list[tuple[int, str, str]]:
    """Everything a stranger learns from sending a form: statuses, places, and pages."""
    answer: Any = browser.post(address, form, follow=True)
    first: Any = browser.post(address, form)
    said = TOKEN.sub("", text(answer))
    said = said.replace(form.get("email", "no address"), "ADDRESS")
    return [
        (answer.status_code, str(answer.redirect_chain), said),
        (first.status_code, first.headers.get("Location", ""), str(sorted(first.cookies))),
    ]


def test_signing_up_tells_not_who_is_here_already(cast: Cast) -> None:
    del cast
    known = story(visitor(), "/accounts/signup/", email="alice@example.org", password1=STRONG)
    unknown = story(visitor(), "/accounts/signup/", email="zelda@example.org", password1=STRONG)

    assert known == unknown
    assert User.objects.filter(email="zelda@example.org").exists()
    told = {letter.to[0]: letter.body for letter in mail.outbox}
    assert "confirm-email" in told["zelda@example.org"]
    assert "confirm-email" not in told["alice@example.org"]


def test_a_forgotten_password_tells_not_who_is_here(cast: Cast) -> None:
    del cast
    known = story(visitor(), "/accounts/password/reset/", email="alice@example.org")
    unknown = story(visitor(), "/accounts/password/reset/", email="zelda@example.org")

    assert known == unknown


def test_signing_in_tells_not_who_is_here(cast: Cast) -> None:
    del cast
    known = text(
        visitor().post("/accounts/login/", {"login": "alice@example.org", "password": STRONG})
    )
    unknown = text(
        visitor().post("/accounts/login/", {"login": "zelda@example.org", "password": STRONG})
    )

    assert TOKEN.sub("", known).replace("alice", "zelda") == TOKEN.sub("", unknown)


def test_inviting_tells_not_who_is_here(cast: Cast) -> None:
    alice = sign_in("alice@example.org")
    stories = []
    for address in ("carol@example.org", "zelda@example.org"):
        form = {
            "email": address,
            "categories": ["allergies"],
            "may_copy": "no",
            "purpose": "TREAT",
            "confirmed": "yes",
        }
        answer: Any = alice.post("/sharing/new/", form, follow=True)
        page = text(answer).replace(address, "ADDRESS")
        stories.append((answer.redirect_chain, TOKEN.sub("", page).count("ADDRESS")))

    assert [one[0] for one in stories] == [[("/sharing/", 302)]] * 2
    assert stories[1][1] == stories[0][1]
    states = [held.state for held in listing.given(cast.alice)]
    assert states == ["waiting", "waiting"]


def test_an_address_must_be_confirmed_before_the_first_sign_in() -> None:
    browser = visitor()
    browser.post("/accounts/signup/", {"email": "zelda@example.org", "password1": STRONG})
    form = {"login": "zelda@example.org", "password": STRONG}
    assert browser.post("/accounts/login/", form).headers["Location"] == "/accounts/confirm-email/"

    link = re.search(r"http://testserver(/accounts/confirm-email/\S+)", str(mail.outbox[0].body))
    assert link
    assert "This is not the password" in text(browser.post(link[1], follow=True))
    browser.post(link[1], {"password": STRONG})

    other = visitor()
    assert other.post("/accounts/login/", form).headers["Location"] == "/home/"
    assert other.get("/home/").headers["Location"] == "/welcome/"


def test_whoever_begins_an_account_with_the_address_of_another_never_comes_in() -> None:
    """She signs up too, is told the same, and proves the address: not for the first's password."""
    his, hers = {"password": "his own long 5 words"}, {"password": STRONG}
    first = visitor()
    for browser, password in ((first, his), (visitor(), hers)):
        browser.post(
            "/accounts/signup/", {"email": "zelda@example.org", "password1": password["password"]}
        )
    letters = (re.search(r"http://testserver(/accounts/confirm-email/\S+)", str(one.body))
               for one in mail.outbox)  # fmt: skip
    link = next(found[1] for found in letters if found)
    zelda = visitor()
    assert "choose a new password" in text(zelda.post(link, hers, follow=True))
    assert not EmailAddress.objects.get(email="zelda@example.org").verified

    zelda.post("/accounts/password/reset/", {"email": "zelda@example.org"})
    reset = re.search(
        r"http://testserver(/accounts/password/reset/key/\S+)", str(mail.outbox[-1].body)
    )
    assert reset
    form = zelda.get(reset[1]).headers["Location"]
    zelda.post(form, {"password1": STRONG, "password2": STRONG})
    zelda.post(link, hers)

    for path in ("/accounts/confirm-email/", "/accounts/login/", "/home/"):
        first.get(path)
    assert first.get("/home/").headers["Location"].startswith("/accounts/login/")
    for password, place in ((his, None), (hers, "/home/")):
        told = {"login": "zelda@example.org", **password}
        assert visitor().post("/accounts/login/", told).headers.get("Location") == place


def test_nobody_takes_the_address_of_another_into_an_account(
    cast: Cast,  # noqa: ARG001 - carol
) -> None:
    carol = sign_in("carol@example.org")
    carol.post("/accounts/reauthenticate/", {"password": PASSWORD})
    carol.post("/accounts/email/", {"action_add": "", "email": "zelda@example.org"})
    (letter,) = [one for one in mail.outbox if one.to == ["zelda@example.org"]]
    link = re.search(r"http://testserver(/accounts/confirm-email/\S+)", str(letter.body))
    assert link
    visitor().post(link[1], {"password": STRONG})
    assert not EmailAddress.objects.get(email="zelda@example.org").verified
    carol.post(link[1])
    assert EmailAddress.objects.get(email="zelda@example.org").verified


@pytest.mark.parametrize(
    "weak", ["short1A!", "password123456", "alice@example.org1", "111111111111"]
)
def test_a_guessable_password_is_refused(weak: str) -> None:
    answer = visitor().post("/accounts/signup/", {"email": "alice@example.org", "password1": weak})

    assert answer.status_code == 200
    assert "There is a problem" in text(answer)
    assert not User.objects.filter(email="alice@example.org").exists()


def test_passwords_are_kept_with_argon2(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = portal_settings.PASSWORD_HASHERS
    user = User.objects.create_user("zelda@example.org", PASSWORD)

    assert user.password.startswith("argon2$argon2id$")


def test_an_idle_session_ends_and_a_polling_page_does_not_keep_it(
    cast: Cast, settings: Settings
) -> None:
    del cast
    alice = sign_in("alice@example.org")
    assert alice.get("/records/").status_code == 200
    _age(alice, settings.PHR_IDLE_MINUTES * 60 - 5)
    alice.get("/records/", headers={"X-Background": "1"})
    _age(alice, 10)

    answer = alice.get("/records/")

    assert answer.headers["Location"] == "/accounts/login/?next=/records/"


def test_an_active_session_stays(cast: Cast, settings: Settings) -> None:
    del cast
    alice = sign_in("alice@example.org")
    alice.get("/records/")
    _age(alice, settings.PHR_IDLE_MINUTES * 60 - 5)
    assert alice.get("/records/").status_code == 200
    _age(alice, 10)

    assert alice.get("/records/").status_code == 200


def _age(browser: Client, seconds: int) -> None:
    """Let the session be this much older."""
    session = browser.session
    session["seen_at"] -= seconds
    session.save()


def test_signing_out_everywhere_else_leaves_this_device_alone(cast: Cast) -> None:
    del cast
    phone, laptop = sign_in("alice@example.org"), sign_in("alice@example.org")
    assert phone.get("/records/").status_code == 200
    page = text(laptop.get("/accounts/sessions/"))
    assert "sign" in page.lower()

    laptop.post("/accounts/sessions/")

    assert laptop.get("/records/").status_code == 200
    assert phone.get("/records/").status_code == 302


def test_signing_out_everywhere_ends_this_session_too(cast: Cast) -> None:
    del cast
    phone, laptop = sign_in("alice@example.org"), sign_in("alice@example.org")
    phone.get("/records/")

    laptop.post("/account/sign-out-everywhere/")

    assert laptop.get("/records/").status_code == 302
    assert phone.get("/records/").status_code == 302


def test_the_secret_of_an_authenticator_app_is_sealed(cast: Cast) -> None:
    del cast
    secret = give_second_factor("alice@example.org")
    kept = Authenticator.objects.get(user__email="alice@example.org").data["secret"]

    assert secret not in kept
    assert secret.encode() not in b64decode(kept)
    assert sign_in("alice@example.org", secret=secret).get("/records/").status_code == 200


def test_the_password_alone_does_not_pass_the_second_step(cast: Cast) -> None:
    del cast
    give_second_factor("alice@example.org")
    browser = visitor()
    browser.post("/accounts/login/", {"login": "alice@example.org", "password": PASSWORD})
    wrong = browser.post("/accounts/2fa/authenticate/", {"code": "000000"})

    assert wrong.status_code == 200
    assert browser.get("/records/").status_code == 302


def test_signing_in_and_failing_to_are_written_down_without_what_was_typed(cast: Cast) -> None:
    sign_in("alice@example.org")
    visitor().post("/accounts/login/", {"login": "alice@example.org", "password": "hunter2"})

    with acting_as(SEALER):
        events = list(AuditEvent.objects.filter(action="sign-in").order_by("at"))
    assert [event.outcome for event in events] == ["success", "denied"]
    assert events[0].actor_id == cast.alice.user_id
    assert events[1].actor_id is None


def test_a_person_begins_a_record_and_a_professional_says_who_she_is(cast: Cast) -> None:
    del cast
    bob = sign_in("bob@example.org")
    assert "There is a problem" in text(bob.post("/welcome/patient/", {"name": ""} | {"x": "y"}))
    form = {"name": "Bob Brown", "agrees": "on"}
    form["sha256"] = purposes.current(purposes.Purpose.KEEP).sha256
    assert bob.post("/welcome/patient/", form).headers["Location"] == "/records/"
    assert bob.get("/records/").status_code == 200

    carol = sign_in("carol@example.org")
    form = {"name": "Carol", "profession": "Nurse", "licence_number": "1"}
    assert carol.post("/welcome/professional/", form).headers["Location"] == "/shared/"
    assert carol.get("/shared/").status_code == 200


def test_after_signing_out_nothing_opens(cast: Cast) -> None:
    cast.share(ALL)
    bob = sign_in("bob@example.org")
    assert bob.get(f"/shared/{cast.alice_id}/").status_code == 200

    bob.post("/accounts/logout/")

    assert bob.get(f"/shared/{cast.alice_id}/").status_code == 302
