"""A link as people and apps come to it: the entrance, the pages behind it, manifest and files.

For apps: SMART Health Links Protocol, version 1 (docs.smarthealthit.org/smart-health-links/spec),
the sections named in each test.
"""

import json
import re
import time
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import Any

import orjson
import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone
from joserfc import jwe
from joserfc.jwk import OctKey

from accounts.acting import acting_as
from accounts.models import AuditEvent
from phr.models import Binary
from sharing import health_links
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.models import MOST_WRONG
from sharing.scopes import Scope
from sharing.services import granting, links
from tests.cast import ALL, ORDINARY, Cast
from tests.doors import body, text, visitor
from tests.worlds.kept import keep, with_file

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
NONCE = re.compile(r'nonce="[^"]*"')
URL = re.compile(r"^shlink:/([A-Za-z0-9_-]+)$")


class Given:
    """A link that alice made for Dr Lee, as it reaches her: address, passcode, payload."""

    def __init__(self, cast: Cast, scope: Scope = ALL, **said: Any) -> None:
        ends = timezone.now() + timedelta(days=7)
        made = links.make(cast.alice, "Dr Lee", scope=replace(scope, ends_at=ends), **said)
        shown = links.one(cast.alice, made.grant_id)
        self.grant_id, self.passcode, self.uri = made.grant_id, made.passcode, shown.uri
        self.path, _, self.fragment = shown.url.removeprefix("http://testserver").partition("#")
        self.path = "/" + self.path.split("/", 3)[3] if "://" in self.path else self.path
        self.inside = f"/linked/{made.grant_id}/"

    @property
    def payload(self) -> dict[str, Any]:
        found = URL.match(self.uri)
        assert found
        payload: dict[str, Any] = json.loads(health_links.bytes_of(found[1]))
        return payload

    def enter(self, **said: str) -> tuple[Client, Any]:
        browser = visitor()
        form = {"recipient": "Dr Lee", "passcode": self.passcode} | said
        return browser, browser.post(self.path, form)

    def manifest(self, **said: Any) -> Any:
        asked = {"recipient": "Lee's app", "passcode": self.passcode} | said
        path = "/" + self.payload["url"].split("/", 3)[3]
        return visitor().post(path, json.dumps(asked), content_type="application/json")

    def opened(self, sealed: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """The protected header of a file, and what was in it."""
        key = OctKey.import_key(health_links.bytes_of(self.payload["key"]))
        found = jwe.decrypt_compact(sealed, key)
        return dict(found.protected), orjson.loads(found.plaintext or b"")


# --- people ----------------------------------------------------------------------------------------


def test_whoever_has_the_link_comes_in_by_name_and_passcode(cast: Cast) -> None:
    row, given = keep(cast.alice_id), Given(cast)
    page = visitor().get(given.path)
    assert page.status_code == 200
    assert "Alice" not in text(page)
    assert page.headers["X-Robots-Tag"] == "noindex, nofollow, noarchive"

    browser, came = given.enter()
    assert came.headers["Location"] == given.inside
    shown = browser.get(given.inside)
    assert "Alice Archer" in text(shown)
    assert "Glucose" in text(shown)
    item = browser.get(f"{given.inside}{row.pk}/")
    assert "Glucose" in text(item)
    for answer in (shown, item):
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "noindex" in answer.headers["X-Robots-Tag"]
    assert browser.get(f"{given.inside}open/").status_code == 204


def test_nobody_comes_in_who_did_not_open_it(cast: Cast) -> None:
    row, given = keep(cast.alice_id), Given(cast)
    for path in (given.inside, f"{given.inside}{row.pk}/", f"{given.inside}open/"):
        assert visitor().get(path).status_code == 404
    browser, _ = given.enter()
    other = Given(cast)
    assert browser.get(other.inside).status_code == 404


def test_a_wrong_passcode_says_how_many_are_left_and_then_that_it_has_ended(cast: Cast) -> None:
    given = Given(cast)
    for left in range(MOST_WRONG - 1, 1, -1):
        assert f"try {left} more times" in text(given.enter(passcode="1")[1])
    assert "try 1 more time." in text(given.enter(passcode="1")[1])
    assert "ask for another one" in text(given.enter(passcode="1")[1])
    gone = given.enter()[1]
    assert gone.status_code == 404
    never = visitor().get(f"/link/{'A' * 43}/")
    assert NONCE.sub("", text(gone)) == NONCE.sub("", text(never))


def test_one_link_is_opened_only_so_often_in_an_hour(cast: Cast, settings: LazySettings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"open_link": "1/h/key"}
    given, other = Given(cast, passcode=False), Given(cast, passcode=False)
    assert given.enter()[1].status_code == 302
    assert "opened too often" in text(given.enter()[1])
    assert other.enter()[1].status_code == 302
    assert other.manifest().status_code == 429
    assert other.manifest().headers["Retry-After"] == "3600"
    with acting_as(cast.alice):
        assert AuditEvent.objects.filter(action="open-link").count() == 2


def test_every_request_is_decided_anew(cast: Cast) -> None:
    row, given = keep(cast.alice_id), Given(cast)
    browser, _ = given.enter()
    granting.revoke(cast.alice, given.grant_id)
    for path in (given.inside, f"{given.inside}{row.pk}/", f"{given.inside}open/"):
        assert browser.get(path).status_code == 404
    assert browser.get(given.path).status_code == 404


def test_after_an_hour_the_passcode_is_asked_for_again(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = Given(cast)
    browser, _ = given.enter()
    later = time.time() + 3601
    monkeypatch.setattr(time, "time", lambda: later)
    assert browser.get(given.inside).status_code == 404


def test_pictures_are_to_look_at_and_files_for_who_may_copy(cast: Cast) -> None:
    row = keep(cast.alice_id)
    picture = with_file(row, b"picture", use=Binary.Use.PICTURE)
    file = with_file(row, b"file")
    for scope, status in ((ORDINARY, 404), (ALL, 200)):
        given = Given(cast, scope)
        browser, _ = given.enter()
        assert body(browser.get(f"{given.inside}{row.pk}/pictures/{picture.pk}/")) == b"picture"
        answer = browser.get(f"{given.inside}{row.pk}/files/{file.pk}/")
        assert answer.status_code == status
    assert body(answer) == b"file"


def test_what_is_remembered_is_the_session_alone_and_each_look_is_written_down(cast: Cast) -> None:
    given = Given(cast)
    keep(cast.alice_id)
    browser, came = given.enter()
    assert [one.key for one in came.cookies.values()] == ["session"]
    browser.get(given.inside)
    with acting_as(cast.alice):
        events = AuditEvent.objects.filter(door="link")
        assert {event.basis for event in events} == {f"grant:{given.grant_id}"}
        assert {event.action for event in events} == {"open-link", "read"}
    assert "Dr Lee" in text_of_her_page(cast, given)


def text_of_her_page(cast: Cast, given: Given) -> str:
    shown = links.one(cast.alice, given.grant_id)
    return " ".join(one.recipient for one in shown.openings)


def test_no_log_holds_what_opens_a_link(cast: Cast, log: StringIO) -> None:
    given = Given(cast)
    secret = given.path.split("/")[2]
    ticket = given.manifest().json()["files"][0]["location"].rsplit("/", 1)[1]
    granting.pause(cast.alice, given.grant_id)
    given.enter()
    given.manifest()
    visitor().get(f"/link-file/{ticket}")
    visitor().delete(given.path)
    assert "Not Found: /link/…/" in log.getvalue()
    assert secret not in log.getvalue()
    assert ticket not in log.getvalue()


# --- apps ------------------------------------------------------------------------------------------


def test_the_payload_is_as_specified(cast: Cast) -> None:
    """Construct a SHLink payload: `url`, `key`, `exp`, `flag`, `label`, `v`."""
    payload = Given(cast).payload
    assert set(payload) == {"url", "key", "exp", "flag", "label", "v"}
    assert len(payload["url"]) <= 128
    secret = payload["url"].split("/link/")[1].removesuffix("/manifest")
    assert len(health_links.bytes_of(secret)) == 32, "256 bits of entropy in the manifest's address"
    assert len(payload["key"]) == 43
    assert len(health_links.bytes_of(payload["key"])) == 32
    assert payload["exp"] == pytest.approx(time.time() + 7 * 86400, abs=60)
    assert payload["flag"] == "LP"
    assert len(payload["label"]) <= 80
    assert "Alice" not in payload["label"]
    assert payload["v"] == 1


@pytest.mark.parametrize(
    ("passcode", "uses", "flag"), [(True, 3, "P"), (False, None, "L"), (False, 3, None)]
)
def test_the_flags_say_what_holds(
    cast: Cast, passcode: bool, uses: int | None, flag: str | None
) -> None:
    """`flag`: single characters in alphabetical order; P needs a passcode, L may change. Never U."""
    assert Given(cast, passcode=passcode, uses=uses).payload.get("flag") == flag


def test_the_viewer_address_keeps_the_payload_in_its_fragment(cast: Cast) -> None:
    """Viewer URL: ends in `#` and the SHLink, which no browser sends to a server."""
    given = Given(cast)
    assert given.fragment == given.uri
    assert given.payload["key"] not in given.path


def test_the_manifest_lists_files_by_address_or_embedded(cast: Cast) -> None:
    """Manifest request and response: `files`, each `contentType` with `embedded` or `location`."""
    keep(cast.alice_id)
    given = Given(cast)
    by_address = given.manifest()
    assert by_address.headers["Content-Type"] == "application/json"
    said = by_address.json()
    assert said["status"] == "can-change"
    assert [set(one) for one in said["files"]] == [{"contentType", "location"}] * 2
    embedded = given.manifest(embeddedLengthMax=10_000_000).json()["files"]
    assert [set(one) for one in embedded] == [{"contentType", "embedded"}] * 2
    few = given.manifest(embeddedLengthMax=10).json()["files"]
    assert all("location" in one for one in few), "never longer than the app can take"
    assert {one["contentType"] for one in embedded} == {"application/fhir+json"}


def test_a_file_is_compact_jwe_under_the_key_of_the_payload(cast: Cast) -> None:
    """Encrypting and decrypting files: `alg` dir, `enc` A256GCM, `cty`, a fresh nonce each."""
    keep(cast.alice_id)
    given = Given(cast)
    location = given.manifest().json()["files"][1]["location"]
    answer = visitor().get("/" + location.split("/", 3)[3])
    assert answer.headers["Content-Type"] == "application/jose"
    sealed = text(answer)
    assert sealed.count(".") == 4
    header, bundle = given.opened(sealed)
    assert header == {"alg": "dir", "enc": "A256GCM", "cty": health_links.FHIR}
    assert bundle["resourceType"] == "Bundle"
    again = text(visitor().get("/" + location.split("/", 3)[3]))
    assert again.split(".")[2] != sealed.split(".")[2], "a nonce is never used twice under one key"


def test_the_files_hold_what_the_link_covers_and_nothing_else(cast: Cast) -> None:
    keep(cast.alice_id, text="Glucose")
    keep(cast.alice_id, text="Secret", labels=[Sensitivity.PSY])
    keep(cast.alice_id, text="Letter", category=Category.DOCUMENTS)
    narrow = replace(ORDINARY, categories=(Category.LABORATORY,), may_copy=True)
    given = Given(cast, narrow)
    [file] = given.manifest(embeddedLengthMax=10_000_000).json()["files"]
    _, bundle = given.opened(file["embedded"])
    assert bundle["type"] == "collection"
    named = [one["resource"].get("code", {}).get("text") for one in bundle["entry"]]
    assert named == [None, "Glucose"]
    [patient, item] = [one["resource"] for one in bundle["entry"]]
    assert patient["name"] == [{"text": "Alice Archer"}]
    assert patient["_birthDate"]["extension"][0]["valueCode"] == "masked"
    assert item["resourceType"] == "Observation"
    with acting_as(cast.alice):
        copied = AuditEvent.objects.get(action="copy")
    assert copied.basis == f"grant:{given.grant_id}"


def test_a_summary_is_given_only_where_it_does_not_mislead(cast: Cast) -> None:
    """An IPS must say which allergies, medicines and problems there are."""
    keep(cast.alice_id)
    whole = Given(cast)
    files = whole.manifest(embeddedLengthMax=10_000_000).json()["files"]
    _, bundle = whole.opened(files[0]["embedded"])
    assert bundle["type"] == "document"
    sections = bundle["entry"][0]["resource"]["section"]
    assert "Nothing of this is shared here." in json.dumps(sections)


def test_a_wrong_or_missing_passcode_is_401_with_the_tries_left(cast: Cast) -> None:
    """Manifest response: 401 and `remainingAttempts`; then 404, once the cap of its life is reached."""
    given = Given(cast)
    assert given.manifest(passcode="").json() == {"remainingAttempts": MOST_WRONG}
    for left in range(MOST_WRONG - 1, -1, -1):
        answer = given.manifest(passcode="wrong")
        assert (answer.status_code, answer.json()) == (401, {"remainingAttempts": left})
    assert given.manifest().status_code == 404


def test_what_is_no_more_is_404(cast: Cast) -> None:
    """Manifest response: 404 when the SHLink is no longer active."""
    given = Given(cast)
    location = given.manifest().json()["files"][0]["location"]
    granting.pause(cast.alice, given.grant_id)
    assert given.manifest().status_code == 404
    assert visitor().get("/" + location.split("/", 3)[3]).status_code == 404


def test_an_address_of_a_file_works_for_less_than_an_hour(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`location`: short-lived, SHALL NOT exceed one hour."""
    given = Given(cast)
    location = "/" + given.manifest().json()["files"][0]["location"].split("/", 3)[3]
    assert visitor().get(location).status_code == 200
    assert visitor().get(location[:-1]).status_code == 404
    later = time.time() + 3599
    monkeypatch.setattr(time, "time", lambda: later)
    assert visitor().get(location).status_code == 404


@pytest.mark.parametrize(
    "asked", [b"", b"[]", b"{}", b'{"recipient": ""}', b'{"recipient": ["X"]}', b"\xff", b"[[[["]
)
def test_a_request_without_recipient_is_400_and_counts_nothing(cast: Cast, asked: bytes) -> None:
    """Manifest request: `recipient` is required."""
    given = Given(cast, uses=1)
    path = "/" + given.payload["url"].split("/", 3)[3]
    answer = visitor().post(path, asked, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json() == {"error": "recipient is missing or wrong"}
    assert given.manifest().status_code == 200


def test_what_is_wrong_with_a_request_is_named(cast: Cast) -> None:
    path = "/" + Given(cast).payload["url"].split("/", 3)[3]
    asked = {"recipient": "Dr Lee", "embeddedLengthMax": "long"}
    answer = visitor().post(path, asked, content_type="application/json")
    assert (answer.status_code, answer.json()) == (
        400, {"error": "embeddedLengthMax is missing or wrong"},
    )  # fmt: skip


def test_apps_in_a_browser_may_ask(cast: Cast) -> None:
    """CORS: the manifest and the files are read by viewers of other sites."""
    given = Given(cast)
    path = "/" + given.payload["url"].split("/", 3)[3]
    asked = visitor().options(path, headers={"Origin": "https://viewer.example"})
    assert asked.status_code == 204
    answer = given.manifest()
    location = "/" + answer.json()["files"][0]["location"].split("/", 3)[3]
    for one in (asked, answer, visitor().get(location), given.manifest(passcode="wrong")):
        assert one.headers["Access-Control-Allow-Origin"] == "*"
        assert one.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert not one.cookies


def test_a_link_to_look_at_is_nothing_for_apps(cast: Cast) -> None:
    given = Given(cast, ORDINARY)
    assert given.uri == ""
    answer = visitor().post(
        f"{given.path}manifest",
        json.dumps({"recipient": "app", "passcode": given.passcode}),
        content_type="application/json",
    )
    assert answer.status_code == 404
