"""A large file over a bad line: what has arrived is never sent again."""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from accounts.actors import Actor
from phr.services import uploads
from tests.browser import kept
from tests.browser.conftest import Arrive
from tests.browser.portal import Portal
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser
# Smaller than the portal's own, so that a small file has several.
PIECE = 256 * 1024
SIZE = 2 * PIECE + 100_000
PIECES = "**/records/upload/*/resumable/"


class Line:
    """Her line to the portal: it can be held up and cut, and remembers where each piece began."""

    def __init__(self, visitor: Visitor) -> None:
        self.offsets: list[int] = []
        self.proofs: list[str] = []
        self.cut_at: int | None = None
        self.held_at: int | None = None
        visitor.page.route(PIECES, self._carry)

    def _carry(self, route: Route) -> None:
        if route.request.method != "PATCH":
            route.continue_()
            return
        offset = int(route.request.headers["upload-offset"])
        if offset == self.cut_at:
            route.abort("internetdisconnected")
        elif offset != self.held_at:
            self.offsets.append(offset)
            self.proofs.append(route.request.headers["upload-checksum"])
            route.continue_()


@pytest.fixture(scope="module", autouse=True)
def alice_herself(ground: Portal) -> Actor:
    del ground
    return kept.patient("alice@example.org", "Alice")


def a_large_file(tmp_path: Path) -> Path:
    path = tmp_path / "mammogram of Alice.pdf"
    path.write_bytes(b"%PDF-1.4\n" + bytes(range(251)) * (SIZE // 251) + b"the end")
    return path


def given_she_is_at_the_upload_page(visitor: Visitor) -> Visitor:
    visitor.open("/records/upload/")
    visitor.page.evaluate(
        "size => { document.querySelector('[data-piece]').dataset.piece = size }", PIECE
    )
    return visitor


def when_she_chooses(visitor: Visitor, path: Path) -> None:
    visitor.page.get_by_label("Choose files").set_input_files([path])
    visitor.page.get_by_role("button", name="Upload", exact=True).click()


def test_a_large_file_over_a_bad_line(arrive: Arrive, alice_herself: Actor, tmp_path: Path) -> None:
    path = a_large_file(tmp_path)
    alice = arrive()
    alice.sign_in("alice@example.org")
    given_she_is_at_the_upload_page(alice)
    line = Line(alice)

    line.cut_at = PIECE
    when_she_chooses(alice, path)
    alice.reads("The connection was lost. It carries on by itself")
    alice.look()
    when_she_pauses(alice)
    line.cut_at, line.held_at = None, PIECE
    alice.page.get_by_role("button", name="Carry on").click()
    expect(alice.page.get_by_role("progressbar")).to_have_attribute("value", re.compile("4."))
    given_she_is_at_the_upload_page(alice)
    then_she_sees_how_much_is_here(alice)
    then_the_portal_would_know_another_file(alice, path)

    line.held_at = None
    when_she_chooses(alice, path)
    alice.page.wait_for_url(re.compile("/records/upload/[0-9a-f-]{36}/$"))

    assert line.offsets == [0, PIECE, 2 * PIECE]
    then_the_file_is_the_same(alice_herself, path)
    then_each_piece_came_with_its_hash(line, path)
    assert alice.page.evaluate("localStorage.length") == 0
    assert "mammogram" not in alice.page.evaluate("JSON.stringify(sessionStorage)")


def when_she_pauses(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="Pause").click()
    visitor.reads("Paused. What was sent so far stays with us for a day.")


def then_she_sees_how_much_is_here(visitor: Visitor) -> None:
    visitor.reads("Unfinished uploads", "mammogram of Alice.pdf", "41% of")
    visitor.look()


def then_the_file_is_the_same(actor: Actor, path: Path) -> None:
    (one,) = uploads.uploads(actor)
    sent = b"".join(uploads.original(actor, one.upload.pk).pieces)
    assert sent == path.read_bytes()


def then_the_portal_would_know_another_file(visitor: Visitor, path: Path) -> None:
    """Even one that differs in its middle alone."""
    whole = f"sha256:{sha256(path.read_bytes()).hexdigest()}"
    expect(visitor.page.locator("[data-fingerprint]")).to_have_attribute("data-fingerprint", whole)


def then_each_piece_came_with_its_hash(line: Line, path: Path) -> None:
    pieces = [path.read_bytes()[offset : offset + PIECE] for offset in line.offsets]
    hashes = [b64encode(sha256(piece).digest()).decode() for piece in pieces]
    assert line.proofs == [f"sha256 {one}" for one in hashes]


def test_cancelling_leaves_nothing(arrive: Arrive, tmp_path: Path) -> None:
    alice = arrive()
    alice.sign_in("alice@example.org")
    given_she_is_at_the_upload_page(alice)
    Line(alice).held_at = PIECE
    when_she_chooses(alice, a_large_file(tmp_path))
    expect(alice.page.get_by_role("progressbar")).to_have_attribute("value", re.compile("4."))

    with alice.page.expect_response(lambda answer: answer.request.method == "DELETE"):
        alice.page.get_by_role("button", name=re.compile("^Cancel(?! and)")).click()

    alice.reads("Cancelled. Nothing of this file was kept.")
    alice.open("/records/upload/")
    alice.misses("Unfinished uploads")


def test_signed_out_while_sending(arrive: Arrive, tmp_path: Path) -> None:
    alice = arrive()
    alice.sign_in("alice@example.org")
    given_she_is_at_the_upload_page(alice)
    line = Line(alice)
    line.cut_at = PIECE
    when_she_chooses(alice, a_large_file(tmp_path))
    alice.reads("The connection was lost.")

    alice.context.clear_cookies()
    line.cut_at = None

    alice.reads("You were signed out. Sign in again and choose the same file")
    alice.forgive("401 /records/upload/resumable/")
    alice.forgiven |= {one for one in alice.refusals if one.startswith("401 ")}
