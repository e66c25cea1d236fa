"""A patient takes everything with her, and reads it without the portal and without the internet."""

import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import kept
from tests.browser.conftest import Arrive, GrowOld
from tests.browser.visitor import AXE, EXAMINE, Visitor

pytestmark = pytest.mark.browser
Sweep = Callable[[], Any]


@pytest.fixture(scope="module", autouse=True)
def people() -> None:
    for name in ("alice", "bella"):
        kept.patient(f"{name}@example.org", name.title(), kept.three_things(), kept.scan())


def given_she_asked_for_the_file(arrive: Arrive) -> Visitor:
    visitor = arrive(script=True)
    visitor.sign_in("alice@example.org")
    visitor.open("/rights/export/")
    visitor.is_at("Download all your data")
    visitor.press("Make the file")
    visitor.reads("We begin in a moment.")
    return visitor


def test_she_takes_it_and_reads_it_offline(
    arrive: Arrive, sweep: Sweep, grow_old: GrowOld, browser: Browser, tmp_path: Path
) -> None:
    alice = given_she_asked_for_the_file(arrive)
    sweep()
    # The page says so by itself.
    expect(alice.page.get_by_text("Your file is ready to download.")).to_be_visible()
    alice.look()
    told = alice.page.locator("dd", has_text=re.compile(r"^[0-9a-f]{64}$")).inner_text()
    grow_old()
    alice.follow("Download")
    alice.prove()
    with alice.page.expect_download() as download:
        alice.page.get_by_role("link", name="Download", exact=True).click()
    download.value.save_as(tmp_path / "all.zip")

    assert sha256((tmp_path / "all.zip").read_bytes()).hexdigest() == told
    with ZipFile(tmp_path / "all.zip") as archive:
        archive.extractall(tmp_path / "unpacked")
    then_it_reads_offline(browser, tmp_path / "unpacked" / "index.html")


def then_it_reads_offline(browser: Browser, index: Path) -> None:
    context = browser.new_context(offline=True, viewport={"width": 390, "height": 844})
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.goto(index.as_uri())
    page.get_by_role("link", name="Scans and images").click()
    expect(page.locator("main")).to_contain_text(re.compile("CT HEAD", re.IGNORECASE))
    page.evaluate(AXE)
    assert page.evaluate(EXAMINE) == []
    page.get_by_role("link", name="Back to the overview").click()
    page.evaluate(AXE)
    assert page.evaluate(EXAMINE) == []
    assert all(url.startswith("file:") for url in asked)
    context.close()


def test_without_script_she_chooses_a_part_asks_again_and_ends_it(
    arrive: Arrive, sweep: Sweep
) -> None:
    bella = arrive(script=False)
    bella.sign_in("bella@example.org")
    bella.open("/rights/export/")
    bella.follow("Download a part")
    bella.is_at("Download a part of your record")
    bella.press("Continue")
    bella.reads("Choose at least one thing, or download everything.")
    bella.page.get_by_label("Scans and images").check()
    bella.press("Continue")
    bella.is_at("Check what goes into the file")
    bella.reads("Kinds: Scans and images")
    bella.press("Make the file")
    bella.reads("This is a part of your record, not everything:")
    bella.follow("See how far it is")
    sweep()
    bella.follow("See how far it is")
    bella.reads("Your file is ready to download.")
    bella.press("Delete this file now")
    bella.reads("The file is deleted. You can make a new one whenever you like.")
    bella.is_at("Download all your data")
