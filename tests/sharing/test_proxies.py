"""Somebody acts for a patient: within what she allowed, under her own name, and as nobody else."""

from uuid import UUID

import pytest
from django.test import Client

from accounts.actors import Actor, Denied
from accounts.models import AuditEvent
from phr.models import Record
from phr.services import entries, records
from rights.services import erasures, exports
from sharing.models import Authority, Grant, Path
from sharing.scopes import Scope
from sharing.services import granting, listing, proxies
from sharing.services.recipients import ActsFor, Recipient, Refused
from tests.cast import ALL, ORDINARY, Cast, user_of
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
DECIDES = ActsFor(Authority.GUARDIAN, may_manage=True, may_decide=True)


def name(cast: Cast, acts: ActsFor, scope: Scope = ALL) -> Actor:
    """Alice names bob, who accepts. Returns bob, acting for her."""
    grant_id = granting.grant(cast.alice, Recipient("bob@example.org", acts), scope=scope)
    granting.accept(cast.bob, grant_id)
    return Actor.session(user_of(cast.bob), acting_for=cast.alice_id)


def acting_client(cast: Cast) -> Client:
    client = sign_in("bob@example.org")
    assert client.post(f"/acting/{cast.alice_id}/").status_code == 302
    return client


def one_grant() -> Grant:
    open_walls()
    with as_owner():
        return Grant.objects.get(path=Path.PROXY)


def test_she_names_somebody_by_the_form_and_both_see_what_it_means(cast: Cast) -> None:
    alice = sign_in("alice@example.org")
    form = {
        "email": "bob@example.org", "authority": "attorney", "acts": "manage",
        "categories": ["laboratory", "documents"], "may_copy": "no", "may_reshare": "no",
        "purpose": "FAMRQT",
    }  # fmt: skip
    check = text(alice.post("/sharing/proxies/new/", form))
    assert "Also add and correct items" in check
    assert "power of attorney" in check

    alice.post("/sharing/proxies/new/", form | {"confirmed": "yes"})
    granting.accept(cast.bob, listing.shared(cast.bob).waiting[0].grant.pk)
    row = one_grant()
    assert (row.authority, row.may_manage, row.may_decide) == ("attorney", True, False)
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
    for address in ("/upload/", "/sharing/", "/sharing/log/", "/records/new/"):
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


def test_who_decides_shares_and_takes_back_but_never_widens_himself(cast: Cast) -> None:
    acting = name(cast, DECIDES)
    grant_id = granting.grant(acting, "carol@example.org", scope=ORDINARY)
    granting.revoke(acting, grant_id)
    own = one_grant().pk

    with pytest.raises(Refused):
        granting.grant(acting, "bob@example.org", scope=ALL)
    with pytest.raises(Refused):
        granting.grant(acting, Recipient("carol@example.org", LOOKS), scope=ORDINARY)
    with pytest.raises(Refused):
        granting.change(acting, own, scope=ALL)
    row = keep(cast.alice_id)
    for act in (
        lambda: erasures.erase_record(acting, row.pk),
        lambda: exports.request_export(acting),
        lambda: granting.revoke_all(acting),
    ):
        with pytest.raises(Denied):
            act()


def test_it_ends_on_the_next_request_and_the_bar_says_so(cast: Cast) -> None:
    name(cast, DECIDES)
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


def test_what_is_outside_the_permission_stays_outside(cast: Cast) -> None:
    keep(cast.alice_id, text="Ordinary thing")
    hidden = keep(cast.alice_id, text="Secret thing", labels=[ALL.labels[-1]])
    acting = name(cast, DECIDES, ORDINARY)

    assert [one.title for one in records.timeline(acting, cast.alice_id).items] == [
        "Ordinary thing"
    ]
    for act in (
        lambda: records.open_record(acting, cast.alice_id, hidden.pk),
        lambda: entries.entry(acting, hidden.pk),
        lambda: erasures.erase_record(acting, hidden.pk),
    ):
        with pytest.raises(Denied):
            act()
