"""The timeline, the pages of one item, and its files: for the patient and for those she shares with."""

import re
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.actors import CutOff
from sharing.services import granting
from tests.cast import Cast, put_in
from tests.doors import body, sign_in, text
from tests.standing import Standing
from tests.worlds.files import fhir, pdf
from tests.worlds.shared_record import MARK, Shared
from tests.worlds.synthea import lines

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
SANDBOX = "sandbox; default-src 'none'"


@pytest.fixture(scope="module")
def world(standing: Standing) -> Shared:
    with standing.built():
        return Shared.enter()


@pytest.fixture
def alice(cast: Cast) -> Client:
    put_in(cast.alice, fhir("ips"), "ips.json")
    return sign_in("alice@example.org")


def shared(world: Shared, *rest: Any) -> str:
    return "/".join(["/shared", str(world.cast.alice_id), *(str(one) for one in rest), ""])


def items(page: str) -> list[str]:
    """The ids of the items a page leads to, in its order."""
    return re.findall(r'href="/records/([0-9a-f-]{36})/"', page)


def test_words_are_sent_by_post_and_found(alice: Client) -> None:
    everything = text(alice.get("/records/"))
    found = text(alice.post("/records/", {"text": "penicillin"}))

    assert everything.count("app-timeline") >= found.count("app-timeline")
    assert "enicillin" in found
    assert len(items(found)) < len(items(everything))
    assert "nothing like it" not in found
    assert 'method="post"' in everything


def test_a_search_without_a_match_says_so(alice: Client) -> None:
    page = text(alice.post("/records/", {"text": "zzzzz"}))

    assert "/records/" in page
    assert "enicillin" not in page


def test_words_in_the_address_are_not_looked_at(cast: Cast, alice: Client) -> None:
    """A link must not be able to search; and what was typed never becomes part of an address."""
    del cast
    page = text(alice.post("/records/", {"text": "penicillin"}))

    assert "text=penicillin" not in page


def test_a_category_narrows(alice: Client) -> None:
    page = text(alice.get("/records/?category=allergies"))

    assert "enicillin" in page
    assert len(items(page)) < len(items(text(alice.get("/records/"))))


@pytest.mark.parametrize("query", ["category=nonsense", "after=nonsense", "category=&after="])
def test_a_query_without_sense_narrows_nothing(alice: Client, query: str) -> None:
    assert items(text(alice.get(f"/records/?{query}"))) == items(text(alice.get("/records/")))


def test_pages_follow_each_other_without_gap_or_repeat(
    cast: Cast, settings: Settings, alice: Client
) -> None:
    settings.PHR_PAGE_SIZE = 7
    put_in(cast.alice, b"".join(lines(40)), "long.json")
    seen: list[str] = []
    page = text(alice.get("/records/"))
    while following := re.search(r'rel="next" href="([^"]+)"', page):
        seen += items(page)
        page = text(alice.get(following[1].replace("&amp;", "&")))
    seen += items(page)

    assert len(seen) == len(set(seen)) >= 40


def test_the_page_of_an_item_tells_its_owner_everything(world: Shared) -> None:
    bob, alice = sign_in("bob@example.org"), sign_in("alice@example.org")
    bob.get(shared(world, world.ids["weight_id"]))

    page = text(alice.get(f"/records/{world.ids['weight_id']}/"))

    assert "72 kg" in page
    assert "Dr Bob Brown" in page
    assert "Version 1" in page
    assert "Delete this item" in page
    assert "How sensitive it is" in page


def test_the_page_of_a_shared_item_tells_what_it_says_and_whose_it_is(world: Shared) -> None:
    page = text(sign_in("bob@example.org").get(shared(world, world.ids["weight_id"])))

    assert "72 kg" in page
    assert "Alice Archer" in page
    assert "Who has looked" not in page.split("<main", 1)[1]
    assert "Version 1" not in page
    assert "Delete this item" not in page
    assert "How sensitive it is" not in page


