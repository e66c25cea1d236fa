"""Promises of the public pages that no other test holds. tests/test_privacy_page.py says which."""

import ast
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from allauth.usersessions.models import UserSession
from django.core import mail
from django.core.cache import cache
from django.core.files.storage import storages
from django.core.management import call_command
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts import services as accounts
from accounts.acting import acting_as
from accounts.actors import Denied
from accounts.models import AuditEvent, Patient, Practitioner
from phr.models import Binary, Record, Upload
from phr.services import files, looks, records
from phr.services.items import Item
from rights import saga
from rights.services import erasures as rights
from sharing.labels import Sensitivity
from sharing.services import granting
from tests.cast import ALL, ORDINARY, PASSWORD, PURGER, Cast, put_in
from tests.doors import sign_in, text, visitor
from tests.worlds.files import pdf
from tests.worlds.synthea import lines

ROOT = Path(__file__).resolve().parent.parent
ALICE = "alice@example.org"
pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]


def letter(cast: Cast, words: str = "Hello") -> Item:
    """A PDF in alice's record, as her timeline shows it."""
    put_in(cast.alice, pdf(words), "a telling name.pdf")
    return records.timeline(cast.alice, cast.alice_id).items[0]


# --- what is kept, and how -----------------------------------------------------------------------


def test_what_a_person_would_read_is_stored_sealed(cast: Cast) -> None:
    letter(cast, "A telling sentence")
    with acting_as(cast.alice):
        patient, record = Patient.objects.get(pk=cast.alice_id), Record.objects.get()
        upload, binary = Upload.objects.get(), Binary.objects.get()
    with storages["files"].open(binary.name) as file:
        kept = [file.read(), patient.name_sealed, record.body_sealed, upload.file_name_sealed]

    for sealed in [*kept, upload.report_sealed]:
        assert b"Alice" not in bytes(sealed)
        assert b"telling" not in bytes(sealed)
        assert b"%PDF" not in bytes(sealed)


def test_nothing_else_of_an_item_stands_in_the_clear() -> None:
    sealed_or_keyed = {"body_sealed", "labels", "tokens", "tags", "digest", "identity",
                       "aliases", "likeness"}  # fmt: skip
    clear = {field.attname for field in Record._meta.concrete_fields} - sealed_or_keyed

    assert clear == {
        "id", "patient_id", "resource_type", "category", "effective_at", "dated", "version",
        "created_at", "updated_at", "hidden_at", "favourite", "never_shared",
    }  # fmt: skip


def test_a_device_is_kept_with_browser_address_and_time(cast: Cast) -> None:
    del cast
    client = sign_in(ALICE)
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
    page = text(client.get("/accounts/sessions/", headers={"user-agent": firefox}))
    device = UserSession.objects.get()

    assert (device.ip, device.user_agent) == ("127.0.0.1", firefox)
    assert "Firefox" in page
    assert "127.0.0.1" in page
    assert device.last_seen_at


def test_nothing_of_a_record_ends_by_itself(cast: Cast) -> None:
    put_in(cast.alice, b"".join(lines(10)))
    before = records.timeline(cast.alice, cast.alice_id).items

    call_command("sweep")

    assert before
    assert records.timeline(cast.alice, cast.alice_id).items == before


# --- who can see, and until when -----------------------------------------------------------------


def test_a_provider_is_unverified_until_staff_say_otherwise(cast: Cast) -> None:
    assert cast.bob.user_id is not None
    with acting_as(cast.bob):
        pk = Practitioner.objects.get().pk
    for somebody in (cast.bob, cast.alice):
        with pytest.raises(Denied):
            accounts.verify_practitioner(somebody, pk)
    assert not accounts.people({cast.bob.user_id})[cast.bob.user_id].verified

    accounts.verify_practitioner(cast.sam, pk)

    assert accounts.people({cast.bob.user_id})[cast.bob.user_id].verified


def test_the_patient_sees_and_changes_how_sensitive_an_item_is(cast: Cast) -> None:
    item = letter(cast)
    cast.share(ORDINARY)
    assert "Not sorted" in text(sign_in(ALICE).get(f"/records/{item.id}/"))
    assert not records.timeline(cast.bob, cast.alice_id).items

    records.classify(cast.alice, item.id, labels=[Sensitivity.N])

    assert [seen.id for seen in records.timeline(cast.bob, cast.alice_id).items] == [item.id]


