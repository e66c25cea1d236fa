"""Sharing: choose, check what they will see, share; the receipt; the log and its table."""

import csv
import re
from dataclasses import replace
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts import directory as professionals
from accounts import services as accounts
from accounts.actors import Actor, Denied
from accounts.cells import formula_safe
from phr.services import records
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.services import facilities, granting, listing
from tests.cast import Cast, join
from tests.doors import body, sign_in, text
from tests.standing import Standing
from tests.worlds.facilities import FACTS, opened
from tests.worlds.shared_record import Shared

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
FORM: dict[str, Any] = {
    "email": "bob@example.org",
    "categories": [one.value for one in Category],
    "may_copy": "no",
    "purpose": "TREAT",
}


@pytest.fixture(scope="module")
def world(standing: Standing) -> Shared:
    """Alice's record, with nobody let in by the tests' own hand."""
    with standing.built():
        world = Shared.enter()
    for name in ("grant_id", "lou_grant_id", "invitation_id"):
        granting.revoke(world.cast.alice, world.ids[name])
    return world


def share(alice: Client, **chosen: Any) -> str:
    """Send the form and then the check page; returns what the check page said."""
    page = text(alice.post("/sharing/new/", FORM | chosen))
    done = alice.post("/sharing/new/", FORM | chosen | {"confirmed": "yes"})
    assert done.status_code == 302
    return page


def promised(page: str) -> int:
    """How many items the check page says the other person will see."""
    found = re.search(r"They will see (\d+) items?\.", page)
    return int(found[1]) if found else 0


def accept_newest(world: Shared) -> UUID:
    newest = listing.given(world.cast.alice)[0].grant.pk
    granting.accept(world.cast.bob, newest)
    return newest


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"categories": ["allergies", "medications"]},
        {"sensitive": ["HIV"]},
        {"sensitive": ["HIV", "unclassified"]},
        {"categories": ["conditions"], "sensitive": ["HIV"]},
        {"categories": ["coverage"]},
    ],
    ids=lambda chosen: "+".join(one for many in chosen.values() for one in many) or "ordinary",
)
def test_they_see_just_as_many_items_as_the_check_page_said(
    world: Shared, chosen: dict[str, Any]
) -> None:
    page = share(sign_in("alice@example.org"), **chosen)
    accept_newest(world)

    seen = records.timeline(world.cast.bob, world.cast.alice_id).items

    assert len(seen) == promised(page)


def test_sensitive_items_are_left_out_unless_ticked(world: Shared) -> None:
    alice, bob = sign_in("alice@example.org"), sign_in("bob@example.org")
    shown = text(alice.get("/sharing/new/"))
    sensitive = re.findall(r'<input[^>]*name="sensitive"[^>]*>', shown)
    assert len(sensitive) == len(Sensitivity) - 1
    assert not any("checked" in one for one in sensitive)
    share(alice)
    accept_newest(world)

    page = text(bob.get(f"/shared/{world.cast.alice_id}/"))

    assert "HIV" not in page
    assert bob.get(f"/shared/{world.cast.alice_id}/{world.ids['secret_id']}/").status_code == 404


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"email": "nobody"}, "mail address"),
        ({"categories": []}, "What may they see?"),
        ({"ends_on": "2001-01-01"}, "Choose today or a later day."),
        ({"sensitive": ["XXX"]}, "Sensitive information"),
        ({"may_copy": "perhaps"}, "May they keep copies?"),
    ],
)
def test_a_wrong_choice_is_told_and_shares_nothing(
    cast: Cast, wrong: dict[str, Any], sentence: str
) -> None:
    answer = sign_in("alice@example.org").post("/sharing/new/", FORM | wrong | {"confirmed": "yes"})

    page = text(answer)
    assert answer.status_code == 200
    assert "There is a problem" in page
    assert sentence in page
    assert listing.given(cast.alice) == []


def test_change_something_leads_back_to_the_filled_form(cast: Cast) -> None:
    page = text(sign_in("alice@example.org").post("/sharing/new/", FORM | {"change": "yes"}))

    assert 'value="bob@example.org"' in page
    assert listing.given(cast.alice) == []


