"""The pages of "Download all your data": asked for, followed, taken in pieces, ended."""

import re

import pytest
from django.test import Client

from accounts.actors import CutOff
from phr.services import looks
from rights.archive.parts import PARTS
from rights.services import building, exports
from rights.views import exports as views
from tests.cast import PASSWORD, PURGER, Cast
from tests.doors import body, sign_in, text
from tests.worlds import kept
from tests.worlds.archive import EXPORTER, Archive, made, taken

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]


def let_time_pass(browser: Client) -> None:
    """The last proof of who this is was six minutes ago."""
    session = browser.session
    for proof in session["account_authentication_methods"]:
        proof["at"] -= 360
    session.save()


def test_she_asks_follows_takes_and_ends_it(cast: Cast) -> None:
    kept.keep(cast.alice_id, text="Ginger")
    alice = sign_in("alice@example.org")
    page = text(alice.get("/rights/export/"))
    for part in PARTS:
        assert part.path in page
    assert "We destroy it after 7 days" in page

    there = alice.post("/rights/export/").headers["Location"]
    assert "We begin in a moment." in text(alice.get(there))
    assert alice.post("/rights/export/").headers["Location"] == there
    assert building.build_due(EXPORTER) == 1

    fragment = text(alice.get(there, headers={"HX-Request": "true"}))
    assert "<html" not in fragment
    assert "hx-get" not in fragment
    page = text(alice.get(there))
    answer = alice.get(f"{there}file/")
    data = body(answer)
    export = exports.latest(cast.alice)
    assert export is not None
    assert export.sha256 in page
    assert "Make a new file" in text(alice.get("/rights/export/"))
    assert answer.headers["Content-Length"] == str(len(data))
    assert answer.headers["Content-Disposition"].startswith(
        'attachment; filename="my-health-record-'
    )
    assert Archive(data).manifest["records"] == 1

    assert "The file is deleted." in text(alice.post(f"{there}end/", follow=True))
    assert alice.get(f"{there}file/").status_code == 404
    assert "This file is not there any more." in text(alice.get(there))
    assert exports.destroy_due(PURGER) == 1


def test_a_download_that_broke_off_goes_on(cast: Cast) -> None:
    kept.keep(cast.alice_id)
    export_id = made(cast.alice)
    path, whole = f"/rights/export/{export_id}/file/", taken(cast.alice, export_id)
    alice = sign_in("alice@example.org")
    first = alice.get(path)
    tag = first.headers["ETag"]
    assert body(first) == whole
    assert first.headers["Accept-Ranges"] == "bytes"

    rest = alice.get(path, headers={"Range": "bytes=100-", "If-Range": tag})
    assert (rest.status_code, body(rest)) == (206, whole[100:])
    assert rest.headers["Content-Range"] == f"bytes 100-{len(whole) - 1}/{len(whole)}"
    assert rest.headers["Content-Length"] == str(len(whole) - 100)
    end = alice.get(path, headers={"Range": "bytes=-7"})
    assert (end.status_code, body(end)) == (206, whole[-7:])

    other = alice.get(path, headers={"Range": "bytes=100-", "If-Range": '"another"'})
    assert (other.status_code, body(other)) == (200, whole)
    beyond = alice.get(path, headers={"Range": f"bytes={len(whole)}-"})
    assert beyond.status_code == 416
    assert beyond.headers["Content-Range"] == f"bytes */{len(whole)}"


