"""Pictures of the demo for README and manual: `make screenshots` writes docs/img/*.png."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from phr.launch import chromium
from tests.browser import bringing_in, sharing_out
from tests.browser.flags import FLAGS
from tests.browser.portal import ROOT, free_port

FOLDER = ROOT / "docs" / "img"
COLOURS = 128
DESK = ViewportSize(width=1280, height=860)
PHONE = ViewportSize(width=390, height=844)
TEXT = ".app-page"
SHEET = ViewportSize(width=860, height=600)
ALICE, CAROL, DANA = "alice@example.org", "carol@example.org", "dana@example.org"
WORKER = 120_000


@contextmanager
def demo() -> Iterator[tuple[str, str]]:
    """A fresh demo: its address, and what it printed about its people."""
    above = Path(tempfile.mkdtemp(prefix="phr-pictures-"))
    above.chmod(0o755)
    port = free_port()
    environment = {**os.environ, "PHR_DATA_DIR": str(above / "data"), "PORT": str(port)}
    running = subprocess.Popen(
        [sys.executable, "-m", "phr.launch"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield f"http://localhost:{port}", said_by(running)
    finally:
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=60)
        shutil.rmtree(above, ignore_errors=True)


def said_by(running: "subprocess.Popen[str]") -> str:
    """Everything the launcher says until the portal is there."""
    said = []
    for line in running.stdout or ():
        said.append(line)
        if "Ctrl-C" in line:
            break
    return "".join(said)


def password_of(email: str, said: str) -> str:
    """The second column of this person's line."""
    return next(line.split()[1] for line in said.splitlines() if line.startswith(email))


def keep(page: Page, name: str, *, part: str = "") -> None:
    """A small picture of what is to be seen of the page without scrolling, or of all of one part."""
    taken = page.locator(part).last.screenshot() if part else page.screenshot()
    image = Image.open(BytesIO(taken)).convert("RGB").quantize(COLOURS)
    image.save(FOLDER / f"{name}.png", optimize=True)


def sign_in(page: Page, said: str, email: str = ALICE, *, leads: str = "**/records/") -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.locator("input[type=password]").fill(password_of(email, said))
    page.locator("main").get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(leads)


def pictures(browser: Browser, origin: str, said: str) -> None:
    """The front page, a timeline, a record, the list of who has access; and a phone."""
    page = browser.new_page(base_url=origin, viewport=DESK, reduced_motion="reduce")
    page.goto("/")
    keep(page, "front")
    sign_in(page, said)
    page.get_by_role("link", name="Older items").click()
    page.wait_for_url("**after=*")
    keep(page, "records")
    older = page.url
    page.goto("/records/?category=imaging")
    page.locator(".app-timeline a").first.click()
    page.wait_for_load_state("networkidle")
    keep(page, "record")
    page.goto("/sharing/")
    keep(page, "sharing")
    page.set_viewport_size(PHONE)
    page.goto(older)
    keep(page, "phone")


def leaving(browser: Browser, origin: str, said: str) -> None:
    """Deleting everything: asked, checked, undone; then for good, with its certificates."""
    page = browser.new_page(base_url=origin, viewport=SHEET, reduced_motion="reduce")
    sign_in(page, said)
    page.goto("/rights/delete/")
    keep(page, "delete", part=TEXT)
    delete(page, said, undo="yes")
    keep(page, "deleted-undo", part=TEXT)
    there = page.url
    page.get_by_role("link", name="Undo this deletion").click()
    page.get_by_label("Your email address").fill(ALICE)
    page.locator("input[type=password]").fill(password_of(ALICE, said))
    page.get_by_role("button", name="Undo the deletion").click()
    sign_in(page, said)
    delete(page, said, undo="no", picture="delete-check")
    assert page.url != there
    page.get_by_role("heading", name=re.compile("^Deleted")).wait_for(timeout=WORKER)
    page.goto(page.url)
    keep(page, "deleted", part=TEXT)
    page.get_by_role("link", name="See the certificate of stage 1").click()
    page.get_by_text("Every step and the signature").last.click()
    keep(page, "certificate", part=".app-receipt")


def bringing(browser: Browser, origin: str, said: str) -> None:
    """A file of each format on its way into an empty record."""
    page = browser.new_page(base_url=origin, viewport=SHEET, reduced_motion="reduce")
    sign_in(page, said, CAROL)
    bringing_in.walk(page, lambda name: keep(page, name, part=TEXT))


def sharing(browser: Browser, origin: str, said: str) -> None:
    """What a patient shares, and somebody who acts for her."""
    page = browser.new_page(base_url=origin, viewport=SHEET, reduced_motion="reduce")
    sign_in(page, said)
    sharing_out.walk(page, lambda name, part=TEXT: keep(page, name, part=part))
    page = browser.new_page(base_url=origin, viewport=SHEET, reduced_motion="reduce")
    sign_in(page, said, DANA, leads="**/welcome/")
    sharing_out.act(page, lambda name: keep(page, name))


def delete(page: Page, said: str, *, undo: str, picture: str = "") -> None:
    page.goto("/rights/delete/")
    page.locator("input[name=what][value=account]").check()
    page.locator(f"input[name=undo][value={undo}]").check()
    page.get_by_role("button", name="Continue").click()
    if picture:
        keep(page, picture, part=TEXT)
    page.locator("input[type=password]").fill(password_of(ALICE, said))
    page.get_by_role("button", name="Delete now").click()
    page.wait_for_url("**/erasures/**")


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with demo() as (origin, said), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=FLAGS)
        pictures(browser, origin, said)
        sharing(browser, origin, said)
        bringing(browser, origin, said)
        leaving(browser, origin, said)
        browser.close()


if __name__ == "__main__":
    main()
