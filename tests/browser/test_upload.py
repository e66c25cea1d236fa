"""A patient brings her files in, with a real worker and beat at work behind the pages."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from tests.browser import kept
from tests.browser.conftest import Arrive
from tests.browser.portal import Portal
from tests.browser.visitor import Visitor
from tests.worlds import files

pytestmark = pytest.mark.browser
PEOPLE = ("alice", "alicia", "bella", "bertha", "celia", "dora", "edith", "flora")


@pytest.fixture(scope="module", autouse=True)
def people_and_worker(ground: Portal) -> Iterator[None]:
    for name in PEOPLE:
        kept.patient(f"{name}@example.org", name.title())
    with ground.worker():
        yield


def given_she_is_at_the_upload_page(arrive: Arrive, name: str, *, script: bool) -> Visitor:
    visitor = arrive(script=script)
    visitor.sign_in(f"{name}@example.org")
    visitor.follow("Upload")
    visitor.is_at("Upload records")
    return visitor


def folder_of(tmp_path: Path) -> list[Path]:
    """Files as they lie on her desk."""
    named = {
        "results.json": kept.three_things(),
        "scan.dcm": kept.scan(),
        "photo.jpg": files.picture("JPEG"),
        "letter.pdf": files.pdf(),
    }
    for name, data in named.items():
        (tmp_path / name).write_bytes(data)
    return [tmp_path / name for name in named]


def when_she_sends(visitor: Visitor, *paths: Path) -> None:
    visitor.page.get_by_label("Choose files").set_input_files(list(paths))
    visitor.page.get_by_role("button", name="Upload", exact=True).click()
    if visitor.script and len(paths) == 1:
        visitor.page.wait_for_url(re.compile("/records/upload/[0-9a-f-]{36}/$"))


def when_she_says_yes(visitor: Visitor, count: int = 1) -> None:
    """She reads what would be added, and presses the button; one for all where there are several."""
    asked = visitor.page.get_by_role("button", name="Add to my record")
    if visitor.script:
        expect(visitor.page.locator(".app-upload")).not_to_have_count(0, timeout=30_000)
    else:
        for _ in range(60):
            visitor.page.goto("/records/upload/")
            if asked.count() == count:
                break
            visitor.page.wait_for_timeout(500)
    expect(asked).to_have_count(count, timeout=30_000)
    if count > 1:
        visitor.page.goto("/records/upload/")
    visitor.reads("Please check")
    visitor.look()
    visitor.page.get_by_role("button", name="Add ").first.click()


def then_every_file_is_done(visitor: Visitor, count: int) -> None:
    """Each file's box says so by itself where script runs; else she asks again."""
    done = visitor.page.locator(".app-upload").get_by_text("Done", exact=True)
    if not visitor.script:
        for _ in range(60):
            visitor.page.goto("/records/upload/")
            if done.count() == count:
                break
            visitor.page.wait_for_timeout(500)
    expect(done).to_have_count(count, timeout=30_000)
    visitor.look()


@pytest.mark.parametrize(("script", "name"), [(True, "alice"), (False, "alicia")])
def test_several_files_at_once(arrive: Arrive, tmp_path: Path, script: bool, name: str) -> None:
    alice = given_she_is_at_the_upload_page(arrive, name, script=script)
    when_she_sends(alice, *folder_of(tmp_path))
    when_she_says_yes(alice, 4)
    then_every_file_is_done(alice, 4)
    then_she_sees_her_picture_and_her_scan(alice)


def then_she_sees_her_picture_and_her_scan(visitor: Visitor) -> None:
    for link in ("CT HEAD", "Photo"):
        visitor.open("/records/")
        visitor.page.locator("main").get_by_role(
            "link", name=re.compile(link, re.IGNORECASE)
        ).click()
        visitor.look()
        picture = visitor.page.locator(".app-picture img")
        expect(picture).to_be_visible()
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 30


def test_a_letter_and_what_it_is_on_one_page(arrive: Arrive, tmp_path: Path) -> None:
    flora = given_she_is_at_the_upload_page(arrive, "flora", script=False)
    flora.open("/records/new/document/")
    flora.look()
    letter = tmp_path / "scan 0001.pdf"
    letter.write_bytes(files.pdf("What the heart clinic wrote"))
    flora.page.get_by_label("Choose the file").set_input_files([letter])
    flora.page.get_by_label("What is it?").fill("Letter from the heart clinic")
    flora.page.get_by_label("Year").fill("2023")
    flora.page.get_by_role("button", name="Save").click()
    then_every_file_is_done(flora, 1)
    flora.open("/records/")
    flora.reads("Letter from the heart clinic")


