"""A facility comes, its people come, a patient shares with it, and somebody of it is suspended."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.actors import Actor
from accounts.models import User
from sharing.models import Role
from sharing.services import facilities, members
from tests.browser import kept
from tests.browser.conftest import Arrive
from tests.browser.visitor import Visitor
from tests.cast import join
from tests.worlds.facilities import FACTS, check, professional

pytestmark = pytest.mark.browser
PDF = {"name": "baa.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 signed"}


@pytest.fixture(scope="module", autouse=True)
def people() -> None:
    """Everybody, and a facility of fern's that is open, with an invitation for nina."""
    kept.patient("alice@example.org", "Alice Archer", kept.three_things())
    for name in ("fay", "fern", "nina", "oscar"):
        join(f"{name}@example.org")
        professional(session(name), f"Dr {name.title()} Field")
    pk = facilities.register(session("fern"), FACTS, listed=True)
    for name in ("sam", "una"):
        check(Actor.staff(join(f"{name}@example.org", staff=True).pk), pk)
    for name, code in (("nina", Role.NURSE), ("oscar", Role.ON_CALL)):
        role = members.invite(session("fern"), pk, f"{name}@example.org", code=code, ends_at=None)
    members.accept(session("oscar"), role)


def session(name: str) -> Actor:
    return Actor.session(User.objects.get(email=f"{name}@example.org").pk)


def arrives(arrive: Arrive, name: str, *, script: bool = True) -> Visitor:
    visitor = arrive(script=script)
    visitor.sign_in(f"{name}@example.org")
    return visitor


def test_a_professional_registers_a_facility_and_invites_its_people(arrive: Arrive) -> None:
    fay = arrives(arrive, "fay")
    when_she_registers_a_facility(fay)
    when_she_adds_an_agreement(fay)
    when_she_invites(fay, "dora", "Nurse")


def test_a_patient_shares_with_a_facility_until_its_nurse_is_suspended(arrive: Arrive) -> None:
    nina = arrives(arrive, "nina", script=False)
    nina.open("/facilities/")
    nina.follow("Invitation to Riverside Clinic")
    nina.press("Accept")
    nina.reads("You belong to Riverside Clinic now.", "Verified")
    alice = arrives(arrive, "alice", script=False)
    when_a_patient_finds_it_and_shares(alice)
    then_its_people_see_her_record(nina)
    fern = arrives(arrive, "fern")
    when_she_suspends_a_nurse(fern)
    then_the_nurse_sees_nothing(nina)


def test_an_administrator_keeps_the_roster_and_announces_the_end(arrive: Arrive) -> None:
    fern = arrives(arrive, "fern")
    fern.open("/facilities/")
    fern.follow("Riverside Clinic")
    when_she_puts_him_on_call(fern)
    fern.follow("Manage")
    when_she_closes_the_account(fern)


def when_she_registers_a_facility(fay: Visitor) -> None:
    fay.follow("Facilities")
    fay.reads("You belong to no facility here")
    fay.follow("Register a practice, hospital or other facility")
    fay.type("Name of the facility", "Hilltop Practice")
    fay.type("Place", "Portland, United States")
    fay.type("Its number in a public register", "1234567890")
    fay.tick("United States: HIPAA")
    fay.type("Address of its privacy policy", "https://riverside.example/privacy")
    fay.type("Version of the policy", "2026-01")
    fay.tick("Patients may find the facility in the directory")
    fay.press("Register")
    fay.reads("This is not an NPI: check the ten digits.")
    fay.type("Its number in a public register", "1234567893")
    fay.press("Register")
    fay.is_at("Hilltop Practice")
    fay.reads("Unverified", "Our staff have not checked the facility yet.")


def when_she_adds_an_agreement(fay: Visitor) -> None:
    fay.follow("Add an agreement")
    fay.tick("Business associate agreement (HIPAA)")
    fay.type("Its version", "3")
    fay.type("Signed on", "2026-01-31")
    fay.page.get_by_label("The signed document").set_input_files(PDF)  # type: ignore[arg-type]
    fay.press("Add")
    fay.reads("version 3", "Signed on 31 January 2026", "Our staff have not read it yet.")


def when_she_invites(fay: Visitor, name: str, role: str) -> None:
    fay.follow("Invite somebody")
    fay.type("Their email address", f"{name}@example.org")
    fay.tick(role)
    fay.press("Send the invitation")
    fay.reads(f"{name}@example.org", "Has not accepted yet")


def when_she_puts_him_on_call(fay: Visitor) -> None:
    fay.follow("Who is on call")
    fay.page.get_by_label("Who is on call?").select_option(label="Dr Oscar Field")
    start = timezone.now() + timedelta(hours=2)
    fay.type("From", f"{start:%Y-%m-%dT%H:%M}")
    fay.type("Until", f"{start + timedelta(hours=10):%Y-%m-%dT%H:%M}")
    fay.press("Add")
    fay.reads("Added to the roster.", "Dr Oscar Field")


def when_a_patient_finds_it_and_shares(alice: Visitor) -> None:
    alice.follow("Sharing")
    alice.follow("Share my records")
    alice.follow("A professional or a facility from our directory")
    alice.type("Name, place or specialty", "nowhere")
    alice.press("Search")
    alice.reads("We found nobody")
    alice.type("Name, place or specialty", "lyon clinic")
    alice.press("Search")
    alice.follow("Riverside Clinic")
    alice.reads(
        "Verified",
        "General Data Protection Regulation",
        "Version 2026-01",
        "We know of none.",
        "1 person, nobody on call within the next 24 hours.",
    )
    alice.follow("Share with this facility")
    alice.is_at("Share your records with Riverside Clinic")
    alice.press("Continue")
    alice.reads("Riverside Clinic, Lyon, France", "General Data Protection Regulation")
    alice.press("Share now")
    alice.reads("Shared with Riverside Clinic.", "Riverside Clinic, Facility")


def then_its_people_see_her_record(nina: Visitor) -> None:
    nina.follow("Shared with me")
    nina.follow("Alice Archer")
    nina.reads("Haemoglobin")


def when_she_suspends_a_nurse(fay: Visitor) -> None:
    fay.open("/facilities/")
    fay.follow("Riverside Clinic")
    fay.follow("Dr Nina Field")
    fay.press("Suspend")
    fay.reads("Suspended. They see nothing of the facility from now on.")


def then_the_nurse_sees_nothing(nina: Visitor) -> None:
    nina.is_refused(nina.path)
    nina.open("/shared/")
    nina.reads("Nobody shares with you at the moment")


def when_she_closes_the_account(fay: Visitor) -> None:
    fay.follow("Close the account")
    fay.type("Last day", f"{timezone.now().date() + timedelta(days=40):%Y-%m-%d}")
    fay.tick("I know that this cannot be taken back, and that every patient is told")
    fay.press("Announce this day")
    fay.reads("The account closes on")