def test_sharing_asks_for_the_password_again(cast: Cast) -> None:
    del cast
    alice = sign_in("alice@example.org")
    session = alice.session
    for proof in session["account_authentication_methods"]:
        proof["at"] -= 301
    session.save()

    asked = alice.get("/sharing/new/")
    sent = alice.post("/sharing/new/", FORM | {"confirmed": "yes"})

    assert asked.headers["Location"] == "/accounts/reauthenticate/?next=%2Fsharing%2Fnew%2F"
    assert sent.headers["Location"] == asked.headers["Location"]
    back = alice.post(asked.headers["Location"], {"password": "correct horse battery staple"})
    assert back.headers["Location"] == "/sharing/new/"
    assert alice.get("/sharing/new/").status_code == 200
    assert "account_reauthentication_state" not in alice.session


def test_the_receipt_says_what_was_seen_and_what_was_copied(world: Shared) -> None:
    alice, bob = sign_in("alice@example.org"), sign_in("bob@example.org")
    share(alice, sensitive=["unclassified"], may_copy="yes")
    grant_id = accept_newest(world)
    about = f"/shared/{world.cast.alice_id}/"
    bob.get(f"{about}{world.ids['weight_id']}/")
    body(bob.get(f"{about}{world.ids['record_id']}/files/{world.ids['original_id']}/"))

    sent = alice.post(f"/sharing/grants/{grant_id}/revoke/")
    page = text(alice.get(sent.headers["Location"]))

    seen, copied = page.split("What they copied")
    assert sent.headers["Location"] == f"/sharing/receipts/{grant_id}/"
    assert "Dr Bob Brown" in seen
    assert "72 kg" in seen
    assert ".png" in copied
    assert "72 kg" not in copied
    assert "You took it back on" in page


def test_the_log_names_who_looked_and_who_was_refused(world: Shared, settings: Settings) -> None:
    settings.PHR_PAGE_SIZE = 200
    bob = sign_in("bob@example.org")
    bob.get(f"/shared/{world.cast.alice_id}/{world.ids['weight_id']}/")
    alice = sign_in("alice@example.org")

    everything = text(alice.get("/sharing/log/?mine=on"))
    others = text(alice.get("/sharing/log/"))
    refused = text(alice.get("/sharing/log/?denied=on"))
    bobs = text(alice.get(f"/sharing/log/?who={world.cast.bob.user_id}"))

    assert "Dr Bob Brown" in everything
    assert "tried to open your record and was refused" in refused
    assert "shared the record" in everything
    assert "shared the record" not in others
    assert "Dr Bob Brown" in others
    assert "shared the record" not in refused
    assert "shared the record" not in bobs
    assert "accepted your invitation" in bobs


def test_the_table_of_the_log_holds_no_formula(world: Shared) -> None:
    eve = Actor.session(join("eve@example.org").pk)
    name = '=HYPERLINK("http://evil.example")'
    accounts.register_practitioner(
        eve, name=name, profession="Doctor", specialty="", licence_number="1"
    )
    with pytest.raises(Denied):
        records.timeline(eve, world.cast.alice_id)

    answer = sign_in("alice@example.org").get("/sharing/log/?format=csv&mine=on")

    rows = list(csv.reader(StringIO(text(answer))))
    assert rows[0] == ["When (UTC)", "Who", "What", "Under", "Allowed", "Items"]
    assert len(rows) > 10
    assert answer.headers["Content-Disposition"] == 'attachment; filename="who-has-looked.csv"'
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert [row for row in rows if row[1].startswith(f"'{name}")]
    assert not [cell for row in rows for cell in row if cell[:1] in "=+-@" and cell]


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_a_cell_that_a_spreadsheet_would_run_is_made_text(start: str) -> None:
    assert formula_safe(start) == f"'{start}"


@pytest.mark.parametrize("plain", ["", "Dr Bob", "1+1", " =1"])
def test_other_cells_stay_as_they_are(plain: str) -> None:
    assert formula_safe(plain) == plain


