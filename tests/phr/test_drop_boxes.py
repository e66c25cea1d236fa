"""A drop-box: a clinic without an account sends files in, once, and sees nothing."""

from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags

from accounts.acting import acting_as
from accounts.actors import Actor
from phr.models import Record
from phr.services import imports, records, reviews, uploads
from sharing import policy
from sharing.policy import Action
from sharing.services import granting, links, listing
from tests.cast import IMPORTER, Cast
from tests.doors import sign_in, text, visitor
from tests.phr.test_deliveries import FILE

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
FORM: dict[str, Any] = {
    "recipient": "Hut clinic",
    "inward": ["laboratory"],
    "passcode": "no",
    "ends_on": (datetime.now(UTC) + timedelta(days=7)).date().isoformat(),
}
NEW = "/sharing/drop-boxes/new/"


def made(cast: Cast, **chosen: str) -> str:
    """Make one by the page. Returns the path of the link."""
    yes = FORM | chosen | {"confirmed": "yes"}
    page = text(sign_in("alice@example.org").post(NEW, yes))
    assert "Link for Hut clinic" in page
    grant_id = listing.given(cast.alice)[0].grant.pk
    return "/drop/" + links.one(cast.alice, grant_id).url.split("/drop/")[1]


def test_she_reads_the_very_words_that_are_kept_before_it_is_made(cast: Cast) -> None:
    alice = sign_in("alice@example.org")
    page = text(alice.post(NEW, FORM))
    assert "Check before you share" in page
    assert "They will see nothing of your record" in page
    assert "Make the link" in page
    assert listing.given(cast.alice) == []
    digest = page.split('name="words" value="')[1].split('"')[0]

    told = text(alice.post(NEW, FORM | {"confirmed": "yes", "words": "0" * 64}))
    assert "What you agree to has changed since you read it." in told
    assert listing.given(cast.alice) == []
    back = text(alice.post(NEW, FORM | {"change": "yes"}))
    assert 'value="Hut clinic"' in back

    assert "Link for Hut clinic" in text(
        alice.post(NEW, FORM | {"confirmed": "yes", "words": digest})
    )
    (held,) = listing.given(cast.alice)
    kept = listing.receipt(cast.alice, held.grant.pk).agreement
    assert "I let whoever has the link that I made for Hut clinic look at nothing" in kept
    shown = unescape(strip_tags(page.split("The words you agree to")[1].replace("<br>", " ")))
    assert " ".join(kept.split()) in " ".join(shown.split())


def come_in(clinic: Client, path: str) -> str:
    answer = clinic.post(path, {"recipient": "Nurse Ida"})
    assert answer.status_code == 302
    return str(answer.headers["Location"])


def file() -> dict[str, SimpleUploadedFile]:
    return {"files": SimpleUploadedFile("lab.json", FILE, "application/json")}


def test_what_a_clinic_drops_waits_for_her_yes_and_says_who_brought_it(cast: Cast) -> None:
    path, clinic = made(cast), visitor()
    assert "Alice" not in text(clinic.get(path))
    place = come_in(clinic, path)
    assert "Send records to Alice Archer" in text(clinic.get(place))
    assert "Sent" in text(clinic.post(place, file()))

    (waiting,) = uploads.uploads(cast.alice)
    imports.import_upload(IMPORTER, waiting.upload.pk)
    page = text(sign_in("alice@example.org").get("/records/upload/"))
    assert "somebody with your drop-box link, who gave the name “Nurse Ida”" in page
    reviews.confirm(cast.alice, waiting.upload.pk)
    imports.import_upload(IMPORTER, waiting.upload.pk)
    with acting_as(cast.alice):
        (row,) = Record.objects.all()
    (source,) = records.open_record(cast.alice, cast.alice_id, row.pk).sources
    assert source.sent_by == "somebody who called themselves “Nurse Ida”, by your drop-box"


def test_it_works_once(cast: Cast) -> None:
    path, clinic = made(cast), visitor()
    place = come_in(clinic, path)
    clinic.post(place, file())

    assert clinic.get(place).status_code == 404
    assert clinic.post(place, file()).status_code == 404
    assert visitor().get(path).status_code == 404
    assert visitor().get(place).status_code == 404


def test_nothing_comes_in_by_a_link_that_was_destroyed(cast: Cast) -> None:
    path, clinic = made(cast), visitor()
    place = come_in(clinic, path)
    granting.revoke(cast.alice, listing.given(cast.alice)[0].grant.pk)

    assert clinic.post(place, file()).status_code == 404
    assert uploads.uploads(cast.alice) == []


def test_it_shows_nothing_of_the_record_and_a_link_to_look_takes_nothing_in(cast: Cast) -> None:
    path = made(cast)
    assert visitor().get(path.replace("/drop/", "/link/")).status_code == 404
    grant = listing.given(cast.alice)[0].grant
    with acting_as(Actor.link(grant.pk)):
        assert not policy.patients(Actor.link(grant.pk), Action.READ).exists()
    assert grant.ends_at
    assert grant.ends_at < timezone.now() + timedelta(days=8)


def test_a_passcode_is_asked_for(cast: Cast) -> None:
    path, clinic = made(cast, passcode="yes"), visitor()
    said = text(clinic.post(path, {"recipient": "Nurse Ida", "passcode": "1"}))
    assert "This passcode is wrong." in said
