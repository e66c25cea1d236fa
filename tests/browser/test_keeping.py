"""What a patient does with a permission that she gave, and what she and others choose about."""

import pytest
from playwright.sync_api import expect

from accounts import services as accounts
from accounts.actors import Actor
from accounts.models import Practitioner
from sharing.services import granting
from tests.browser import kept
from tests.browser.conftest import Arrive
from tests.browser.visitor import Visitor
from tests.cast import ORDINARY, join
from tests.worlds.facilities import professional

pytestmark = pytest.mark.browser
KATE, DOCTOR, LISA = (f"{one}.keeping@example.org" for one in ("kate", "doctor", "lisa"))


@pytest.fixture(scope="module", autouse=True)
def people() -> None:
    """Kate shares with a doctor; lisa, a professional, was verified."""
    kate = kept.patient(KATE, "Kate Keller", kept.three_things())
    shared = granting.grant(kate, DOCTOR, scope=ORDINARY)
    granting.accept(Actor.session(join(DOCTOR).pk), shared)
    lisa = Actor.session(join(LISA).pk)
    professional(lisa, "Dr Lisa Lang")
    staff = Actor.staff(join("staff.keeping@example.org", staff=True).pk)
    accounts.verify_practitioner(staff, Practitioner.objects.get(user=lisa.user_id).pk)


def arrives(arrive: Arrive, email: str) -> Visitor:
    visitor = arrive(script=False)
    visitor.sign_in(email)
    return visitor


def test_she_looks_as_they_do_pauses_changes_and_stops_everything(arrive: Arrive) -> None:
    kate = arrives(arrive, KATE)
    kate.follow("Sharing")
    kate.follow("See it as they do")
    kate.reads("Haemoglobin")
    kate.misses("Depressive")
    kate.open("/sharing/")
    kate.press("Pause")
    kate.reads("They see nothing until you go on.")
    kate.press("Go on sharing")
    kate.reads("They can look now")
    when_she_leaves_out_allergies(kate)
    kate.follow("Stop everything at once")
    kate.reads(DOCTOR)
    kate.press("Stop all sharing")
    kate.open("/sharing/")
    kate.reads("You share with nobody", "Over")
    then_the_receipt_is_a_paper_too(kate)


def when_she_leaves_out_allergies(kate: Visitor) -> None:
    kate.follow("Change what they see")
    kate.untick("Allergies")
    kate.press("Continue")
    kate.is_at("Check before you share")
    kate.press("Share now")
    kate.reads("Changed. What you chose before has ended.")


def then_the_receipt_is_a_paper_too(kate: Visitor) -> None:
    kate.follow("Receipt")
    kate.reads(DOCTOR, "Can see nothing", "What you agreed to")
    with kate.page.expect_download() as download:
        kate.page.get_by_role("link", name="Download this receipt (PDF)").click()
    assert download.value.path().read_bytes().startswith(b"%PDF-")
    kate.follow("Everything they could see")
    kate.is_at("What they could see")
    kate.reads("Haemoglobin", "What you added after the end is left out.")


def test_she_chooses_what_comes_by_email(arrive: Arrive) -> None:
    kate = arrives(arrive, KATE)
    kate.follow("Notices")
    kate.reads("accepted what you share.")
    kate.press("Mark all as read")
    kate.misses("New")
    kate.follow("Choose what also comes by email")
    kate.untick("A link was opened")
    kate.press("Keep this")
    kate.open("/notices/choices/")
    expect(kate.page.get_by_label("A link was opened")).not_to_be_checked()


def test_a_professional_lets_herself_be_found(arrive: Arrive) -> None:
    lisa = arrives(arrive, LISA)
    lisa.open("/facilities/")
    lisa.follow("Your entry in the directory")
    lisa.type("Where you work", "Basel, Switzerland")
    lisa.tick("Patients may find me in the directory and share with me")
    lisa.press("Save")
    lisa.open("/directory/")
    lisa.type("Name, place or specialty", "basel")
    lisa.press("Search")
    lisa.reads("Dr Lisa Lang", "Basel, Switzerland")