def test_the_check_stands_again_when_the_policy_changed_meanwhile(cast: Cast) -> None:
    pk = opened(cast)
    url = reverse("phr:share_facility", args=[pk])
    alice, chosen = sign_in("alice@example.org"), {**FORM, "email": ""}
    (digest,) = re.findall(r'name="words" value="(\w+)"', text(alice.post(url, chosen)))
    chosen |= {"words": digest, "confirmed": "yes"}
    facilities.change(cast.bob, pk, replace(FACTS, policy_version="2027"), listed=True)

    page = text(alice.post(url, chosen))

    assert "has changed since you read it" in page
    assert listing.given(cast.alice) == []
    (digest,) = re.findall(r'name="words" value="(\w+)"', page)
    assert alice.post(url, chosen | {"words": digest}).status_code == 302


@pytest.mark.parametrize("place", ["Lyon, France", ""])
def test_of_a_single_professional_it_says_that_nobody_knows_the_law(place: str) -> None:
    cast = Cast.enter()
    pk = accounts.register_practitioner(
        cast.bob, name="", profession="", specialty="", licence_number=""
    )
    accounts.verify_practitioner(cast.sam, pk)
    professionals.keep_entry(cast.bob, place=place, listed=True)
    address = f"/sharing/new/professionals/{pk}/"

    page = text(sign_in("alice@example.org").post(address, FORM | {"email": ""}))

    assert "We do not know which law of data protection Dr Bob Brown works under" in page
    assert "This portal does not know which law of data protection they work under." in page
    assert ("They say that they work in Lyon, France; we have not checked this." in page) is bool(
        place
    )
    assert "They say that they work in: ." not in page
    assert "Its staff have checked a licence." in page


@pytest.mark.usefixtures("cast")
def test_of_whom_only_an_address_is_known_it_says_so_and_that_no_licence_was_checked() -> None:
    alice = sign_in("alice@example.org")
    page = text(alice.post("/sharing/new/", FORM))
    proxy = {"authority": "chosen", "acts": "look"}
    acting = text(alice.post("/sharing/proxies/new/", FORM | proxy))

    for shown in (page, acting):
        assert "We do not know whether bob@example.org is a professional" in shown
        assert "Our staff have not checked a licence." in shown
        assert "does not know whether they are a professional, nor which law" in shown
        assert "Its staff have not checked a licence." in shown
        assert "From: as soon as they accept" in shown


@pytest.mark.parametrize("professional", [True, False])
def test_before_a_change_it_says_what_is_known_of_who_holds_it(
    cast: Cast, professional: bool
) -> None:
    alice = sign_in("alice@example.org")
    email, holder = ("bob", cast.bob) if professional else ("carol", cast.carol)
    alice.post("/sharing/new/", FORM | {"email": f"{email}@example.org", "confirmed": "yes"})
    (held,) = listing.given(cast.alice)
    granting.accept(holder, held.grant.pk)
    if professional:
        pk = accounts.register_practitioner(
            holder, name="", profession="", specialty="", licence_number=""
        )
        accounts.verify_practitioner(cast.sam, pk)
        professionals.keep_entry(holder, place="Lyon", listed=True)
    url = f"/sharing/grants/{held.grant.pk}/change/"

    page = text(alice.post(url, FORM | {"categories": ["laboratory"]}))
    kept = alice.post(url, FORM | {"categories": ["laboratory"], "confirmed": "yes"})

    assert kept.status_code == 302
    (now, _) = listing.given(cast.alice)
    agreement = listing.receipt(cast.alice, now.grant.pk).agreement
    assert "From: now on" in agreement
    if professional:
        assert "We do not know which law of data protection Dr Bob Brown works under" in page
        assert "Our staff have checked the licence, and no more. They say" in page
        assert "Its staff have checked a licence. They say that they work in: Lyon." in agreement
    else:
        assert "We do not know whether carol@example.org is a professional" in page
        assert "Its staff have not checked a licence." in agreement
