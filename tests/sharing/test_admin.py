"""The desk: two members of staff verify a facility, one suspends it, a document is read there."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import LazySettings
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import LicenceCheck, Practitioner
from sharing.models import AgreementKind, Organization, PractitionerRole, Role
from sharing.services import agreements, facilities, vetting
from tests.cast import Cast, join
from tests.doors import body, give_second_factor, sign_in, text
from tests.raw import as_owner, open_walls
from tests.worlds.facilities import FACTS, employ, opened

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
SAM, UNA = "sam@example.org", "una@example.org"
Captured = Callable[..., AbstractContextManager[Any]]


def desk(email: str) -> Client:
    return sign_in(email, secret=give_second_factor(email))


def address(pk: UUID) -> str:
    return f"/admin/sharing/organization/{pk}/change/"


def row(pk: UUID) -> Organization:
    with as_owner():
        return Organization.objects.get(pk=pk)


def test_the_queue_the_page_and_two_yeses(cast: Cast) -> None:
    join(UNA, staff=True)
    open_walls()
    pk = facilities.register(cast.bob, FACTS)
    sam, una = desk(SAM), desk(UNA)
    assert "to be verified (1)" in text(sam.get("/admin/sharing/organization/"))

    seen = vetting.read(cast.sam, pk).digest
    sam.post(address(pk), {"act": "verify", "seen": seen})
    again = text(sam.post(address(pk), {"act": "verify", "seen": seen}, follow=True))
    assert "A second member of staff must." in again
    page = text(una.post(address(pk), {"act": "verify", "seen": seen}, follow=True))

    assert all(email in page for email in (SAM, UNA))
    assert row(pk).verified_at
    una.post(address(pk), {"act": "suspend"})
    assert row(pk).suspended_at
    una.post(address(pk), {"act": "resume"})
    una.post(address(pk), {"act": "doubt"})
    assert row(pk).state == "new"
    assert una.post(address(pk), {"act": "delete"}).status_code == 404


def test_an_agreement_is_read_and_confirmed_at_the_desk(cast: Cast) -> None:
    pk, today = opened(cast), timezone.now().date()
    added = agreements.add(
        cast.bob, pk, kind=AgreementKind.BAA, version="7", signed_on=today, ends_on=None,
        document=b"%PDF-1.7 signed",
    )  # fmt: skip
    sam = desk(SAM)
    assert "version 7" in text(sam.get(address(pk)))

    answer = sam.get(f"/admin/sharing/organization/agreements/{added}/")
    sam.post(address(pk), {"act": "confirm", "agreement": str(added)})

    assert body(answer) == b"%PDF-1.7 signed"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    alice = sign_in("alice@example.org")
    assert "Our staff read it on" in text(alice.get(f"/facilities/{pk}/"))
    shown = alice.get(f"/facilities/{pk}/agreements/{added}/")
    assert body(shown) == b"%PDF-1.7 signed"
    assert shown.headers["Content-Type"] == "application/pdf"


def test_staff_look_a_licence_up_before_they_verify(
    cast: Cast,
    settings: LazySettings,
    tmp_path: Path,
    django_capture_on_commit_callbacks: Captured,
) -> None:
    del cast
    settings.PHR_LICENCE_REGISTER = str(tmp_path / "licences.csv")
    (tmp_path / "licences.csv").write_text("number,name\nGMC 123,Carl Brown\n")
    bobs, sam = Practitioner.objects.get().pk, desk(SAM)
    chosen = {"_selected_action": str(bobs)}

    with django_capture_on_commit_callbacks(execute=True):
        sam.post("/admin/accounts/practitioner/", {"action": "look_up", **chosen})
    page = text(sam.get("/admin/accounts/practitioner/"))

    assert "other-name, " in page
    assert LicenceCheck.objects.get().registered_name == "Carl Brown"
    assert Practitioner.objects.get().verified_at is None
    sam.post("/admin/accounts/practitioner/", {"action": "verify", **chosen})
    assert Practitioner.objects.get().recheck_on
    sam.post("/admin/accounts/practitioner/", {"action": "doubt", **chosen})
    assert Practitioner.objects.get().verified_at is None


def test_an_administrator_starts_a_reset_and_learns_no_address(
    cast: Cast, django_capture_on_commit_callbacks: Captured
) -> None:
    pk = opened(cast)
    nina = employ(cast, pk, "nina@example.org", Role.NURSE)
    open_walls()
    with as_owner():
        role = PractitionerRole.objects.get(user=nina.user_id).pk
    bob = sign_in("bob@example.org")
    mail.outbox.clear()

    with django_capture_on_commit_callbacks(execute=True):
        page = text(bob.post(f"/facilities/people/{role}/reset-password/", follow=True))

    assert [letter.to for letter in mail.outbox] == [["nina@example.org"]]
    assert "/accounts/password/reset/key/" in str(mail.outbox[0].body)
    assert "We have sent them the mail" in page
    assert "nina@example.org" not in page
