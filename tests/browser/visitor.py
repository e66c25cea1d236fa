"""A person at a browser. Every page she sees is examined, on a phone and on a desk."""

import os
import re
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Response,
    ViewportSize,
    expect,
)  # fmt: skip

from tests.cast import PASSWORD

WIDTHS = {390: 844, 1280: 900}
AXE = (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")
EXAMINE = """async () => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const found = await axe.run(document, {runOnly: tags, resultTypes: ["violations"]});
  return found.violations.map((v) => `${v.id}: ${v.help}: ` + v.nodes.map((n) => n.html).join(" "));
}"""
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# What axe judges a page by: its elements, what they are named and styled with, whether they say
# anything; of equal neighbours (rows, options) one.
SHAPE = """() => {
  const told = ["class", "role", "type", "lang", "dir"];
  const shape = (node) => {
    const inner = [];
    for (const child of node.children) {
      const one = shape(child);
      if (one !== inner.at(-1)) inner.push(one);
    }
    const about = node.getAttributeNames().sort()
      .map((name) => told.includes(name) ? `${name}=${node.getAttribute(name)}` : name);
    const says = [...node.childNodes].some((one) => one.nodeType === 3 && one.data.trim());
    return `${node.tagName} ${about} ${says} (${inner.join()})`;
  };
  return shape(document.documentElement);
}"""
SECRET = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
# A folder for a picture of every page, for those who mend the look of the pages.
PICTURES = os.environ.get("PHR_PAGE_PICTURES")


def _window(width: int) -> ViewportSize:
    return {"width": width, "height": WIDTHS[width]}


def first_to_examine(shape: str) -> bool:
    """Whether no process of this run has examined this yet; from now on one has."""
    seen = Path(os.environ["PHR_TESTS_SEEN"]) / sha256(shape.encode()).hexdigest()
    try:
        seen.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


class Visitor:
    """One browser window with its own cookies. `script` says whether pages may run any."""

    def __init__(self, browser: Browser, origin: str, *, script: bool = True) -> None:
        self.origin, self.script = origin, script
        self.context = browser.new_context(
            base_url=origin,
            viewport=_window(1280 if script else 390),
            locale="en-GB",
            timezone_id="UTC",
        )
        self.context.set_default_timeout(15_000)
        self.problems: list[str] = []
        self.refusals: list[str] = []
        self.forgiven: set[str] = set()
        self.context.on("console", self._hear)
        self.context.on("weberror", lambda error: self.problems.append(str(error.error)))
        self.context.on("request", self._watch)
        self.context.on("response", self._weigh)
        self.page: Page = self.context.new_page()
        self._devtools = self.context.new_cdp_session(self.page)
        self._allow_script(script)

    def _allow_script(self, allowed: bool) -> None:
        # Not Playwright's own switch: that one could not be turned for a moment, to examine a page.
        self._devtools.send("Emulation.setScriptExecutionDisabled", {"value": not allowed})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.context.close()
        if kind is None:
            assert not self.problems, self.problems
            assert not set(self.refusals) - self.forgiven, self.refusals

    def _hear(self, message: ConsoleMessage) -> None:
        # What the server refused is weighed by its status, below.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.problems.append(message.text)

    def _watch(self, request: Request) -> None:
        if not request.url.startswith((f"{self.origin}/", "data:", "blob:")):
            self.problems.append(f"A request to another host: {request.url}")

    def _weigh(self, response: Response) -> None:
        if response.status >= 400:
            self.refusals.append(f"{response.status} {urlsplit(response.url).path}")

    # --- what a person does ----------------------------------------------------------------------

    def open(self, path: str) -> None:
        """Go to an address of the portal, or to one that was written in a mail."""
        self.page.goto(path)
        self.look()

    def press(self, name: str, *, within: Locator | None = None) -> None:
        """Press the button of this name."""
        self._find("button", name, within).click()
        self.look()

    def follow(self, name: str, *, within: Locator | None = None) -> None:
        """Follow the link of this name."""
        self._find("link", name, within).click()
        self.look()

    def _find(self, role: Any, name: str, within: Locator | None) -> Locator:
        pattern = re.compile(rf"^\s*{re.escape(name)}(?!\w)")
        return (within or self.page.locator("body")).get_by_role(role, name=pattern).first

    def type(self, label: str, text: str) -> None:
        """Type into the field of this label."""
        self.page.get_by_label(re.compile(rf"^{re.escape(label)}")).fill(text)

    def tick(self, label: str) -> None:
        """Tick the first box, or choose the first option, of this label."""
        self.page.get_by_label(label, exact=True).first.check()

    def untick(self, label: str) -> None:
        self.page.get_by_label(label, exact=True).first.uncheck()

    def sign_in(self, email: str) -> None:
        """Sign in as the form does, without looking at it: tests/browser/test_sign_in.py does."""
        form = self.context.request.get("/accounts/login/").text()
        token = SECRET.search(form)
        assert token
        answer = self.context.request.post(
            "/accounts/login/",
            form={"login": email, "password": PASSWORD, "csrfmiddlewaretoken": token[1]},
            max_redirects=0,
        )
        assert answer.status == 302
        self.open(answer.headers["location"])

    def sign_in_by_hand(self, email: str, password: str = PASSWORD) -> None:
        self.open("/accounts/login/")
        self.type("Email", email)
        self.type("Password", password)
        self.press("Sign in", within=self.page.locator("main"))

    def prove(self) -> None:
        """Give her password again, when asked whether it is still her."""
        self.is_at("Is it still you?")
        self.type("Password", PASSWORD)
        self.press("Continue")

    def tell(self) -> str:
        """What she is looking at, and what was wrong so far."""
        text = self.page.locator("body").inner_text()
        return "\n".join([self.page.url, *self.problems, *self.refusals, text])

    # --- what she finds --------------------------------------------------------------------------

    @property
    def path(self) -> str:
        return urlsplit(self.page.url).path

    def reads(self, *sentences: str) -> None:
        """Every sentence stands on the page."""
        for sentence in sentences:
            expect(self.page.locator("main")).to_contain_text(sentence)

    def misses(self, *sentences: str) -> None:
        """None of the sentences stands on the page."""
        for sentence in sentences:
            expect(self.page.locator("main")).not_to_contain_text(sentence)

    def is_at(self, heading: str) -> None:
        """The page's one main heading says this."""
        expect(self.page.locator("h1")).to_contain_text(heading)

    def is_refused(self, path: str) -> None:
        """The address is not there for her: the same page as for what does not exist."""
        answer = self.page.goto(path)
        assert answer is not None
        assert answer.status == 404
        self.look()
        self.forgive(f"404 {urlsplit(self.page.url).path}")

    def forgive(self, refusal: str) -> None:
        """A refusal that belongs to the story, however often a page asks before it hears it."""
        assert refusal in self.refusals
        self.forgiven.add(refusal)

    # --- every page ------------------------------------------------------------------------------

    def look(self) -> None:
        """Examine the page at both widths (without script: on the phone), each shape of it once."""
        self.page.wait_for_load_state("domcontentloaded")
        shape = self.page.evaluate(SHAPE)
        widths = list(WIDTHS)[: None if self.script else 1]
        fresh = [width for width in widths if first_to_examine(f"{width} {shape}")]
        if not fresh:
            return
        self._allow_script(True)
        self._devtools.send("Runtime.evaluate", {"expression": AXE})
        for width in fresh:
            self.page.set_viewport_size(_window(width))
            self._examine(width)
        self.page.set_viewport_size(_window(widths[-1]))
        self._allow_script(self.script)

    def _examine(self, width: int) -> None:
        place = f"{self.path} at {width}"
        found = self.page.evaluate(EXAMINE)
        assert found == [], place
        assert self.page.evaluate(TOO_WIDE) <= 0, f"{place} scrolls sideways"
        if PICTURES:
            name = re.sub(r"[0-9a-f-]{36}", "id", self.path).strip("/").replace("/", "-") or "front"
            heading = self.page.locator("h1").first.inner_text()[:30]
            name = f"{name}-{re.sub(r'[^a-zA-Z]+', '-', heading)}-{'on' if self.script else 'off'}"
            self.page.screenshot(path=f"{PICTURES}/{name}-{width}.png", full_page=True)
