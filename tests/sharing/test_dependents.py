"""A record for somebody without an account: opened, kept, decided about by one person, for a time."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.utils import timezone
from pytest_django import Settings

from accounts import mail as outbox
from accounts import services as accounts
from accounts.actors import Actor, Denied, System
from accounts.models import Patient, User
from phr.services import entries, imports, looks, marks, records, reviews, uploads
from rights.services import erasures, exports
from sharing.models import Authority, Grant, NoticeKind
from sharing.scopes import Scope
from sharing.services import (
    dependents,
    emergencies,
    granting,
    links,
    listing,
    notices,
    paths,
    proxies,
)  # fmt: skip
from sharing.services.dependents import Draft
from sharing.services.granting import Refused
from sharing.services.recipients import ActsFor, Recipient
from tests.cast import ALL, IMPORTER, ORDINARY, Cast, user_of
from tests.doors import sign_in, text
from tests.phr.test_deliveries import send
from tests.raw import as_owner, open_walls
from tests.worlds.kept import keep

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]


@pytest.fixture(autouse=True)
def looked_at_by_the_owner(cast: Cast) -> None:  # noqa: ARG001 - once there is something
    """What a test reads behind the walls, it reads as the tables' owner."""
    open_walls()


def aged(years: int) -> date:
    return timezone.localdate() - timedelta(days=365 * years + 100)


def child(years: int = 5, *, name: str = "Mia Archer") -> Draft:
    return Draft(name, aged(years), Authority.PARENT)


def opened(actor: Actor, draft: Draft | None = None) -> tuple[UUID, Actor]:
    """The id of a dependent, and who opened her record acting for her."""
    patient_id = dependents.open_record(actor, draft or child())
    return patient_id, Actor.session(user_of(actor), acting_for=patient_id)


def rows_of(patient_id: UUID) -> list[Grant]:
    with as_owner():
        return list(Grant.objects.filter(patient=patient_id).order_by("starts_at"))


def move_on(patient_id: UUID, *, years: int) -> None:
    """Let that many years go by for what was permitted in this record."""
    with as_owner():
        for row in Grant.objects.filter(patient=patient_id):
            row.starts_at -= timedelta(days=365 * years)
            row.ends_at = row.ends_at and row.ends_at - timedelta(days=365 * years)
            row.save(update_fields=["starts_at", "ends_at"])


def day(at: datetime | None) -> date:
    assert at
    return at.date()


def test_she_opens_it_by_the_form_and_adds_an_item(cast: Cast) -> None:
    bob = sign_in("bob@example.org")
    form = {"name": "Mia Brown", "born": aged(5).isoformat(), "authority": "parent"}
    check = text(bob.post("/acting/new/", form))
    assert "I am a parent of Mia Brown" in check
    bob.post("/acting/new/", form | {"confirmed": "yes"})
    ward = proxies.wards(cast.bob)[0]
    assert "Act for Mia Brown" in text(bob.get("/acting/"))

    bob.post(f"/acting/{ward.patient_id}/")
    bob.post("/records/new/condition/", {"name": "Hay fever", "status": "active"})
    assert "Hay fever" in text(bob.get("/records/"))
    assert "and decide who else may see it" in text(bob.get("/sharing/"))
    assert "Choose what also comes by email" not in text(bob.get("/notices/"))
    last = day(rows_of(ward.patient_id)[0].ends_at) - timedelta(days=1)
    assert f'value="{last}"' in text(bob.get("/sharing/new/"))
    for address in ("/account/", "/rights/", "/sharing/proxies/new/", "/shared/"):
        assert bob.get(address).status_code == 403, address


def test_she_opens_only_so_many_in_a_day(cast: Cast, settings: Settings) -> None:
    assert settings.ACCOUNT_RATE_LIMITS["open_dependent"] == "12/d/user"
    settings.ACCOUNT_RATE_LIMITS = {"open_dependent": "1/d/user"}
    bob = sign_in("bob@example.org")
    form = {"name": "Mia Brown", "born": aged(5).isoformat(), "authority": "parent"}
    bob.post("/acting/new/", form | {"confirmed": "yes"})
    page = text(bob.post("/acting/new/", form | {"confirmed": "yes"}))
    assert "You have opened many records today" in page
    assert len(proxies.wards(cast.bob)) == 1


