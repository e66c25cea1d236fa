"""The emergency card, the page for who helps, and the staff desk's page about it."""

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from accounts.models import User
from sharing.models import Role
from sharing.services import emergencies
from tests.cast import Cast
from tests.doors import give_second_factor, sign_in, text
from tests.sharing.test_emergencies import WHY, Ward
from tests.worlds.facilities import employ
from tests.worlds.kept import keep

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]


def proved(email: str) -> Client:
    """Signed in with the second factor, which replaces one set up before."""
    Authenticator.objects.filter(user=User.objects.get(email=email)).delete()
    return sign_in(email, secret=give_second_factor(email))


def typed(ward: Ward, **said: str) -> dict[str, str]:
    return {"code": ward.code, "organization": str(ward.facility), "reason": WHY} | said


def test_she_makes_a_card_prints_it_and_switches_it_off(cast: Cast) -> None:
    alice = sign_in("alice@example.org")
    assert "Off" in text(alice.get("/sharing/emergency/"))
    form = {"categories": ["allergies", "medications"], "names_her": "on"}
    made = alice.post("/sharing/emergency/", form)
    assert made.headers["Location"] == "/sharing/emergency/card/"
    page = text(alice.get("/sharing/emergency/card/"))
    plan = emergencies.plan(cast.alice)
    assert plan
    assert plan.typed in page
    assert "Alice Archer" in page
    assert "<svg" in page
    alice.post("/sharing/emergency/disarm/")
    assert alice.get("/sharing/emergency/card/").headers["Location"] == "/sharing/emergency/"


def test_a_clinician_with_a_second_factor_opens_the_record_from_the_card(cast: Cast) -> None:
    keep(cast.alice_id)
    ward = Ward(cast)
    dora = proved("dora@example.org")
    page = dora.get(f"/emergency/{ward.code}/")
    assert ward.code in text(page)
    assert "Alice" not in text(page)
    came = dora.post("/emergency/", typed(ward))
    assert came.headers["Location"] == f"/shared/{cast.alice_id}/"
    assert "Glucose" in text(dora.get(f"/shared/{cast.alice_id}/"))

    told = text(sign_in("alice@example.org").get("/sharing/emergency/"))
    assert WHY in told
    assert "Riverside Clinic" in told


def test_without_the_second_factor_in_this_session_nobody_comes_to_the_page(cast: Cast) -> None:
    ward = Ward(cast)
    employ(cast, ward.facility, "nils@example.org", Role.NURSE)
    nils = sign_in("nils@example.org")
    for answer in (nils.get("/emergency/"), nils.post("/emergency/", typed(ward))):
        assert answer.headers["Location"] == "/accounts/2fa/"
    assert proved("carol@example.org").get("/emergency/").status_code == 404


def test_a_reason_must_be_typed_and_wrong_codes_are_counted(cast: Cast) -> None:
    ward = Ward(cast)
    dora = proved("dora@example.org")
    assert "opens nothing" not in text(dora.post("/emergency/", typed(ward, reason="sick")))
    wrong = typed(ward, code="0000-0000-0000-0000")
    for _ in range(10):
        assert "opens nothing for you now" in text(dora.post("/emergency/", wrong))
    assert "too many codes" in text(dora.post("/emergency/", typed(ward)))


def test_staff_find_what_is_due_read_the_reason_and_close_it(cast: Cast) -> None:
    keep(cast.alice_id)
    ward = Ward(cast)
    ward.open()
    sam = proved("sam@example.org")
    listed = text(sam.get("/admin/sharing/emergencyaccess/?state=due"))
    pk = str(ward.access().pk)
    assert pk in listed
    assert pk not in text(sam.get("/admin/sharing/emergencyaccess/?state=overdue"))
    page = text(sam.get(f"/admin/sharing/emergencyaccess/{pk}/change/"))
    assert WHY in page
    assert "Glucose" not in page
    assert "Alice" not in page
    assert (
        sam.post(f"/admin/sharing/emergencyaccess/{pk}/change/", {"outcome": "x"}).status_code
        == 404
    )
    sam.post(f"/admin/sharing/emergencyaccess/{pk}/change/", {"outcome": "misuse"})
    assert ward.access().outcome == "misuse"
    assert pk not in text(sam.get("/admin/sharing/emergencyaccess/?state=due"))
