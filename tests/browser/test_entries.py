"""A patient writes down a medicine by hand, makes a mistake, and corrects it."""

import pytest
from playwright.sync_api import expect

from tests.browser import kept
from tests.browser.conftest import Arrive
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
ERIN = "erin.entries@example.org"


@pytest.fixture(scope="module", autouse=True)
def people() -> None:
    kept.patient(ERIN, "Erin Ellis")


def test_she_adds_a_medicine_and_corrects_it(arrive: Arrive) -> None:
    erin = arrive(script=False)
    erin.sign_in(ERIN)
    erin.open("/records/")
    when_she_writes_it_down_without_its_name(erin)
    then_she_is_told_and_nothing_is_lost(erin)
    when_she_gives_its_name(erin, "Metformin 50 mg")
    erin.reads("Saved. It is marked as entered by you.", "Entered by you", "March 2020")
    erin.follow("Correct this item")
    erin.type("What is it called?", "Metformin 500 mg")
    erin.type("Why do you correct it? (optional)", "I left out a nought")
    erin.press("Save the correction")
    erin.is_at("Metformin 500 mg")
    erin.reads("Corrected by you", "I left out a nought")
    erin.follow("Version 1")
    erin.reads("Metformin 50 mg")


def test_the_day_of_her_own_clock_is_filled_in(arrive: Arrive) -> None:
    erin = arrive()
    erin.sign_in(ERIN)
    erin.page.clock.set_fixed_time("2025-03-09T12:00:00Z")
    erin.open("/records/new/measurement/")
    for label, value in (("Day", "9"), ("Month", "3"), ("Year", "2025")):
        expect(erin.page.get_by_label(label, exact=True)).to_have_value(value)


def when_she_writes_it_down_without_its_name(visitor: Visitor) -> None:
    visitor.follow("Add something by hand")
    visitor.is_at("What do you want to add?")
    visitor.follow("A medicine")
    visitor.page.get_by_label("Month").first.fill("3")
    visitor.page.get_by_label("Year").first.fill("2020")
    visitor.press("Save")


def then_she_is_told_and_nothing_is_lost(visitor: Visitor) -> None:
    visitor.reads("There is a problem", "What is it called? Enter an answer.")
    expect(visitor.page.get_by_label("Year").first).to_have_value("2020")


def when_she_gives_its_name(visitor: Visitor, name: str) -> None:
    visitor.type("What is it called?", name)
    visitor.press("Save")