def test_an_earlier_version_is_for_the_owner(world: Shared) -> None:
    page = text(sign_in("alice@example.org").get(f"/records/{world.ids['weight_id']}/versions/1/"))

    assert "70 kg" in page


def test_saying_how_sensitive_an_item_is_takes_it_from_those_who_may_not_see_that(
    world: Shared,
) -> None:
    granting.revoke(world.cast.alice, world.ids["grant_id"])
    granting.accept(world.cast.bob, world.ids["invitation_id"])
    bob, address = sign_in("bob@example.org"), shared(world, world.ids["weight_id"])
    assert bob.get(address).status_code == 200

    sign_in("alice@example.org").post(
        f"/records/{world.ids['weight_id']}/labels/", {"labels": ["PSY"]}
    )

    assert bob.get(address).status_code == 404


def test_a_copy_is_the_very_file_and_the_browser_must_not_open_it(world: Shared) -> None:
    answer = sign_in("bob@example.org").get(
        shared(world, world.ids["record_id"], "files", world.ids["original_id"])
    )

    assert body(answer).startswith(b"\x89PNG")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="file-')
    assert answer.headers["Content-Disposition"].endswith('.png"')
    assert MARK not in str(answer.headers)
    assert answer.headers["Content-Security-Policy"] == SANDBOX
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_copy_is_byte_for_byte_what_was_uploaded(cast: Cast) -> None:
    put_in(cast.alice, pdf("same"), "same.pdf")
    alice = sign_in("alice@example.org")
    item = items(text(alice.get("/records/")))[0]
    link = text(alice.get(f"/records/{item}/")).split("/files/", 1)[1][:36]

    assert body(alice.get(f"/records/{item}/files/{link}/")) == pdf("same")


def test_who_may_only_look_sees_the_picture_and_gets_no_copy(world: Shared) -> None:
    lou = sign_in("lou@example.org")
    page = text(lou.get(shared(world, world.ids["record_id"])))
    picture = lou.get(shared(world, world.ids["record_id"], "pictures", world.ids["picture_id"]))
    original = shared(world, world.ids["record_id"], "files", world.ids["original_id"])

    assert "Download" not in page
    assert "Print this page" not in page
    assert picture.status_code == 200
    assert picture.headers["Content-Type"].startswith("image/")
    assert picture.headers["Content-Security-Policy"] == SANDBOX
    assert lou.get(original).status_code == 404
    assert lou.get(original.replace("files", "pictures")).status_code == 404


def test_ending_access_cuts_a_download_that_is_running(
    world: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("phr.services.files.PIECE", 20)
    bob = sign_in("bob@example.org")
    answer: Any = bob.get(shared(world, world.ids["record_id"], "files", world.ids["original_id"]))
    pieces = iter(answer.streaming_content)
    first = next(pieces)

    granting.revoke(world.cast.alice, world.ids["grant_id"])
    with pytest.raises(CutOff):
        next(pieces)

    assert len(first) == 20


def test_an_open_page_learns_that_access_ended(world: Shared) -> None:
    bob, pulse = sign_in("bob@example.org"), shared(world, world.ids["record_id"], "open")
    page = text(bob.get(shared(world, world.ids["record_id"])))
    assert f'data-watch-url="{pulse}"' in page
    assert bob.get(pulse).status_code == bob.get(shared(world, "open")).status_code == 204

    granting.revoke(world.cast.alice, world.ids["grant_id"])

    assert bob.get(pulse).status_code == 404
    for address in (
        shared(world, "open"),
        shared(world),
        shared(world, world.ids["record_id"]),
        shared(world, world.ids["record_id"], "pictures", world.ids["picture_id"]),
        shared(world, world.ids["record_id"], "files", world.ids["original_id"]),
    ):
        assert bob.get(address).status_code == 404


def test_without_a_record_of_their_own_people_are_led_home(cast: Cast) -> None:
    del cast
    assert sign_in("bob@example.org").get("/records/").headers["Location"] == "/home/"
