"""Strict headers where the matrix does not come: errors of Django's own, static files, third parties."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from pytest_django import Settings

from tests.cast import Cast
from tests.doors import body, give_second_factor, sign_in, text, visitor
from tests.strict import NONCE, laxities
from tests.worlds.shared_record import Shared

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
SAM = "sam@example.org"
# A browser fetches what these name; XML namespaces and plain links fetch nothing.
FETCHED = re.compile(
    r"<(?:script|img|link|iframe|source|video|audio|embed|object|form)\b[^>]*?"
    r"\b(?:src|href|srcset|data|action|poster)=\"([^\"]+)\"",
    re.IGNORECASE,
)
INLINE = re.compile(r"<[^>]+\s(?:style|on\w+)=[\"']|<style\b|<script(?![^>]*\bsrc=)", re.IGNORECASE)


@pytest.mark.parametrize("path", ["/nothing/", "/accounts/", "/records", "/healthz/x", "/%00", "/"])
def test_every_answer_to_a_stranger_is_strict(path: str) -> None:
    assert laxities(visitor().get(path)) == []


def test_an_answer_without_the_forms_token_is_strict() -> None:
    answer = Client(enforce_csrf_checks=True).post("/accounts/login/", {})

    assert answer.status_code == 403
    assert laxities(answer) == []


def test_an_error_is_strict(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.worlds.failing"
    stranger = visitor()
    stranger.raise_request_exception = False
    answer = stranger.get("/fails/")

    assert answer.status_code == 500
    assert laxities(answer) == []


@pytest.mark.usefixtures("cast")
def test_a_list_that_is_not_there_is_told_on_a_page_that_nobody_keeps() -> None:
    answer = sign_in("alice@example.org").get("/.well-known/status-lists/99")

    assert answer.status_code == 404
    assert laxities(answer) == []


def test_an_unknown_host_is_told_nothing() -> None:
    answer = visitor().get("/", headers={"Host": "evil.example"})

    assert answer.status_code == 400
    assert laxities(answer) == []
    assert b"evil" not in body(answer)


def test_the_nonce_is_new_each_time_and_stands_in_the_page() -> None:
    answers = [visitor().get("/") for _ in range(2)]
    nonces = [NONCE.search(one.headers["Content-Security-Policy"]) for one in answers]

    assert nonces[0]
    assert nonces[1]
    assert nonces[0][0] != nonces[1][0]
    assert nonces[0][0].replace("nonce-", 'nonce="') in text(answers[0])


def test_static_files_may_be_kept_and_say_nothing_of_who_asks() -> None:
    sheet = re.search(r'rel="stylesheet" href="([^"]+)"', text(visitor().get("/")))
    assert sheet
    answer = visitor().get(sheet[1])

    assert answer.status_code == 200
    assert "no-store" not in answer.headers["Cache-Control"]
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert not answer.cookies
    answer.close()


def test_a_stranger_who_only_reads_gets_no_cookie() -> None:
    for path in ("/", "/privacy/", "/nothing/"):
        assert not visitor().get(path).cookies, path


def test_one_cookie_and_no_other_from_the_first_page_to_the_last(cast: Cast) -> None:
    del cast
    alice = sign_in("alice@example.org")
    for path in ("/records/", "/records/upload/", "/sharing/new/", "/accounts/2fa/", "/account/"):
        alice.get(path)

    assert set(alice.cookies) == {"session"}
    cookie = alice.cookies["session"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["expires"] == ""


def pages(world: Shared) -> Iterator[tuple[str, str]]:
    ids, patient = world.ids, world.cast.alice_id
    paths = {
        "alice": [
            "/", "/privacy/", "/records/", "/records/upload/", f"/records/{ids['record_id']}/",
            f"/records/{ids['weight_id']}/versions/1/", f"/records/upload/{ids['upload_id']}/",
            "/sharing/", "/sharing/new/", "/sharing/log/", f"/sharing/receipts/{ids['grant_id']}/",
            f"/rights/erase/{ids['record_id']}/", "/account/", "/accounts/2fa/", "/nothing/",
            "/accounts/2fa/totp/activate/", "/accounts/2fa/webauthn/add/", "/accounts/email/",
            "/accounts/sessions/", "/accounts/password/change/", "/accounts/reauthenticate/",
        ],
        "bob": [
            "/shared/", f"/shared/{patient}/", f"/shared/{patient}/{ids['record_id']}/",
            f"/sharing/invitations/{ids['invitation_id']}/", "/welcome/", "/welcome/patient/",
        ],
        "sam": ["/admin/", "/admin/accounts/user/", "/admin/phr/upload/"],
    }  # fmt: skip
    secret = give_second_factor(SAM)
    for name, listed in paths.items():
        browser = sign_in(f"{name}@example.org", secret=secret if name == "sam" else "")
        for path in listed:
            yield path, text(browser.get(path, follow=True))
    for path in ("/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"):
        yield path, text(visitor().get(path))


def test_no_page_asks_anybody_else_for_anything(world: Shared) -> None:
    seen = 0
    for path, page in pages(world):
        for address in FETCHED.findall(page):
            seen += 1
            own = address.startswith(("/", "#", "?", "data:image/", ".")) or "//" not in address
            assert own, f"{path} names {address}"
            assert not address.startswith("//"), f"{path} names {address}"
    assert seen > 100


def test_no_page_carries_style_or_script_that_the_policy_would_refuse(world: Shared) -> None:
    for path, page in pages(world):
        found = [one for one in INLINE.findall(page) if "application/json" not in one]
        plain = [one for one in found if "nonce" not in one]
        scripts = re.findall(r"<script(?![^>]*\bsrc=)([^>]*)>", page)
        data = all("json" in one or "nonce=" in one for one in scripts)
        assert data, f"{path}: {scripts}"
        assert len(plain) <= len(scripts), f"{path}: {plain}"


@pytest.fixture
def world() -> Shared:
    return Shared.enter()
