"""A patient takes back what she shared, and has it in writing."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from accounts.actors import Actor
from sharing.services import granting
from tests.browser import kept
from tests.browser.conftest import Arrive
from tests.browser.visitor import Visitor
from tests.cast import ALL, join

pytestmark = pytest.mark.browser
NAMES = {True: ("alice", "bob"), False: ("alicia", "rob")}


@pytest.fixture(scope="module", autouse=True)
def people() -> None:
    """Two patients, each sharing everything with a doctor of her own."""
    for name, doctor in NAMES.values():
        patient = kept.patient(
            f"{name}@example.org", name.title(), kept.three_things(), kept.scan()
        )
        grant_id = granting.grant(patient, f"{doctor}@example.org", scope=ALL)
        granting.accept(Actor.session(join(f"{doctor}@example.org").pk), grant_id)


@pytest.mark.parametrize("script", [True, False])
def test_one_press_ends_it_and_leaves_a_receipt(
    arrive: Arrive, sweep: Callable[[], None], tmp_path: Path, script: bool
) -> None:
    name, doctor = NAMES[script]
    bob, addresses = given_her_doctor_has_her_record_open(arrive, name, doctor, script=script)
    alice = arrive(script=script)
    alice.sign_in(f"{name}@example.org")
    when_she_takes_it_back(alice, doctor)
    then_his_very_next_request_is_refused(bob, addresses)
    then_the_receipt_names_what_he_saw_and_copied(alice, doctor)
    then_a_letter_about_copies_is_ready(alice, doctor)
    when_he_answers_for_his_copies(bob, name.title())
    then_she_reads_his_answer(alice)
    sweep()
    then_the_log_tells_it_in_words(alice, doctor)
    then_the_log_can_be_taken_along(alice, doctor, tmp_path / "log.csv")


def given_her_doctor_has_her_record_open(
    arrive: Arrive, name: str, doctor: str, *, script: bool
) -> tuple[Visitor, list[str]]:
    bob = arrive(script=script)
    if script:
        bob.page.clock.install()
    bob.sign_in(f"{doctor}@example.org")
    bob.open("/shared/")
    bob.follow(name.title())
    addresses = [bob.page.url]
    bob.follow("CT HEAD")
    with bob.page.expect_download() as download:
        bob.page.get_by_role("link", name="Download the original file").click()
    addresses += [bob.page.url, download.value.url]
    addresses.append(str(bob.page.locator(".app-picture img").evaluate("image => image.src")))
    return bob, addresses


def when_she_takes_it_back(alice: Visitor, doctor: str) -> None:
    alice.follow("Sharing")
    alice.press(f"Stop sharing with {doctor}@example.org")
    alice.reads("Sharing has ended. They can open nothing more with it.")


def then_his_very_next_request_is_refused(bob: Visitor, addresses: list[str]) -> None:
    if bob.script:
        then_his_open_page_empties_itself(bob)
    for address in addresses:
        bob.is_refused(address)
    bob.open("/shared/")
    bob.reads("Nobody shares with you at the moment")


def then_his_open_page_empties_itself(bob: Visitor) -> None:
    """Within fifteen seconds; his browser's clock is moved on instead of waiting."""
    bob.page.clock.run_for(15_000)
    bob.is_at("This record is no longer shared with you.")
    bob.misses("CT HEAD")
    expect(bob.page.locator(".app-picture")).to_have_count(0)
    bob.forgive(next(one for one in bob.refusals if one.endswith("/open/")))


def then_the_receipt_names_what_he_saw_and_copied(alice: Visitor, doctor: str) -> None:
    alice.is_at("Receipt")
    alice.reads(f"{doctor}@example.org", "Can see nothing", "You took it back on")
    copied = alice.page.locator("main").inner_text().split("What they copied")[1]
    assert "CT HEAD" in copied.upper()
    assert "Haemoglobin" not in copied
    alice.reads("Haemoglobin: 7.2 mmol/L, first on")


def then_a_letter_about_copies_is_ready(alice: Visitor, doctor: str) -> None:
    alice.reads("No answer yet")
    alice.follow("Ask them to destroy copies")
    alice.reads(f"To: {doctor}@example.org", "1 item was downloaded")


def when_he_answers_for_his_copies(bob: Visitor, patient: str) -> None:
    bob.open("/shared/copies/")
    bob.follow(patient)
    bob.tick("All copies are destroyed")
    bob.press("Send this answer")
    bob.reads("Thank you. The patient reads your answer.")


def then_she_reads_his_answer(alice: Visitor) -> None:
    alice.open("/notices/")
    alice.reads("answered about the copies you asked to be destroyed")
    alice.follow("What they could see")
    alice.reads("All copies are destroyed")


def then_the_log_tells_it_in_words(alice: Visitor, doctor: str) -> None:
    alice.follow("Who has looked")
    who = f"{doctor}@example.org"
    alice.reads(f"{who} looked", f"{who} downloaded a copy", f"{who} tried to open your record")
    alice.misses("You looked")
    alice.follow("Show what I did too")
    alice.reads("You ended somebody's access")
    alice.tick("Only what was refused")
    alice.press("Show")
    alice.misses("downloaded a copy")


def then_the_log_can_be_taken_along(alice: Visitor, doctor: str, path: Path) -> None:
    alice.open("/sharing/log/")
    with alice.page.expect_download() as download:
        alice.page.get_by_role("link", name="Download this list as a table").click()
    download.value.save_as(path)
    rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    assert rows[0] == ["When (UTC)", "Who", "What", "Under", "Allowed", "Items"]
    assert any(row[1].startswith(f"{doctor}@") and row[4] == "no" for row in rows[1:])