def test_two_permissions_end_by_themselves_on_birthdays(cast: Cast) -> None:
    leap = date(timezone.localdate().year // 4 * 4 - 8, 2, 29)
    patient_id, acting = opened(cast.bob, replace(child(), born=leap))
    whole, ordinary = rows_of(patient_id)

    at_13, at_18 = date(leap.year + 13, 2, 28), date(leap.year + 18, 2, 28)
    assert [day(whole.ends_at), day(ordinary.starts_at)] == [at_13, at_13]
    assert day(ordinary.ends_at) == at_18
    assert (whole.may_decide, whole.may_manage, len(whole.labels)) == (True, True, len(ALL.labels))
    assert (ordinary.may_decide, ordinary.may_manage, ordinary.may_copy) == (False, False, False)
    assert len(ordinary.labels) == len(ordinary.inward_labels) == 1
    assert "I am a parent of Mia Archer" in listing.receipt(acting, whole.pk).agreement


def test_from_that_day_on_she_looks_at_what_is_not_sensitive(cast: Cast) -> None:
    patient_id, acting = opened(cast.bob)
    ordinary = keep(patient_id, text="A cold")
    secret = keep(patient_id, text="A visit", labels=[ALL.labels[4]])
    assert len(records.timeline(acting, patient_id).items) == 2

    move_on(patient_id, years=9)
    with pytest.raises(Denied):
        records.timeline(acting, patient_id)
    seen = [one.id for one in records.timeline(cast.bob, patient_id).items]
    assert seen == [ordinary.pk]
    with pytest.raises(Denied):
        records.open_record(cast.bob, patient_id, secret.pk)
    move_on(patient_id, years=5)
    with pytest.raises(Denied):
        records.timeline(cast.bob, patient_id)


def test_an_older_child_opens_an_account_and_names_the_parent(cast: Cast) -> None:
    bob = sign_in("bob@example.org")
    form = {"name": "Max", "born": aged(14).isoformat(), "authority": "parent"}
    assert "Let Max open an account" in text(bob.post("/acting/new/", form))
    with pytest.raises(Refused):
        opened(cast.bob, child(14))


def test_who_was_appointed_keeps_it_until_the_day_that_was_said(cast: Cast) -> None:
    last = timezone.localdate() + timedelta(days=30)
    grown = Draft("Old Sam", aged(80), Authority.GUARDIAN, last)
    patient_id, acting = opened(cast.bob, grown)
    (row,) = rows_of(patient_id)
    assert day(row.ends_at) == last + timedelta(days=1)
    assert records.timeline(acting, patient_id).own

    never = rows_of(opened(cast.bob, replace(grown, ends_on=None))[0])[0]
    assert never.ends_at is None
    boy = rows_of(opened(cast.bob, Draft("Boy", aged(5), Authority.GUARDIAN))[0])[0]
    assert day(boy.ends_at) == timezone.localdate(dependents.birthday(aged(5), 18))


def test_nobody_signs_in_as_the_placeholder_and_no_mail_goes_there(cast: Cast) -> None:
    patient_id, _ = opened(cast.bob)
    with as_owner():
        user = User.objects.get(patient=patient_id)
    assert user.email == f"{user.pk}@dependent.invalid"
    assert not user.has_usable_password()
    assert not EmailAddress.objects.filter(user=user).exists()

    sign_in("carol@example.org").post("/accounts/password/reset/", {"email": user.email})
    granting.grant(cast.alice, user.email, scope=ORDINARY)
    with pytest.raises(Denied):
        accounts.patient_of_address(cast.carol, user.email)


def test_she_decides_like_the_patient_and_it_is_written_down_under_her_name(cast: Cast) -> None:
    patient_id, acting = opened(cast.bob)
    keep(patient_id, text="A cold")
    week = replace(ORDINARY, ends_at=timezone.now() + timedelta(days=7))
    grant_id = granting.grant(acting, "carol@example.org", scope=week, agreement="so")
    granting.accept(cast.carol, grant_id)
    assert records.timeline(cast.carol, patient_id).items
    assert any(way.held.grant.pk == grant_id for way in paths.listed(paths.ways(acting)))
    assert links.make(acting, "Dr Lee", scope=week).passcode

    granting.pause(acting, grant_id)
    granting.resume(acting, grant_id)
    changed = granting.change(acting, grant_id, scope=replace(week, may_copy=True))
    granting.revoke(acting, changed)
    with pytest.raises(Denied):
        records.timeline(cast.carol, patient_id)
    exports.request_export(acting)
    assert exports.latest(acting)
    said = {line.what: line.role for line in looks.log(acting).lines}
    assert said["shared the record"] == "acts for you"


def test_she_deletes_an_item_and_keeps_one_from_everybody(cast: Cast) -> None:
    patient_id, acting = opened(cast.bob)
    gone, kept = keep(patient_id), keep(patient_id)
    marks.keep_back(acting, kept.pk, never_shared=True)
    assert entries.entry(acting, kept.pk).id == kept.pk
    erasures.erase_record(acting, gone.pk)
    assert [one.id for one in records.timeline(acting, patient_id).items] == [kept.pk]


def test_what_she_gives_is_for_others_and_never_outlasts_her_own(cast: Cast) -> None:
    _, acting = opened(cast.bob)
    week = replace(ALL, ends_at=timezone.now() + timedelta(days=7))
    proxy = ActsFor(Authority.CHOSEN, may_manage=True)
    late = replace(ALL, ends_at=timezone.now() + timedelta(days=365 * 20))
    for to, scope in (
        ("bob@example.org", week),
        (Recipient(user_id=cast.bob.user_id), week),
        (Recipient("carol@example.org", proxy), week),
        ("carol@example.org", ALL),
        ("carol@example.org", late),
    ):
        with pytest.raises(Refused):
            granting.grant(acting, to, scope=scope)
    with pytest.raises(Refused):
        links.make(acting, "Dr Lee", scope=late)


def test_she_ends_neither_her_own_permission_nor_arms_a_card_that_outlasts_it(cast: Cast) -> None:
    patient_id, acting = opened(cast.bob)
    week = replace(ALL, ends_at=timezone.now() + timedelta(days=7))
    granting.grant(acting, "carol@example.org", scope=week)
    own = rows_of(patient_id)[0].pk
    for act in (granting.revoke, granting.pause, granting.resume):
        with pytest.raises(Denied):
            act(acting, own)
    plan = emergencies.Plan(ALL.categories, ALL.labels, names_her=False, says_birth_date=False)
    with pytest.raises(Denied):
        emergencies.arm(acting, plan)

    assert granting.revoke_all(acting) == 1
    assert [row.revoked_at for row in rows_of(patient_id)[:2] if row.path == "proxy"] == [None]


def test_notices_go_to_who_decides(cast: Cast) -> None:
    _, acting = opened(cast.bob)
    week = replace(ORDINARY, ends_at=timezone.now() + timedelta(days=7))
    granting.accept(cast.carol, granting.grant(acting, "carol@example.org", scope=week))
    assert NoticeKind.ACCEPTED in {told.kind for told in notices.mine(acting)}
    assert not notices.mine(cast.bob)

    notices.mail_due(Actor.job(System.MAIL))
    outbox.send_due(Actor.job(System.MAIL))
    assert ["bob@example.org"] in [one.to for one in mail.outbox]
    assert not [one for one in mail.outbox if one.to[0].endswith(".invalid")]


def test_somebody_else_reaches_nothing_of_it(cast: Cast) -> None:
    patient_id, _ = opened(cast.bob)
    keep(patient_id)
    for actor in (
        cast.carol,
        cast.alice,
        Actor.session(user_of(cast.carol), acting_for=patient_id),
    ):
        with pytest.raises(Denied):
            records.timeline(actor, patient_id)
    with pytest.raises(Denied):
        dependents.open_record(Actor.session(user_of(cast.bob), acting_for=patient_id), child())


def test_what_others_send_in_she_accepts_and_a_restricted_record_rests(cast: Cast) -> None:
    patient_id, acting = opened(cast.bob)
    week = timezone.now() + timedelta(days=7)
    inward = Scope((), (), may_copy=False, ends_at=week, inward_categories=ALL.categories,
                   inward_labels=ALL.labels)  # fmt: skip
    granting.accept(cast.carol, granting.grant(acting, "carol@example.org", scope=inward))
    delivery_id = send(cast.carol, patient_id)
    imports.import_upload(IMPORTER, delivery_id)
    assert uploads.upload(acting, delivery_id).state == "asking"
    reviews.confirm(acting, delivery_id)
    imports.import_upload(IMPORTER, delivery_id)
    assert len(records.timeline(acting, patient_id).items) == 2

    with as_owner():
        Patient.objects.filter(pk=patient_id).update(restricted_at=timezone.now())
    with pytest.raises(Denied):
        records.timeline(acting, patient_id)
