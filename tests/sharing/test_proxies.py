"""Somebody acts for a patient: within what she allowed, under her own name, and as nobody else."""

import re
from uuid import UUID

import pytest
from django.db import ProgrammingError, connection
from django.test import Client

from accounts.acting import acting_as
from accounts.actors import Actor, Denied
from accounts.models import AuditEvent
from phr.models import Record
from phr.services import entries, marks, records, reviews, uploads
from rights.services import erasures
from sharing.models import Authority, Grant, Path
from sharing.scopes import Scope
from sharing.services import granting, listing, proxies
from sharing.services.recipients import ActsFor, Recipient
from tests.cast import ALL, ORDINARY, Cast, hand_in, user_of
from tests.doors import sign_in, text
from tests.raw import as_owner, open_walls
from tests.worlds.kept import keep

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
ACTS = "You act for <strong>Alice Archer</strong>"
LOOKS = ActsFor(Authority.CHOSEN)
MANAGES = ActsFor(Authority.POWER_OF_ATTORNEY, may_manage=True)


def name(cast: Cast, acts: ActsFor, scope: Scope = ALL) -> Actor:
    """Alice names bob, who accepts. Returns bob, acting for her."""
    grant_id = granting.grant(cast.alice, Recipient("bob@example.org", acts), scope=scope)
    granting.accept(cast.bob, grant_id)
    return Actor.session(user_of(cast.bob), acting_for=cast.alice_id)


def acting_client(cast: Cast) -> Client:
    client = sign_in("bob@example.org")
    assert client.post(f"/acting/{cast.alice_id}/").status_code == 302
    return client