def test_the_password_is_asked_again_before_it_is_asked_for_or_begun(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.keep(cast.alice_id)
    export_id = made(cast.alice)
    path = f"/rights/export/{export_id}/file/"
    alice = sign_in("alice@example.org")
    let_time_pass(alice)

    for answer in (alice.get("/rights/export/"), alice.post("/rights/export/"), alice.get(path)):
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/accounts/reauthenticate/?next=")
    # Following it shows nothing but how far it is.
    assert alice.get(f"/rights/export/{export_id}/").status_code == 200
    before = exports.latest(cast.alice)
    assert before is not None
    assert before.export.pk == export_id

    asked, page = alice.get(path).headers["Location"], f"/rights/export/{export_id}/"
    assert alice.post(asked, {"password": PASSWORD, "next": page}).headers["Location"] == page
    whole = body(alice.get(path))
    let_time_pass(alice)
    assert body(alice.get(path, headers={"Range": "bytes=9-"})) == whole[9:]
    assert alice.get("/rights/export/").status_code == 302
    # All of it is no rest, however it is asked for.
    for headers in (
        {}, {"Range": "bytes=0-"}, {"Range": "bytes=5-2"}, {"Range": "bytes=-999999999"},
        {"Range": "bytes=9-", "If-Range": '"another"'},
    ):  # fmt: skip
        assert alice.get(path, headers=headers).status_code == 302
    monkeypatch.setattr(views, "GOES_ON_SECONDS", -1)
    assert alice.get(path, headers={"Range": "bytes=9-"}).status_code == 302


def test_a_range_that_goes_on_begins_with_a_download_of_this_session(cast: Cast) -> None:
    kept.keep(cast.alice_id)
    path = f"/rights/export/{made(cast.alice)}/file/"
    first, second = sign_in("alice@example.org"), sign_in("alice@example.org")
    assert first.get(path).status_code == 200
    let_time_pass(second)

    assert second.get(path, headers={"Range": "bytes=9-"}).status_code == 302


def test_a_running_download_ends_with_the_file(cast: Cast) -> None:
    kept.keep(cast.alice_id)
    export_id = made(cast.alice)
    answer = sign_in("alice@example.org").get(f"/rights/export/{export_id}/file/")
    exports.end_export(cast.alice, export_id)

    with pytest.raises(CutOff):
        body(answer)


def test_a_part_is_chosen_checked_and_made(cast: Cast) -> None:
    for title in ("Ginger", "Nutmeg"):
        kept.keep(cast.alice_id, text=title)
    alice = sign_in("alice@example.org")
    page = "/rights/export/part/"
    assert page in text(alice.get("/rights/export/"))
    assert "Which kinds of items?" in text(alice.get(page))
    empty = text(alice.post(page, {}))
    assert "Choose at least one thing, or download everything." in empty
    wrong = {"since_day": "1", "since_month": "2", "since_year": "2020", "until_year": "2019"}
    assert "The last day must not come before the first." in text(alice.post(page, wrong))

    chosen = {"categories": ["laboratory"], "since_month": "3", "since_year": "2001"}
    check = text(alice.post(page, chosen))
    for words in ("Kinds: Test results", "Dates: from 1 March 2001", "Ginger", "Nutmeg"):
        assert words in check
    carried = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', check))
    assert carried.items() >= {"categories": "laboratory", "since_month": "3"}.items()
    items = re.findall(r'name="items" value="([^"]+)"', check)
    assert len(items) == 2
    assert "Which kinds of items?" in text(alice.post(page, carried | {"change": "yes"}))

    sent = carried | {"items": items[:1], "confirmed": "yes"}
    there = alice.post(page, sent).headers["Location"]
    assert building.build_due(EXPORTER) == 1
    state = text(alice.get(there))
    assert "This is a part of your record, not everything:" in state
    assert Archive(body(alice.get(f"{there}file/"))).manifest["records"] == 1
    acts = {line.what for line in looks.log(cast.alice).lines}
    assert "asked for a file with a part of the data" in acts
    single = text(alice.get(f"{page}?item={items[1]}"))
    assert "One item" in single
    assert single.count('type="checkbox" name="items"') == 1


def test_a_part_asks_for_the_password_too(cast: Cast) -> None:
    kept.keep(cast.alice_id)
    alice = sign_in("alice@example.org")
    let_time_pass(alice)
    answer = alice.post("/rights/export/part/", {"categories": ["laboratory"], "confirmed": "yes"})

    assert "/reauthenticate/" in answer.headers["Location"]
    assert exports.latest(cast.alice) is None
