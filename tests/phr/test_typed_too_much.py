"""What is too long, too far or no text at all is said in the form, and breaks nothing."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from accounts import services as accounts
from accounts.acting import acting_as
from accounts.models import Practitioner
from sharing.models import Grant, PractitionerRole, Role
from sharing.services import granting, links, rosters
from sharing.services.recipients import Refused
from tests.cast import ALL, Cast
from tests.doors import sign_in
from tests.worlds.facilities import employ, opened

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
LONG = "a" * 60 + "@" + ".".join(["b" * 60] * 4) + ".example.org"
SCOPE = {"categories": ["laboratory"], "may_copy": "no", "may_reshare": "no", "purpose": "TREAT"}
FACILITY = {"name": "x", "place": "y", "regime": "gdpr", "policy_version": "1"}
FAR = {"policy_url": "https://x.example/" + "a" * 300}


def test_an_address_longer_than_an_address_can_be_is_told_in_the_form(cast: Cast) -> None:
    facility = opened(cast)
    accounts.verify_practitioner(cast.sam, Practitioner.objects.get(user=cast.bob.user_id).pk)
    grant_id = cast.share(replace(ALL, may_reshare=True))
    alice, bob = sign_in("alice@example.org"), sign_in("bob@example.org")
    proxy = {"authority": "attorney", "acts": "manage"}
    for who, address, said in (
        (bob, f"/facilities/{facility}/invite/", {"code": "nurse"}),
        (bob, f"/facilities/{facility}/change/", FACILITY | FAR),
        (bob, "/facilities/new/", FACILITY | FAR),
        (
            bob,
            "/shared/ask/",
            {"reason": "You come to me on Monday.", "categories": ["laboratory"]},
        ),
        (bob, f"/shared/grants/{grant_id}/pass-on/", {}),
        (alice, "/sharing/new/", SCOPE | {"confirmed": "yes"}),
        (alice, "/sharing/proxies/new/", SCOPE | proxy | {"confirmed": "yes"}),
    ):
        answer = who.post(address, said | {"email": LONG})
        assert answer.status_code == 200, address
        assert b"error" in answer.content, address
    with acting_as(cast.alice):
        assert Grant.objects.count() == 1


def test_nothing_is_passed_on_until_a_day_that_is_over(cast: Cast) -> None:
    grant_id = cast.share(replace(ALL, may_reshare=True))
    said = {"email": "rose@example.org", "ends_on": "2001-01-01"}
    answer = sign_in("bob@example.org").post(f"/shared/grants/{grant_id}/pass-on/", said)
    assert b"Choose today or a later day." in answer.content


def test_a_facility_does_not_close_by_a_slip_in_the_year(cast: Cast) -> None:
    said = {"closes_on": "9999-12-31", "sure": "on"}
    answer = sign_in("bob@example.org").post(f"/facilities/{opened(cast)}/close/", said)
    assert b"within the next two years" in answer.content


def test_nobody_is_put_on_call_afterwards_nor_for_years_ahead(cast: Cast) -> None:
    facility, now = opened(cast), timezone.now()
    employ(cast, facility, "otto@example.org", Role.ON_CALL)
    with acting_as(cast.bob):
        role: UUID = PractitionerRole.objects.get(code=Role.ON_CALL).pk
    eight = timedelta(hours=8)
    for begins in (now - timedelta(days=1), now + timedelta(days=400)):
        with pytest.raises(Refused):
            rosters.add(cast.bob, facility, role, starts_at=begins, ends_at=begins + eight)
    rosters.add(cast.bob, facility, role, starts_at=now - timedelta(hours=1), ends_at=now + eight)


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b"\xff", json.dumps({"recipient": "\ud800"}), '{"passcode": "\\ud800"}'],
)
def test_an_app_that_says_no_text_gets_a_400(cast: Cast, body: Any) -> None:
    made = links.make(
        cast.alice, "Lee", scope=replace(ALL, ends_at=timezone.now() + timedelta(days=3))
    )
    address = links.one(cast.alice, made.grant_id).url.partition("#")[0]
    path = "/link/" + address.partition("/link/")[2] + "manifest"
    answer = Client().post(path, body, content_type="application/json")
    assert answer.status_code == 400


def test_a_link_has_one_address_so_that_it_opens_only_so_often(cast: Cast) -> None:
    made = links.make(
        cast.alice, "Lee", passcode=False,
        scope=replace(ALL, ends_at=timezone.now() + timedelta(days=3)),
    )  # fmt: skip
    secret = links.one(cast.alice, made.grant_id).url.partition("#")[0].split("/")[-2]
    for written, status in (
        (secret, 200), (f"{secret}=", 404), (f"!{secret}", 404), (f"{secret[:5]}.{secret[5:]}", 404),
    ):  # fmt: skip
        answer = Client().post(
            f"/link/{written}/manifest", {"recipient": "Lee"}, content_type="application/json"
        )
        assert answer.status_code == status, written
    granting.revoke(cast.alice, made.grant_id)
