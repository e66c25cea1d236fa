"""Deleting everything from the pages: said before, chosen, proved, followed without an account."""

import re

import pytest
from django.core import mail
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts import mail as outbox
from accounts.actors import Actor, System
from accounts.models import User
from rights import saga
from rights.forms.erasures import DeleteForm
from rights.services import erasures
from tests.cast import PASSWORD, PURGER, Cast, put_in
from tests.doors import sign_in, text, visitor
from tests.worlds.synthea import lines

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
ALICE = "alice@example.org"
DELETE = "/rights/delete/"


@pytest.fixture
def alice(cast: Cast) -> Client:
    put_in(cast.alice, b"".join(lines(4)))
    return sign_in(ALICE)


def delete(alice: Client, *, undo: str = "no", what: str = "account") -> str:
    """Go through the pages. Returns the address of the deletion."""
    chosen = {"what": what, "undo": undo}
    assert "Check before you delete" in text(alice.post(DELETE, chosen))
    answer = alice.post(DELETE, chosen | {"confirmed": "yes", "password": PASSWORD})
    assert answer.status_code == 302
    return str(answer.headers["Location"])


def test_it_says_what_will_happen_and_offers_a_copy_first(alice: Client) -> None:
    page = text(alice.get(DELETE))

    for words in ("Download everything", "Print your record", "At once:", "the last backup"):
        assert words in page
    assert len(re.findall(r"By \d+ \w+ 20\d\d:", page)) == 2, "dates from how it is set up now"


def test_the_dates_follow_the_settings(alice: Client, settings: Settings) -> None:
    before = text(alice.get(DELETE))
    settings.PHR_BACKUP_DAYS = 90

    assert text(alice.get(DELETE)) != before


def test_without_the_password_nothing_happens(alice: Client) -> None:
    chosen = {"what": "account", "undo": "no", "confirmed": "yes"}

    for wrong in ({}, {"password": "not this"}):
        answer = alice.post(DELETE, chosen | wrong)
        assert answer.status_code == 200
    assert "This is not your password." in text(answer)
    assert alice.get("/records/").status_code == 200


def test_passwords_cannot_be_guessed_here(alice: Client) -> None:
    cache.clear()
    chosen = {"what": "account", "undo": "no", "confirmed": "yes"}
    answers = [text(alice.post(DELETE, chosen | {"password": f"guess {n}"})) for n in range(12)]

    assert any("too often" in answer for answer in answers)


def test_she_is_signed_out_and_follows_it_without_an_account(alice: Client) -> None:
    place = delete(alice)

    assert alice.get("/records/").status_code == 302
    saga.carry_on_due(PURGER)
    page = text(visitor().get(place))
    assert "Deleted for good" in page
    assert "alice" not in page.lower()
    certificates = place.replace("/rights/erasures/", "/certificates/")
    shown = text(visitor().get(certificates))
    assert shown.count("Genuine") == 3
    assert "alice" not in shown.lower()


def test_the_open_page_asks_again_and_is_answered_only_when_something_changed(
    alice: Client,
) -> None:
    place = delete(alice, undo="yes")
    page = text(visitor().get(place))
    assert "Hidden, and deleted later" in page
    assert page.count(">Done<") == 1, "hidden it is from the request on"
    (asks,) = re.findall(rf'hx-get="({place}\?seen=\w+)"', page)
    assert visitor().get(asks, headers={"HX-Request": "true"}).status_code == 204

    visitor().post(f"{place}undo/", {"email": ALICE, "password": PASSWORD})

    fragment = text(visitor().get(asks, headers={"HX-Request": "true"}))
    assert "<h1" in fragment
    assert "hx-get" not in fragment
    assert re.search(r'id="erasure-news" hx-swap-oob.*A deletion that was undone', fragment)


def test_staff_are_told_why_they_cannot(cast: Cast) -> None:
    del cast
    sam = sign_in("sam@example.org")
    sent = {"what": "account", "undo": "no", "confirmed": "yes", "password": PASSWORD}

    page = text(sam.post(DELETE, sent))

    assert "You are a member of staff." in page
    assert "at the latest" in page


def test_she_cannot_sign_in_any_more(alice: Client) -> None:
    delete(alice, undo="yes")

    answer = visitor().post("/accounts/login/", {"login": ALICE, "password": PASSWORD})
    assert answer.headers["Location"] == "/accounts/inactive/"


def test_it_can_be_undone_from_the_page(alice: Client) -> None:
    place = delete(alice, undo="yes")
    undo = f"{place}undo/"
    assert "undo this" in text(visitor().get(place))
    wrong = visitor().post(undo, {"email": ALICE, "password": "wrong"})
    assert "Check the email address and the password." in text(wrong)

    answer = visitor().post(undo, {"email": ALICE, "password": PASSWORD})

    assert answer.headers["Location"] == "/accounts/login/"
    assert "Nothing was deleted" in text(visitor().get(place))
    assert sign_in(ALICE).get("/records/").status_code == 200


def test_she_is_written_to_and_the_mail_says_nothing_of_health(
    cast: Cast, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        reference = erasures.erase_everything(cast.alice, account=True, undo_hours=72)
    outbox.send_due(Actor.job(System.MAIL))

    (letter,) = mail.outbox
    assert letter.to == [ALICE]
    assert reference in letter.body
    assert "undo it before" in letter.body


def test_the_account_stays_when_she_chose_so(alice: Client) -> None:
    place = delete(alice, what="record")

    saga.carry_on_due(PURGER)
    assert alice.get("/account/").status_code == 200
    assert "Deleted" in text(alice.get(place))
    assert alice.get("/records/").status_code == 302


def test_while_it_goes_no_new_record_is_begun(alice: Client) -> None:
    delete(alice, what="record", undo="yes")

    assert "Your old record is being deleted" in text(alice.get("/welcome/patient/"))


def test_a_person_without_a_record_deletes_her_account(cast: Cast) -> None:
    bob = sign_in("bob@example.org")

    assert "Delete your account" in text(bob.get(DELETE))
    place = delete(bob)
    saga.carry_on_due(PURGER)
    assert "Deleted for good" in text(visitor().get(place))
    assert cast.bob.user_id


def test_a_certificate_can_be_checked_from_its_file(
    alice: Client, tmp_path: object, capsys: pytest.CaptureFixture[str]
) -> None:
    place = delete(alice)
    saga.carry_on_due(PURGER)
    reference = place.rstrip("/").rsplit("/", 1)[1]
    file = tmp_path / "certificate.json"  # type: ignore[operator]
    answer = visitor().get(f"/certificates/{reference}/3/")
    file.write_bytes(answer.content)

    call_command("verify_certificate", str(file))
    call_command("verify_certificate", reference)
    assert capsys.readouterr().out.count('"genuine": true') == 4

    file.write_bytes(answer.content.replace(b'"document": "e', b'"document": "f', 1))
    with pytest.raises((SystemExit, CommandError)):
        call_command("verify_certificate", str(file))
    with pytest.raises(CommandError):
        call_command("verify_certificate", "AAAA-BBBB-CCCC-DDDD")


def test_who_has_no_password_is_not_promised_to_undo_it() -> None:
    user = User(email=ALICE)
    user.set_unusable_password()
    form = DeleteForm({"what": "account", "undo": "yes"}, user=user)

    assert not form.is_valid()
    assert "set a password first" in str(form["undo"].help_text)
