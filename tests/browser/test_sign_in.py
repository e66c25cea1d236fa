"""Coming back: with a password, an app, a recovery code or a passkey; and leaving everywhere."""

import base64
import hashlib
import hmac
import struct
import time

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Arrive
from tests.browser.visitor import Visitor
from tests.cast import join

pytestmark = pytest.mark.browser
both = pytest.mark.parametrize("script", [True, False])


@pytest.fixture(scope="module", autouse=True)
def people() -> None:
    for name in ("alice", "bob", "carol", "dana", "erin", "frank"):
        join(f"{name}@example.org")


@both
def test_she_signs_in_and_out(arrive: Arrive, script: bool) -> None:
    alice = arrive(script=script)
    when_she_mistypes_her_password(alice)
    then_she_is_told_without_a_hint(alice)
    alice.sign_in_by_hand("alice@example.org")
    then_she_is_in(alice)
    alice.press("Sign out")
    then_her_pages_are_closed(alice)


def when_she_mistypes_her_password(alice: Visitor) -> None:
    alice.sign_in_by_hand("alice@example.org", "not my password")


def then_she_is_told_without_a_hint(alice: Visitor) -> None:
    alice.reads("There is a problem", "The email address and/or password you specified are not")


def then_she_is_in(alice: Visitor) -> None:
    alice.is_at("Welcome")


def then_her_pages_are_closed(alice: Visitor) -> None:
    alice.is_at("Your health records, in your hands")
    alice.open("/account/")
    alice.is_at("Sign in")


@pytest.mark.parametrize(("script", "email"), [(True, "bob"), (False, "carol")])
def test_she_adds_an_app_and_gets_in_with_it_or_with_a_recovery_code(
    arrive: Arrive, script: bool, email: str
) -> None:
    who = f"{email}@example.org"
    at_home = arrive(script=script)
    at_home.sign_in_by_hand(who)
    secret = when_she_sets_up_the_app(at_home)
    codes = then_she_is_shown_recovery_codes(at_home)
    elsewhere = arrive(script=script)
    when_she_types_the_code_of(elsewhere, who, "000000")
    elsewhere.reads("Incorrect code")
    when_she_types_the_code(elsewhere, one_time_code(secret))
    then_she_is_in(elsewhere)
    elsewhere.press("Sign out")
    when_she_types_the_code_of(elsewhere, who, codes[0])
    then_she_is_in(elsewhere)


def when_she_sets_up_the_app(visitor: Visitor) -> str:
    visitor.open("/account/")
    visitor.follow("Signing in more safely")
    visitor.follow("Set up an authenticator app")
    visitor.prove()
    secret = visitor.page.locator(".app-mono").inner_text()
    visitor.type("Authenticator code", one_time_code(secret))
    visitor.press("Turn it on")
    return secret


def then_she_is_shown_recovery_codes(visitor: Visitor) -> list[str]:
    visitor.is_at("Recovery codes")
    codes = visitor.page.locator(".app-codes li").all_inner_texts()
    assert len(codes) == 10
    return codes


def when_she_types_the_code_of(visitor: Visitor, email: str, code: str) -> None:
    visitor.sign_in_by_hand(email)
    visitor.is_at("One more step")
    when_she_types_the_code(visitor, code)


def when_she_types_the_code(visitor: Visitor, code: str) -> None:
    visitor.type("Code", code)
    visitor.press("Sign in", within=visitor.page.locator("main"))


def one_time_code(secret: str) -> str:
    """What an authenticator app shows now (RFC 6238)."""
    key = base64.b32decode(secret)
    counter = struct.pack(">Q", int(time.time()) // 30)
    digest = hmac.new(key, counter, hashlib.sha1).digest()
    start = digest[-1] & 0xF
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def test_she_adds_a_passkey_and_signs_in_without_a_password(arrive: Arrive) -> None:
    dana = arrive()
    given_a_device_with_a_fingerprint_reader(dana)
    dana.sign_in_by_hand("dana@example.org")
    when_she_adds_a_passkey(dana)
    dana.press("Sign out")
    dana.open("/accounts/login/")
    dana.page.get_by_role("button", name="Sign in with a passkey").click()
    then_she_is_in(dana)


def given_a_device_with_a_fingerprint_reader(visitor: Visitor) -> None:
    reader = visitor.context.new_cdp_session(visitor.page)
    reader.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    reader.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def when_she_adds_a_passkey(visitor: Visitor) -> None:
    visitor.open("/account/")
    visitor.follow("Signing in more safely")
    visitor.follow("Add a passkey or security key")
    visitor.prove()
    visitor.type("Name", "My phone")
    visitor.tick("Let me sign in with it without a password")
    visitor.page.get_by_role("button", name="Continue").click()
    visitor.is_at("Recovery codes")
    visitor.open("/accounts/2fa/webauthn/")
    visitor.reads("My phone", "Passkey")


@pytest.mark.parametrize(("script", "email"), [(True, "erin"), (False, "frank")])
def test_she_signs_out_elsewhere_and_everywhere(arrive: Arrive, script: bool, email: str) -> None:
    phone, desk = arrive(script=script), arrive(script=script)
    for device in (phone, desk):
        device.sign_in_by_hand(f"{email}@example.org")
    desk.open("/account/")
    desk.follow("Signed-in devices")
    expect(desk.page.locator("dt")).to_have_count(2)
    desk.press("Sign out everywhere else")
    then_only_this_device_is_left(desk, phone)
    phone.sign_in_by_hand(f"{email}@example.org")
    phone.open("/account/")
    phone.follow("Signed-in devices")
    phone.press("Sign out everywhere, here too")
    for device in (phone, desk):
        device.open("/account/")
        device.is_at("Sign in")


def then_only_this_device_is_left(desk: Visitor, phone: Visitor) -> None:
    desk.open("/accounts/sessions/")
    expect(desk.page.locator("dt")).to_have_count(1)
    phone.open("/account/")
    phone.is_at("Sign in")
