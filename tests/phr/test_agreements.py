"""The words that a patient agrees to claim no more than the portal knows."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from django.urls import reverse
from django.utils import timezone

from sharing.models import AgreementKind
from sharing.services import agreements, listing, vetting
from tests.cast import Cast
from tests.doors import sign_in, text
from tests.worlds.facilities import opened

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
FORM = {"categories": ["laboratory"], "may_copy": "no", "purpose": "TREAT"}


@pytest.fixture
def facility_id(cast: Cast) -> UUID:
    """With an agreement in force, one nobody read, one that ran out, and one that did so unread."""
    pk, today = opened(cast), timezone.now().date()
    gone = today - timedelta(days=1)
    added: dict[str, UUID] = {}
    ends: dict[str, date | None] = {"7": today, "8": None, "5": gone, "4": gone}
    for version, last in ends.items():
        added[version] = agreements.add(
            cast.bob, pk, kind=AgreementKind.BAA, version=version, ends_on=last,
            signed_on=date(2020, 1, 31), document=b"%PDF-1.7",
        )  # fmt: skip
    for version in ("7", "5"):
        vetting.confirm_agreement(cast.sam, added[version])
    return pk


def test_it_is_bound_only_by_what_staff_read_and_what_is_in_force(
    cast: Cast, facility_id: UUID
) -> None:
    alice = sign_in("alice@example.org")
    check = text(alice.post(reverse("phr:share_facility", args=[facility_id]), FORM))
    page = text(alice.get(reverse("sharing:facility", args=[facility_id])))
    for shown in (check, page):
        assert shown.count("<strong>It has run out</strong>") == 2
        assert shown.count("The facility says that it has signed it.") == 1

    alice.post(reverse("phr:share_facility", args=[facility_id]), FORM | {"confirmed": "yes"})
    (held,) = listing.given(cast.alice)
    kept = listing.receipt(cast.alice, held.grant.pk).agreement
    name = AgreementKind.BAA.label
    assert f"It is bound by: {name}, version 7, signed on 31 January 2020, until" in kept
    assert kept.count("bound by") == 1
    assert f"The facility says that it has signed: {name}, version 8, on 31 January 2020." in kept
    assert "The staff of this portal have not read it." in kept
    for gone in ("version 5", "version 4"):
        assert gone not in kept


@pytest.mark.usefixtures("cast")
def test_who_may_only_send_in_is_said_to_see_nothing_now_or_later() -> None:
    chosen = {"email": "bob@example.org", "may_copy": "no", "purpose": "TREAT"}
    page = text(
        sign_in("alice@example.org").post("/sharing/new/", chosen | {"inward": ["laboratory"]})
    )

    assert "They will see nothing of your record" in page
    assert "nothing yet" not in page
    assert "that you add later are shared too" not in page
