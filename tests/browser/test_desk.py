"""Staff say that a facility is what it says, and look at what was opened in an emergency."""

import pytest

from accounts.actors import Actor
from accounts.models import User
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.models import Role
from sharing.services import emergencies, facilities, members
from tests.browser import kept
from tests.browser.conftest import Arrive
from tests.browser.visitor import Visitor
from tests.cast import join
from tests.doors import code, give_second_factor
from tests.worlds.facilities import FACTS, check, professional

pytestmark = pytest.mark.browser
IDA, FRED, NORA, TIM, ULLA = (
    f"{name}.desk@example.org" for name in ("ida", "fred", "nora", "tim", "ulla")
)
WHY = "Unconscious after a fall; we need to know about allergies."


@pytest.fixture(scope="module", autouse=True)
def people() -> None:
    """Fred's facility, which one of two members of staff looked at; nora works there as a nurse."""
    ida = kept.patient(IDA, "Ida Imhof", kept.three_things())
    emergencies.arm(ida, emergencies.Plan((Category.ALLERGIES,), (Sensitivity.N,)))
    fred, nora = (Actor.session(join(email).pk) for email in (FRED, NORA))
    professional(fred, "Dr Fred Frei")
    professional(nora, "Nora Nau")
    facility = facilities.register(fred, FACTS)
    members.accept(nora, members.invite(fred, facility, NORA, code=Role.NURSE, ends_at=None))
    check(Actor.staff(join(TIM, staff=True).pk), facility)
    join(ULLA, staff=True)


def proved(arrive: Arrive, email: str) -> Visitor:
    """Signed in with a second factor that was set up before."""
    secret, visitor = give_second_factor(email), arrive()
    visitor.sign_in(email)
    visitor.type("Code", code(secret))
    visitor.press("Sign in", within=visitor.page.locator("main"))
    return visitor


def test_two_of_staff_verify_and_an_emergency_is_looked_at(arrive: Arrive) -> None:
    ulla = proved(arrive, ULLA)
    ulla.open("/admin/")
    when_she_chooses(ulla, "organization", FACTS.name)
    ulla.reads("one of two members of staff agreed", "tim.desk@example.org")
    ulla.press("It is what it says: verify")
    ulla.reads("verified", "ulla.desk@example.org")
    nora = proved(arrive, NORA)
    when_a_nurse_opens_a_record(nora)
    then_staff_say_what_it_was(ulla)


def when_she_chooses(ulla: Visitor, what: str, name: str = "") -> None:
    ulla.open(f"/admin/sharing/{what}/")
    ulla.page.locator("#result_list tbody a", has_text=name).first.click()
    ulla.look()


def when_a_nurse_opens_a_record(nora: Visitor) -> None:
    card = emergencies.plan(Actor.session(User.objects.get(email=IDA).pk))
    assert card
    nora.open("/facilities/")
    nora.follow("Open a record in an emergency")
    nora.type("Code on the emergency card", card.typed.lower())
    nora.press("Open the record")
    nora.reads("There is a problem")
    nora.type("What is the emergency?", WHY)
    nora.press("Open the record")
    nora.is_at("Ida Imhof")
    nora.reads("penicillin")
    nora.misses("Haemoglobin")
    nora.open("/shared/")
    nora.reads("In an emergency")


def then_staff_say_what_it_was(ulla: Visitor) -> None:
    when_she_chooses(ulla, "emergencyaccess")
    ulla.reads(WHY)
    ulla.misses("Ida", "penicillin")
    ulla.press("It was an emergency")
    ulla.reads("It was an emergency")