def test_files_dropped_into_the_box(arrive: Arrive, tmp_path: Path) -> None:
    bella = given_she_is_at_the_upload_page(arrive, "bella", script=True)
    bella.misses("MB sent")
    when_she_drops(bella, *folder_of(tmp_path)[:2])
    expect(bella.page.locator(".app-files progress").first).to_be_attached()
    when_she_says_yes(bella, 2)
    then_every_file_is_done(bella, 2)


def slowly(route: Route) -> None:
    time.sleep(0.3)
    route.continue_()


def when_she_drops(visitor: Visitor, *paths: Path) -> None:
    # Held back a little, so that the progress bars can be seen to be there.
    visitor.page.route("**/resumable/", slowly, times=2)
    visitor.page.evaluate(
        """() => {
          const input = document.createElement("input");
          input.type = "file"; input.multiple = true; input.id = "desk";
          document.body.append(input);
        }"""
    )
    visitor.page.locator("#desk").set_input_files(list(paths))
    visitor.page.evaluate(
        """() => {
          const dataTransfer = new DataTransfer();
          for (const file of document.getElementById("desk").files) dataTransfer.items.add(file);
          const box = document.querySelector("[data-drop]");
          for (const name of ["dragenter", "dragover", "drop"])
            box.dispatchEvent(new DragEvent(name, {dataTransfer, bubbles: true, cancelable: true}));
        }"""
    )


@pytest.mark.parametrize(("script", "name"), [(True, "bertha"), (False, "celia")])
def test_a_file_that_cannot_be_used(
    arrive: Arrive, tmp_path: Path, script: bool, name: str
) -> None:
    visitor = given_she_is_at_the_upload_page(arrive, name, script=script)
    when_she_sends(visitor, a_file_with_a_mistake(tmp_path))
    then_she_reads_what_is_wrong_and_where(visitor)
    visitor.press("Delete this file")
    visitor.is_at("Upload records")
    visitor.misses("mistake.json")
    visitor.open("/records/")
    visitor.reads("Your record is empty")


def a_file_with_a_mistake(tmp_path: Path) -> Path:
    broken = kept.haemoglobin()
    del broken["status"]
    path = tmp_path / "mistake.json"
    path.write_bytes(kept.bundle(broken))
    return path


def then_she_reads_what_is_wrong_and_where(visitor: Visitor) -> None:
    sentence = visitor.page.get_by_text("Entry 1, Observation.status is missing.")
    for _ in range(60):
        if visitor.script or sentence.count():
            break
        visitor.page.wait_for_timeout(500)
        visitor.page.goto("/records/upload/")
    expect(sentence).to_be_visible(timeout=30_000)
    visitor.reads("Nothing from it was added to your record.")
    visitor.look()


def test_what_is_there_already_is_not_stored_twice(arrive: Arrive, tmp_path: Path) -> None:
    dora = given_she_is_at_the_upload_page(arrive, "dora", script=True)
    results = folder_of(tmp_path)[0]
    when_she_sends(dora, results)
    when_she_says_yes(dora)
    then_every_file_is_done(dora, 1)
    dora.open("/records/upload/")
    when_she_sends(dora, results)
    when_she_says_yes(dora)
    then_every_file_is_done(dora, 1)
    dora.reads("There was nothing new in this file.", "Already there, not stored again")
    dora.open("/records/")
    expect(dora.page.locator(".app-timeline li")).to_have_count(3)


def test_a_table_of_her_own(arrive: Arrive, tmp_path: Path) -> None:
    """Its columns are asked first; what she answers is what is read."""
    edith = given_she_is_at_the_upload_page(arrive, "edith", script=True)
    table = tmp_path / "weights.csv"
    table.write_text("Date,Weight,Mood\n03/04/2024,72.50,good\n05/04/2024,73,bad\n")
    when_she_sends(edith, table)
    edith.page.get_by_role("link", name="Match the columns").click(timeout=30_000)
    edith.is_at("What is in the columns of your table?")
    edith.look()
    edith.press("Read the table")
    edith.reads("Say whether the day or the month is written first.")
    edith.look()
    edith.page.get_by_label("Mood").select_option(label="A note")
    edith.page.get_by_label("The day first").check()
    edith.press("Read the table")
    when_she_says_yes(edith)
    then_every_file_is_done(edith, 1)
    edith.open("/records/")
    edith.reads("72.5 kg")