def test_the_receipt_tells_what_was_shared_opened_and_copied(cast: Cast) -> None:
    item = letter(cast)
    grant_id = cast.share(ALL)
    opened = records.open_record(cast.bob, cast.alice_id, item.id)
    copy = files.open_file(cast.bob, cast.alice_id, item.id, opened.files[0].pk, copy=True)
    assert b"".join(copy.pieces)
    granting.revoke(cast.alice, grant_id)

    page = looks.receipt(cast.alice, grant_id)

    assert page.receipt.held.scope == ALL
    assert [one for one, _, _ in page.seen] == [one for one, _, _ in page.copied] == [item.id]


def test_what_happened_to_a_deleted_item_is_kept_by_number(cast: Cast) -> None:
    item = letter(cast, "A telling sentence")
    cast.share(ALL)
    records.open_record(cast.bob, cast.alice_id, item.id)
    rights.erase_record(cast.alice, item.id)
    saga.carry_on_due(PURGER)

    page = looks.log(cast.alice)

    assert any(line.who == "Dr Bob Brown" and line.count for line in page.lines)
    assert all(item.id not in dict(line.items) for line in page.lines)
    with acting_as(cast.alice):
        rows = AuditEvent.objects.filter(records__contains=[item.id])
        assert {"read", "delete", "purge"} <= set(rows.values_list("action", flat=True))
        assert "telling" not in str(list(rows.values()))


def test_a_file_that_is_gone_is_not_offered(cast: Cast) -> None:
    put_in(cast.alice, b"".join(lines(2)), "two.json")
    gone, stays = (item.id for item in records.timeline(cast.alice, cast.alice_id).items)
    rights.erase_record(cast.alice, gone)
    saga.carry_on_due(PURGER)
    client = sign_in(ALICE)

    assert "two.json" in text(client.get("/records/upload/"))
    for page in ("/records/upload/", f"/records/{stays}/"):
        assert "/original/" not in text(client.get(page))


# --- sessions and cookies ------------------------------------------------------------------------


def aged(client: Client, seconds: float) -> None:
    """Make this session believe that its last act, and its proof, are so long ago."""
    session = client.session
    session["seen_at"] = int(time.time() - seconds)
    for proof in session["account_authentication_methods"]:
        proof["at"] = time.time() - seconds
    session.save()


def test_deleting_asks_for_the_password_again(cast: Cast) -> None:
    item = letter(cast)
    page, client = f"/rights/erase/{item.id}/", sign_in(ALICE)
    assert client.get(page).status_code == 200

    aged(client, 301)

    for answer in (client.get(page), client.post(page)):
        assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
    assert records.timeline(cast.alice, cast.alice_id).items


def test_there_is_one_cookie_and_it_has_no_end_date(cast: Cast) -> None:
    del cast
    stranger = visitor()
    for page in ("/", "/privacy/"):
        stranger.get(page)
    assert not stranger.cookies
    stranger.get("/accounts/login/")
    assert set(stranger.cookies) == {"session"}

    client = sign_in(ALICE)
    client.post("/accounts/password/change/", {"oldpassword": "wrong"})
    client.get("/records/")
    answer = client.post("/accounts/email/", {"email": "new@example.org", "action_add": ""})

    assert answer.status_code == 302
    assert set(client.cookies) == {"session"}
    cookie = client.cookies["session"]
    assert (cookie["expires"], cookie["max-age"]) == ("", "")
    assert cookie["httponly"]


def test_guessing_passwords_is_slowed_down(cast: Cast) -> None:
    del cast
    cache.clear()
    client = visitor()
    for _ in range(5):
        client.post("/accounts/login/", {"login": ALICE, "password": "a wrong guess"})

    answer = client.post("/accounts/login/", {"login": ALICE, "password": PASSWORD})

    assert answer.status_code == 200
    assert "Too many" in text(answer)


# --- other companies, mail, contact --------------------------------------------------------------

