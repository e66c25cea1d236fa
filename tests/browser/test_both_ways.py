"""A doctor asks for access and sends a file in; a clinic uses a drop-box; the patient decides."""

import pytest
from playwright.sync_api import FilePayload

from accounts import services as accounts
from accounts.actors import Actor
from accounts.models import Practitioner, User
from phr.services import deliveries, imports, uploads
from sharing.services import links, listing, requests
from tests.browser import kept
from tests.browser.conftest import Arrive
from tests.browser.visitor import Visitor
from tests.cast import IMPORTER, join
from tests.phr.test_deliveries import FILE
from tests.worlds.facilities import professional

pytestmark = pytest.mark.browser
LAB: FilePayload = {"name": "lab.json", "mimeType": "application/json", "buffer": FILE}


@pytest.fixture(scope="module", autouse=True)
def people() -> None:
    kept.patient("alice@example.org", "Alice Archer", kept.three_things())
    bob = Actor.session(join("bob@example.org").pk)
    professional(bob, "Dr Bob Brown")
    staff = Actor.staff(join("sam@example.org", staff=True).pk)
    accounts.verify_practitioner(staff, Practitioner.objects.get(user=bob.user_id).pk)


def session(name: str) -> Actor:
    return Actor.session(User.objects.get(email=f"{name}@example.org").pk)


def arrives(arrive: Arrive, name: str, *, script: bool = False) -> Visitor:
    visitor = arrive(script=script)
    visitor.sign_in(f"{name}@example.org")
    return visitor


def test_a_doctor_asks_is_let_in_sends_a_file_and_asks_for_a_correction(arrive: Arrive) -> None:
    bob, alice = arrives(arrive, "bob"), arrives(arrive, "alice")
    when_he_asks(bob)
    when_she_lets_him_look_and_send(alice)
    when_he_sends_a_file(bob)
    then_she_accepts_what_she_asked_for(alice)
    when_he_asks_for_a_correction(bob)
    then_she_answers(alice)
    bob.open("/shared/sent/")
    bob.reads("lab.json", "Accepted", "Granted")


def when_he_asks(bob: Visitor) -> None:
    bob.open("/shared/")
    bob.follow("Ask a patient for access")
    bob.press("Ask")
    bob.reads("There is a problem")
    bob.type("The patient's email address", "alice@example.org")
    bob.type("Why do you ask?", "You come on Monday.")
    wanted = bob.page.get_by_role("group", name="What would you like to see?")
    wanted.get_by_label("Vital signs").check()
    wanted.get_by_label("Test results").check()
    bob.press("Ask")
    bob.reads("If somebody here has this address, they see your request and decide.")


def when_she_lets_him_look_and_send(alice: Visitor) -> None:
    alice.open("/sharing/")
    alice.follow("Requests for access")
    alice.follow("Dr Bob Brown")
    alice.reads("You come on Monday.")
    alice.follow("Choose what to share")
    alice.page.get_by_text("Let them send you records, or pass this on").click()
    sent = alice.page.get_by_role("group", name="What may they send you?")
    sent.get_by_label("Test results").check()
    alice.press("Continue")
    alice.is_at("Check before you share")
    alice.reads("They may send")
    alice.press("Share now")
    alice.reads("Shared with Dr Bob Brown.")


def when_he_sends_a_file(bob: Visitor) -> None:
    bob.open("/shared/")
    bob.reads("New")
    bob.follow("Send records to Alice Archer")
    bob.page.get_by_label("Files").set_input_files([LAB])
    bob.press("Send")
    bob.reads("Sent. It waits until the patient accepts it.")
    (one,) = deliveries.sent(session("bob"))
    imports.import_upload(IMPORTER, one.delivery.pk)


def then_she_accepts_what_she_asked_for(alice: Visitor) -> None:
    alice.open("/records/upload/")
    alice.reads("Sent by Dr Bob Brown", "You did not ask for all of this.")
    alice.press("Add to my record")
    (one,) = deliveries.sent(session("bob"))
    imports.import_upload(IMPORTER, one.delivery.pk)
    alice.open("/records/")
    alice.follow("Glucose")
    alice.reads("that Dr Bob Brown sent you")


def when_he_asks_for_a_correction(bob: Visitor) -> None:
    bob.open("/shared/")
    bob.follow("Alice Archer")
    bob.follow("Glucose")
    bob.follow("Ask for a correction")
    bob.type("What is wrong, and what should it say?", "It was 4.5")
    bob.press("Send to the patient")
    bob.reads("It was 4.5")


def then_she_answers(alice: Visitor) -> None:
    alice.open("/sharing/remarks/")
    alice.reads("It was 4.5")
    alice.press("It stays as it is")
    alice.reads("Left as it is")


def test_a_clinic_uses_a_drop_box(arrive: Arrive) -> None:
    alice = arrives(arrive, "alice", script=True)
    alice.open("/sharing/links/")
    alice.follow("Make a drop-box link")
    alice.type("Who is it for?", "Hut clinic")
    alice.tick("No, whoever has the link can use it")
    alice.press("Continue")
    alice.is_at("Check before you share")
    alice.reads("They will see nothing of your record")
    alice.press("Make the link")
    alice.is_at("Link for Hut clinic")
    made = listing.given(session("alice"))[0].grant.pk
    path = "/drop/" + links.one(session("alice"), made).url.split("/drop/")[1]
    clinic = arrive(script=True)
    clinic.open(path)
    clinic.type("Your name", "Nurse Ida")
    clinic.press("Continue")
    clinic.is_at("Send records to Alice Archer")
    clinic.page.get_by_label("Files").set_input_files([LAB])
    clinic.press("Send")
    clinic.is_at("Sent")
    assert requests.waiting(session("alice")) == []
    assert uploads.uploads(session("alice"))[0].sender
