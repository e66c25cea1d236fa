"""With whom the demo's patient shares, page by page, for the pictures of the manual."""

from collections.abc import Callable

from playwright.sync_api import Page

# Keeps the picture of a page, or of one part of it.
Keep = Callable[..., None]


def walk(page: Page, keep: Keep) -> None:
    """A facility, a link, a request, what others wrote, the emergency card, a receipt: as alice."""
    page.goto("/directory/")
    page.get_by_label("Name, place or specialty").fill("riverside")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Riverside Health Centre").click()
    page.get_by_text("Who can look at this moment").click()
    keep("facility")
    make_a_link(page)
    keep("link")
    page.goto("/sharing/requests/")
    page.get_by_role("link", name="Nina Novak").click()
    page.wait_for_load_state()
    keep("request")
    page.goto("/sharing/emergency/card/")
    keep("emergency-card")
    page.goto("/notices/")
    keep("notices")
    page.goto("/sharing/")
    seen = page.get_by_role("link").filter(has_text="What they have seen")
    seen.filter(has_text="Dr Bob Brown").click()
    page.wait_for_load_state()
    keep("receipt", ".app-receipt")


def make_a_link(page: Page) -> None:
    page.goto("/sharing/links/new/")
    page.get_by_label("Who is it for?").fill("Dr Lee")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Make the link").click()
    page.wait_for_load_state()


def act(page: Page, keep: Keep) -> None:
    """Asked whether to act for alice, and her record with the bar on top: as dana."""
    page.goto("/acting/")
    page.get_by_role("link", name="Act for Alice Archer").click()
    page.wait_for_load_state()
    keep("act-for")
    page.get_by_role("button", name="Act for Alice Archer").click()
    page.wait_for_url("**/records/")
    keep("acting")
    page.get_by_role("button", name="Back to yourself").click()
