"""Pictures of the demo for the README: `make screenshots` writes docs/img/*.png."""

import os
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
from tests.browser.flags import FLAGS
from tests.browser.portal import ROOT, free_port

FOLDER = ROOT / "docs" / "img"
COLOURS = 128
DESK = ViewportSize(width=1280, height=860)
PHONE = ViewportSize(width=390, height=844)


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


def keep(page: Page, name: str) -> None:
    """A small picture of what is to be seen of the page without scrolling."""
    image = Image.open(BytesIO(page.screenshot())).convert("RGB").quantize(COLOURS)
    image.save(FOLDER / f"{name}.png", optimize=True)


def sign_in(page: Page, said: str) -> None:
    email = next(line.split()[0] for line in said.splitlines() if line.startswith("alice@"))
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.locator("input[type=password]").fill(password_of(email, said))
    page.locator("main").get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/records/")


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


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with demo() as (origin, said), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=FLAGS)
        pictures(browser, origin, said)
        browser.close()


if __name__ == "__main__":
    main()