def token(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert found
    return found[1]


def one_grant() -> Grant:
    open_walls()
    with as_owner():
        return Grant.objects.get(path=Path.PROXY)


def test_she_names_somebody_by_the_form_and_both_see_what_it_means(cast: Cast) -> None:
    alice = sign_in("alice@example.org")
    assert 'href="/sharing/proxies/new/"' in text(alice.get("/sharing/with/"))
    form = {
        "email": "bob@example.org", "authority": "attorney", "acts": "manage",
        "categories": ["laboratory", "documents"], "may_copy": "no", "may_reshare": "no",
        "purpose": "FAMRQT",
    }  # fmt: skip
    check = text(alice.post("/sharing/proxies/new/", form))
    assert "Keep my whole record" in check
    assert "power of attorney" in check

    alice.post("/sharing/proxies/new/", form | {"confirmed": "yes"})
    granting.accept(cast.bob, listing.shared(cast.bob).waiting[0].grant.pk)
    row = one_grant()
    assert (row.authority, row.may_manage, row.may_copy) == ("attorney", True, True)
    assert len(row.labels) == len(ALL.labels)
    assert "power of attorney" in listing.receipt(cast.alice, row.pk).agreement
    assert "Act for Alice Archer" in text(sign_in("bob@example.org").get("/acting/"))


def test_who_only_looks_cannot_act(cast: Cast) -> None:
    row = keep(cast.alice_id)
    name(cast, LOOKS)
    assert not records.open_record(cast.bob, cast.alice_id, row.pk).own

    bob = sign_in("bob@example.org")
    assert bob.get(f"/acting/{cast.alice_id}/").status_code == 404
    assert bob.post(f"/acting/{cast.alice_id}/").status_code == 404
    with pytest.raises(Denied):
        proxies.act_for(cast.bob, cast.alice_id)


def test_every_page_is_about_her_until_he_stops(cast: Cast) -> None:
    keep(cast.alice_id, text="Haemoglobin of Alice")
    name(cast, MANAGES)
    bob = acting_client(cast)

    page = text(bob.get("/records/"))
    assert ACTS in page
    assert "Haemoglobin of Alice" in page
    for address in ("/records/upload/", "/sharing/log/", "/records/new/"):
        assert ACTS in text(bob.get(address)), address

    bob.post("/acting/stop/")
    assert "You act for" not in text(bob.get("/acting/"))


def test_what_he_adds_is_hers_and_written_down_under_his_name(cast: Cast) -> None:
    acting = name(cast, MANAGES)
    bob = acting_client(cast)
    bob.post("/records/new/condition/", {"name": "Hay fever", "status": "active"})

    open_walls()
    with as_owner():
        row = Record.objects.get(patient_id=cast.alice_id)
        entered = AuditEvent.objects.get(action="enter")
    assert (entered.actor_id, entered.basis) == (cast.bob.user_id, "proxy")
    assert records.open_record(acting, cast.alice_id, row.pk).own
    assert "acts for you" in text(sign_in("alice@example.org").get("/sharing/log/"))


def test_who_manages_does_not_decide(cast: Cast) -> None:
    row = keep(cast.alice_id)
    acting = name(cast, MANAGES)
    grant_id = granting.grant(cast.alice, "carol@example.org", scope=ORDINARY)

    for act in (
        lambda: granting.grant(acting, "carol@example.org", scope=ORDINARY),
        lambda: granting.revoke(acting, grant_id),
        lambda: granting.pause(acting, grant_id),
        lambda: granting.revoke_all(acting),
        lambda: erasures.erase_record(acting, row.pk),
    ):
        with pytest.raises(Denied):
            act()


def test_pages_about_himself_are_closed_meanwhile(cast: Cast) -> None:
    name(cast, MANAGES)
    bob = acting_client(cast)

    for address in ("/sharing/", "/account/", "/rights/", "/shared/", "/notices/"):
        closed = bob.get(address)
        assert closed.status_code == 403, address
        assert "This page is about yourself" in text(closed)


def test_a_form_that_was_opened_before_is_refused(cast: Cast) -> None:
    keep(cast.alice_id)
    name(cast, MANAGES)
    bob = sign_in("bob@example.org")
    bob.handler.enforce_csrf_checks = True
    before = token(bob.get("/acting/").content.decode())
    begun = bob.post(f"/acting/{cast.alice_id}/", {"csrfmiddlewaretoken": before})
    assert begun.status_code == 302

    form = {"name": "Bob's own hay fever", "status": "active"}
    late = bob.post("/records/new/condition/", form | {"csrfmiddlewaretoken": before})
    assert late.status_code == 403
    assert "hay fever" not in text(bob.get("/records/"))


def test_files_that_he_did_not_bring_stay_closed(cast: Cast) -> None:
    acting = name(cast, MANAGES)
    hers = hand_in(cast.alice, b"{}", "secret.json")
    his = hand_in(acting, b"{}", "mine.json")

    assert uploads.original(acting, his).file_name == "mine.json"
    for act in (uploads.original, reviews.cancel):
        with pytest.raises(Denied):
            act(acting, hers)


def test_the_database_lets_him_hide_and_open_nothing(cast: Cast) -> None:
    keep(cast.alice_id)
    never = keep(cast.alice_id, never_shared=True)
    acting = name(cast, MANAGES)

    with acting_as(acting), connection.cursor() as cursor:
        cursor.execute("UPDATE phr_record SET never_shared = false")
    with pytest.raises(ProgrammingError), acting_as(acting), connection.cursor() as cursor:
        cursor.execute("UPDATE phr_record SET hidden_at = now()")
    with acting_as(cast.alice):
        assert Record.objects.get(pk=never.pk).never_shared
        assert not Record.objects.filter(hidden_at__isnull=False).exists()


def test_it_ends_on_the_next_request_and_the_bar_says_so(cast: Cast) -> None:
    name(cast, MANAGES)
    bob = acting_client(cast)
    assert bob.get("/records/").status_code == 200

    granting.revoke(cast.alice, one_grant().pk)
    gone = bob.get("/records/")
    assert gone.status_code == 404
    assert "You can no longer act for this person" in text(gone)
    assert bob.post("/acting/stop/").status_code == 302


def test_who_acts_for_somebody_is_not_herself_meanwhile(cast: Cast) -> None:
    keep(cast.carol_id, text="Item of Carol")
    grant_id = granting.grant(cast.alice, Recipient("carol@example.org", MANAGES), scope=ALL)
    granting.accept(cast.carol, grant_id)
    acting = Actor.session(user_of(cast.carol), acting_for=cast.alice_id)
    hers: UUID = cast.carol_id

    assert records.timeline(cast.carol, hers).items
    with pytest.raises(Denied):
        records.timeline(acting, hers)


def test_what_she_keeps_from_everybody_she_keeps_from_him(cast: Cast) -> None:
    keep(cast.alice_id, text="Ordinary thing")
    kept = keep(cast.alice_id, text="Secret thing", never_shared=True)
    acting = name(cast, MANAGES, ORDINARY)

    assert [one.title for one in records.timeline(acting, cast.alice_id).items] == [
        "Ordinary thing"
    ]
    for act in (
        lambda: records.open_record(acting, cast.alice_id, kept.pk),
        lambda: entries.entry(acting, kept.pk),
        lambda: erasures.erase_record(acting, kept.pk),
        lambda: marks.keep_back(acting, kept.pk, never_shared=False),
    ):
        with pytest.raises(Denied):
            act()
