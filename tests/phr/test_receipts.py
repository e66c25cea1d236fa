"""The receipt: who looked and copied, under which policies, on page and paper, and what came of it."""

import hashlib
import io
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from pypdf import PdfReader

from accounts.acting import acting_as, note
from accounts.actors import Denied
from phr import agreements
from phr.services import looks, receipts, records
from sharing.models import Answer
from sharing.services import attestations, granting
from tests.cast import ALL, Cast
from tests.doors import sign_in, text
from tests.sharing.test_attestations import copy
from tests.worlds.kept import keep

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]


@pytest.fixture
def grant_id(cast: Cast) -> UUID:
    """Bob looked at Alice's record twice and copied something; she took it back."""
    keep(cast.alice_id)
    found = cast.share()
    for _ in range(2):
        records.timeline(cast.bob, cast.alice_id)
    copy(cast, found)
    granting.revoke(cast.alice, found)
    return found


def test_it_says_who_looked_and_copied_how_often(cast: Cast, grant_id: UUID) -> None:
    (bob,) = receipts.whole(cast.alice, grant_id).used.people

    assert (bob.who, bob.looks, bob.copies) == ("Dr Bob Brown", 2, 1)
    assert bob.first_at < bob.last_at


def test_nobody_reads_the_receipt_of_another(cast: Cast, grant_id: UUID) -> None:
    for actor in (cast.bob, cast.carol):
        for made in (receipts.whole, receipts.letter, receipts.receipt_pdf, receipts.letter_pdf):
            with pytest.raises(Denied):
                made(actor, grant_id)


def test_the_agreement_keeps_the_version_of_the_policy() -> None:
    policy = (Path(settings.BASE_DIR) / "templates/phr/privacy.html").read_bytes()
    version = hashlib.sha256(policy).hexdigest()[:12]

    assert f"policy of this portal: version {version}." in agreements.words(ALL, "Bob", [])


def test_the_page_tells_of_the_answer(cast: Cast, grant_id: UUID) -> None:
    client = sign_in("alice@example.org")
    assert "No answer yet" in text(client.get(f"/sharing/receipts/{grant_id}/"))
    (asked,) = attestations.asked_of_me(cast.bob)
    doctor = sign_in("bob@example.org")
    assert "Alice Archer" in text(doctor.get("/shared/copies/"))
    address = f"/shared/copies/{asked.row.pk}/"
    assert "Choose why" in text(doctor.post(address, {"answer": "cannot"}))
    assert doctor.post(address, {"answer": "destroyed", "words": "Shredded."}).status_code == 302

    page = text(client.get(f"/sharing/receipts/{grant_id}/"))
    assert Answer.DESTROYED.label in page
    assert "Shredded." in page
    assert "looked 2 times, copied 1 time, last on" in page
    assert client.get(address).status_code == 404


def test_the_letter_is_ready_to_be_sent(cast: Cast, grant_id: UUID) -> None:
    letter = receipts.letter(cast.alice, grant_id)

    assert "To: Dr Bob Brown, Doctor, Cardiology" in letter
    assert "1 item was downloaded" in letter
    assert letter.endswith("Alice Archer")
    assert str(grant_id) in letter


def test_both_are_to_be_had_on_paper(grant_id: UUID) -> None:
    for name, words in (("receipt.pdf", "looked 2 times"), ("letter.pdf", "Please destroy every")):
        answer = sign_in("alice@example.org").get(f"/sharing/receipts/{grant_id}/{name}")
        assert answer.headers["Content-Type"] == "application/pdf"
        assert words in said(answer.content)


def said(pdf: bytes) -> str:
    return " ".join(
        " ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(pdf)).pages
    )


def test_a_long_receipt_comes_in_parts_and_whole(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [keep(cast.alice_id, text=f"Item {number}").pk for number in range(5)]
    found = cast.share()
    for pk in rows:
        records.open_record(cast.bob, cast.alice_id, pk)

    parts = [looks.receipt(cast.alice, found, number=number, most=2) for number in range(1, 5)]

    assert [one.receipt.seen.count for one in parts] == [5] * 4
    assert [pk for part in parts for pk, _, _ in part.seen] == rows
    assert [(one.before, one.after) for one in parts[:3]] == [(None, 2), (1, 3), (2, None)]
    for bound in ("MOST_ON_PAPER", "MOST_LISTED"):
        monkeypatch.setattr(f"phr.services.receipts.{bound}", 2)
    paper = said(receipts.receipt_pdf(cast.alice, found))
    assert "first 2 of 5" in paper
    assert "Item 1" in paper
    assert "Item 2" not in paper


def test_the_page_of_a_long_receipt_leads_on(cast: Cast) -> None:
    found = cast.share()
    with acting_as(cast.bob):
        basis = f"grant:{found}"
        note("read", patient_id=cast.alice_id, records=[uuid4() for _ in range(201)], basis=basis)
    alice = sign_in("alice@example.org")

    first = text(alice.get(f"/sharing/receipts/{found}/"))
    second = text(alice.get(f"/sharing/receipts/{found}/?page=2"))

    assert (first.count("An item that has been"), second.count("An item that has been")) == (200, 1)
    assert "What they saw: 201" in second
    assert "?page=2" in first
    assert "?page=1" in second
    assert alice.get(f"/sharing/receipts/{found}/?page=word").status_code == 200
