"""A care provider comes by herself; staff look her up and verify her."""

import pytest
from playwright.sync_api import expect

from accounts import services
from accounts.actors import Actor
from sharing.services import granting
from tests.browser import kept
from tests.browser.conftest import Arrive
from tests.browser.test_sign_in import one_time_code, when_she_sets_up_the_app
from tests.browser.visitor import Visitor
from tests.cast import ALL, join

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", autouse=True)
def people() -> None:
    for name in ("bea", "ben"):
        join(f"{name}@example.org")
    join("sam@example.org", staff=True)
    alice = kept.patient("alice@example.org", "Alice Archer", kept.three_things())
    granting.grant(alice, "cleo@example.org", scope=ALL)
    services.register_practitioner(
        Actor.session(join("cleo@example.org").pk),
        name="Dr Cleo Green",
        profession="Doctor",
        specialty="",
        licence_number="GMC 124",
    )


@pytest.mark.parametrize(("script", "name"), [(True, "bea"), (False, "ben")])
def test_she_says_what_she_is(arrive: Arrive, script: bool, name: str) -> None:
    bea = arrive(script=script)
    bea.sign_in(f"{name}@example.org")
    bea.follow("See records that patients share with me")
    bea.press("Continue")
    bea.reads("There is a problem")
    bea.type("Your full name and title", f"Dr {name.title()} Brown")
    bea.type("Your profession", "Doctor")
    bea.type("Your specialty", "Cardiology")
    bea.type("Your licence or registration number", "GMC 123")
    bea.press("Continue")
    bea.is_at("Shared with me")


def test_staff_verify_her_and_patients_see_it(arrive: Arrive) -> None:
    cleo = arrive()
    cleo.sign_in("cleo@example.org")
    cleo.follow("Invitation of")
    cleo.press("Accept")
    alice = arrive()
    alice.sign_in("alice@example.org")
    then_she_is_shown_as(alice, "Unverified")
    sam = given_staff_with_a_second_factor(arrive)
    when_staff_verify(sam, "Dr Cleo Green")
    then_she_is_shown_as(alice, "Verified")


def then_she_is_shown_as(alice: Visitor, tag: str) -> None:
    alice.open("/sharing/")
    alice.reads("Dr Cleo Green, Doctor")
    expect(alice.page.locator(".nhsuk-card .nhsuk-tag").first).to_have_text(tag)


def given_staff_with_a_second_factor(arrive: Arrive) -> Visitor:
    sam = arrive()
    sam.sign_in("sam@example.org")
    sam.page.goto("/admin/")
    sam.misses("Staff desk", "Practitioners")
    secret = when_she_sets_up_the_app(sam)
    sam.press("Sign out")
    sam.sign_in("sam@example.org")
    sam.type("Code", one_time_code(secret))
    sam.press("Sign in", within=sam.page.locator("main"))
    return sam


def when_staff_verify(sam: Visitor, name: str) -> None:
    # Django's own pages: their look is not ours to examine, their working is.
    sam.page.goto("/admin/")
    sam.page.get_by_role("link", name="Practitioners").first.click()
    sam.page.get_by_role("row", name=name).get_by_role("checkbox").check()
    sam.page.locator("select[name=action]").select_option("verify")
    sam.page.get_by_role("button", name="Go").click()
    sam.reads("Verified: 1")