ELSEWHERE = re.compile(
    r"(?:\b(?:src|href|action|srcset|poster|data)\s*=\s*[\"']?|url\(\s*[\"']?|@import\s+[\"']?"
    r"|(?:fetch|import|open)\(\s*[\"'`])(?:https?:)?//",
    re.IGNORECASE,
)
CALLING_OUT = {"aiohttp", "ftplib", "http.client", "httpx", "requests", "smtplib", "socket",
               "telnetlib", "urllib.request", "urllib3", "xmlrpc"}  # fmt: skip


ADDRESSED = re.compile(r"connect\(|bind\(|listen\(|create_connection|AF_INET|getaddrinfo")


def test_no_page_names_another_server() -> None:
    places = [*ROOT.glob("templates/**/*.html"), *ROOT.glob("static/js/*.js")]
    places += ROOT.glob("static/css/*.css")

    assert len(places) > 50
    assert [path.name for path in places if ELSEWHERE.search(path.read_text())] == []


def test_nothing_in_the_portal_calls_another_server() -> None:
    """phr/launch speaks to the servers of this machine, and is no part of what serves people.

    The parser processes are forked through a pair of sockets that no address leads to.
    """
    found = set()
    for app in ("accounts", "sharing", "phr", "rights"):
        for path in ROOT.glob(f"{app}/**/*.py"):
            if path.is_relative_to(ROOT / "phr" / "launch"):
                continue
            if path == ROOT / "accounts" / "registry.py":
                # Asks a register of licences that the operator named, about professionals alone.
                assert "patient" not in path.read_text().lower()
                continue
            if path.name in {"forking.py", "forkserver.py"}:
                assert not ADDRESSED.search(path.read_text())
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    found |= {alias.name for alias in node.names}
                elif isinstance(node, ast.ImportFrom):
                    found |= {node.module or "", *(f"{node.module}.{a.name}" for a in node.names)}

    assert "django.conf" in found
    assert not {name for name in found if name in CALLING_OUT or name.split(".")[0] in CALLING_OUT}


# "one" is a kind of notice, in words of the portal's own (`NoticeKind`).
MAY_STAND_IN_MAIL = {
    "activate_url", "code", "current_site.name", "days", "deleted_email", "email", "from_email", "ip",
    "link", "undo_until", "password_reset_url", "portal_name", "signup_url", "timestamp", "to_email",
    "acting_link", "one", "until",
}  # fmt: skip


def test_no_mail_can_hold_anything_but_links_codes_and_addresses() -> None:
    letters = [
        *ROOT.glob("templates/**/email/**/*.txt"),
        *ROOT.glob("templates/email/**/*.subject"),
    ]
    written = {
        name for path in letters for name in re.findall(r"\{\{\s*([\w.]+)", path.read_text())
    }

    assert len(letters) > 20
    assert written <= MAY_STAND_IN_MAIL


def test_the_invitation_names_nobody(
    cast: Cast, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        grant_id = granting.grant(cast.alice, "new@example.org", scope=ALL)

    (letter,) = mail.outbox
    assert letter.to == ["new@example.org"]
    assert f"/sharing/invitations/{grant_id}/" in letter.body
    for name in ("alice", "archer"):
        assert name not in (str(letter.message()).lower())


def test_the_privacy_page_says_whom_to_write_to(settings: Settings) -> None:
    settings.PHR_CONTACT_EMAIL = "privacy@example.org"
    settings.PHR_INVITATION_DAYS, settings.PHR_IDLE_MINUTES = 9, 17
    settings.PHR_BACKUP_DAYS, settings.PHR_UNDO_HOURS = 19, 1
    settings.PHR_VAULT_BACKUP_DAYS, settings.PHR_EXPORT_DAYS = 5, 13
    page = text(visitor().get("/privacy/"))

    assert 'href="mailto:privacy@example.org"' in page
    assert "They have 9 days to accept." in page
    assert "After 17 minutes in which" in page
    assert "each destroyed after 19 days." in page
    assert "give yourself 1 hour to change" in page
    assert "each of those is destroyed after 5 days." in page
    assert "We destroy it after 13 days." in page


def test_a_real_portal_does_not_start_without_it() -> None:
    environment = {**os.environ, "PHR_ORIGIN": "https://records.example.org"}
    done = subprocess.run(
        [sys.executable, "-c", "import phr.settings"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert "PHR_CONTACT_EMAIL is not set" in done.stderr
