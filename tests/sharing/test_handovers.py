"""A record goes to whom it is about: once, by a mailed link, and nobody keeps it for her then."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from allauth.account.models import EmailAddress
from django.conf import LazySettings
from django.core import mail
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts import ledger, purposes
from accounts import mail as outbox
from accounts.actors import Actor, Denied, System
from accounts.ledger import Kind
from accounts.models import OutgoingMail, Patient, User
from accounts.purposes import Purpose
from phr.services import looks, records
from sharing.models import Authority, Grant, Handover, NoticeKind
from sharing.services import dependents, granting, handovers, links, listing, notices
from sharing.services.dependents import Draft
from sharing.services.granting import Refused
from sharing.views.handovers import TOO_OFTEN
from tests.cast import ALL, PASSWORD, Cast, join, user_of
from tests.doors import sign_in, text, visitor
from tests.raw import as_owner, open_walls
from tests.sharing.test_dependents import aged, child, move_on, opened
from tests.sharing.test_links import week
from tests.worlds.kept import keep

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
MIA = "mia@example.org"
NONCE = re.compile(r'nonce="[^"]*"')
LINK = re.compile(r"/claim/([\w-]+)/")
GUARDED = Draft("Old Sam", aged(80), Authority.GUARDIAN)
Commit = DjangoCaptureOnCommitCallbacks


@pytest.fixture(autouse=True)
def looked_at_by_the_owner(cast: Cast) -> None:  # noqa: ARG001 - once there is something
    """What a test reads behind the walls, it reads as the tables' owner."""
    open_walls()


def named(actor: Actor, patient_id: UUID, commit: Commit, email: str = MIA) -> str:
    """Hand the record over to this address. Returns what was mailed there."""
    mail.outbox.clear()
    with commit(execute=True):
        handovers.name(actor, patient_id, email=email)
    (letter,) = mail.outbox
    assert letter.to == [email]
    return str(letter.body)


def token(body: str) -> str:
    found = LINK.search(body)
    assert found
    return found[1]


def form() -> dict[str, str]:
    return {"password": PASSWORD, "agrees": "on", "sha256": purposes.current(Purpose.KEEP).sha256}


def test_a_child_takes_it_over_and_the_parent_keeps_what_is_ordinary(
    cast: Cast, django_capture_on_commit_callbacks: Commit
) -> None:
    patient_id, acting = opened(cast.bob)
    keep(patient_id, text="A cold")
    move_on(patient_id, years=9)
    bob = sign_in("bob@example.org")
    page = text(bob.get(f"/acting/{patient_id}/hand-over/"))
    assert "Hand the record over to Mia Archer" in page
    link = token(named(cast.bob, patient_id, django_capture_on_commit_callbacks))
    assert "mia@example.org" in text(bob.get(f"/acting/{patient_id}/hand-over/"))

    somebody = visitor()
    assert "mia@example.org" in text(somebody.get(f"/claim/{link}/"))
    assert "Mia" not in text(somebody.get(f"/claim/{link}/"))
    done = somebody.post(f"/claim/{link}/", form()).headers["Location"]
    assert done == "/accounts/login/?next=%2Fsharing%2Ftaken-over%2F"

    mia = sign_in(MIA)
    assert "A cold" in text(mia.get("/records/"))
    herself = Actor.session(User.objects.get(email=MIA).pk)
    said = {line.what: line.who for line in looks.log(herself).lines}
    assert said["took this record over, with an account of her own"] == "You"
    assert said["began to hand this record over"] == "Dr Bob Brown"
    (row,) = [held.grant for held in listing.given(herself) if held.state == "active"]
    assert not row.may_manage
    assert records.timeline(cast.bob, patient_id).items
    with pytest.raises(Denied):
        records.timeline(acting, patient_id)

    mia.post(f"/sharing/grants/{row.pk}/revoke/")
    with pytest.raises(Denied):
        records.timeline(cast.bob, patient_id)
    assert handovers.opened(cast.bob) == []


def test_who_was_appointed_lets_go_of_everything_at_once(
    cast: Cast, django_capture_on_commit_callbacks: Commit
) -> None:
    patient_id, acting = opened(cast.bob, GUARDED)
    link = token(named(cast.bob, patient_id, django_capture_on_commit_callbacks))
    with as_owner():
        before = Patient.objects.get(pk=patient_id).access_epoch
    bob = sign_in("bob@example.org")
    bob.post(f"/acting/{patient_id}/")
    handovers.claim(Actor(), link, password=PASSWORD, sha256=form()["sha256"])

    assert "You can no longer act for this person" in text(bob.get("/records/"))
    for actor in (acting, cast.bob):
        with pytest.raises(Denied):
            records.timeline(actor, patient_id)
    with as_owner():
        row = Patient.objects.get(pk=patient_id)
        assert row.access_epoch > before
        assert row.opened_by_id is None
        assert EmailAddress.objects.get(email=MIA).verified
    assert NoticeKind.ENDED in {told.kind for told in notices.mine(cast.bob)}
    herself = Actor.session(row.user_id)
    assert any(line.role == "acts for you" for line in looks.log(herself).lines)


def test_a_link_is_good_once_and_leads_nowhere_when_it_is_over(
    cast: Cast, django_capture_on_commit_callbacks: Commit
) -> None:
    patient_id, _ = opened(cast.bob, GUARDED)
    first = token(named(cast.bob, patient_id, django_capture_on_commit_callbacks))
    second = token(named(cast.bob, patient_id, django_capture_on_commit_callbacks))
    third = token(named(cast.bob, patient_id, django_capture_on_commit_callbacks))
    with as_owner():
        Handover.objects.filter(withdrawn_at=None).update(ends_at=timezone.now())
    for link in (first, second, third, "nothing"):
        gone = visitor().get(f"/claim/{link}/")
        assert gone.status_code == 404
        assert "leads nowhere any more" in text(gone)

    bob = sign_in("bob@example.org")
    fourth = token(named(cast.bob, patient_id, django_capture_on_commit_callbacks))
    bob.post(f"/acting/{patient_id}/hand-over/end/")
    fifth = token(named(cast.bob, patient_id, django_capture_on_commit_callbacks))
    with pytest.raises(Denied):
        handovers.offer(Actor(), fourth)
    assert visitor().post(f"/claim/{fifth}/", form()).status_code == 302
    assert visitor().post(f"/claim/{fifth}/", form()).status_code == 404
    with pytest.raises(Denied):
        handovers.name(cast.bob, patient_id, email="other@example.org")


def test_the_page_does_not_tell_whether_an_address_has_an_account(
    cast: Cast, django_capture_on_commit_callbacks: Commit
) -> None:
    patient_id, _ = opened(cast.bob, GUARDED)
    bob = sign_in("bob@example.org")
    pages = []
    for address in ("carol@example.org", "nobody@example.org"):
        with django_capture_on_commit_callbacks(execute=True):
            answer = bob.post(f"/acting/{patient_id}/hand-over/", {"email": address}, follow=True)
        pages.append(NONCE.sub("", text(answer)))
    assert pages[0] == pages[1]
    taken, free = (str(one.body) for one in mail.outbox[-2:])
    assert "has an account on our portal already" in taken
    assert not LINK.search(taken)
    assert LINK.search(free)
    assert "Sam" not in free


def test_an_address_that_got_an_account_since_is_refused(
    cast: Cast, django_capture_on_commit_callbacks: Commit
) -> None:
    patient_id, acting = opened(cast.bob, GUARDED)
    link = token(named(cast.bob, patient_id, django_capture_on_commit_callbacks))
    join(MIA)
    page = text(visitor().post(f"/claim/{link}/", form()))
    assert "This address has an account here" in page
    assert records.timeline(acting, patient_id).own
    with as_owner():
        keeping = Grant.objects.get(patient_id=patient_id)
    ended = ledger.latest(Kind.REVOCATION)
    assert ledger.token(Kind.REVOCATION, str(keeping.pk)) not in ended


@pytest.mark.parametrize("first", ["accepts", "hands over"])
def test_nothing_stays_that_she_gave_herself_under_another_address(
    cast: Cast, django_capture_on_commit_callbacks: Commit, first: str
) -> None:
    patient_id, acting = opened(cast.bob, GUARDED)
    keep(patient_id, text="A cold")
    hers = granting.grant(acting, "second@example.org", scope=ALL)
    carols = granting.grant(acting, "carol@example.org", scope=ALL)
    granting.accept(cast.carol, carols)
    EmailAddress.objects.create(
        user_id=user_of(cast.bob), email="second@example.org", verified=True
    )
    if first == "accepts":
        with pytest.raises(Denied):
            granting.accept(cast.bob, hers)
    link = token(named(cast.bob, patient_id, django_capture_on_commit_callbacks))
    handovers.claim(Actor(), link, password=PASSWORD, sha256=form()["sha256"])

    with pytest.raises(Denied):
        granting.accept(cast.bob, hers)
    with pytest.raises(Denied):
        records.timeline(cast.bob, patient_id)
    assert records.timeline(cast.carol, patient_id).items
    assert ledger.token(Kind.REVOCATION, str(hers)) in ledger.latest(Kind.REVOCATION)


def test_no_link_that_she_made_opens_anything_then(
    cast: Cast, django_capture_on_commit_callbacks: Commit
) -> None:
    patient_id, acting = opened(cast.bob, GUARDED)
    keep(patient_id, text="A cold")
    made = links.make(acting, "Lee", scope=week(), passcode=False)
    secret = links.one(acting, made.grant_id).url.partition("/link/")[2].partition("/")[0]
    lee = links.opened(Actor(), secret, recipient="Lee")
    assert records.timeline(lee, patient_id).items
    link = token(named(cast.bob, patient_id, django_capture_on_commit_callbacks))
    handovers.claim(Actor(), link, password=PASSWORD, sha256=form()["sha256"])

    with pytest.raises(Denied):
        records.timeline(lee, patient_id)
    with pytest.raises(Denied):
        links.opened(Actor(), secret, recipient="Lee")


def test_who_is_switched_off_hands_nothing_over_nor_does_her_link(
    cast: Cast, django_capture_on_commit_callbacks: Commit
) -> None:
    patient_id, _ = opened(cast.bob, GUARDED)
    link = token(named(cast.bob, patient_id, django_capture_on_commit_callbacks))
    User.objects.filter(pk=user_of(cast.bob)).update(is_active=False)
    with pytest.raises(Denied):
        handovers.name(cast.bob, patient_id, email="other@example.org")
    assert visitor().post(f"/claim/{link}/", form()).status_code == 404


def test_whoever_guessed_the_placeholder_keeps_nobody_from_it(
    cast: Cast, django_capture_on_commit_callbacks: Commit
) -> None:
    patient_id, _ = opened(cast.bob, GUARDED)
    with as_owner():
        placeholder = Patient.objects.get(pk=patient_id).user
    visitor().post("/accounts/password/reset/", {"email": placeholder.email})
    link = token(named(cast.bob, patient_id, django_capture_on_commit_callbacks))
    assert visitor().post(f"/claim/{link}/", form()).status_code == 302
    assert EmailAddress.objects.get(user=placeholder).email == MIA


def test_no_link_comes_back_to_life_by_a_restore(
    cast: Cast, django_capture_on_commit_callbacks: Commit
) -> None:
    patient_id, _ = opened(cast.bob, GUARDED)
    link = token(named(cast.bob, patient_id, django_capture_on_commit_callbacks))
    assert handovers.forget_open(Actor.job(System.RECONCILE)) == 1
    assert visitor().get(f"/claim/{link}/").status_code == 404


def test_a_weak_password_or_no_yes_takes_nothing_over(
    cast: Cast, django_capture_on_commit_callbacks: Commit
) -> None:
    patient_id, _ = opened(cast.bob, GUARDED)
    link = token(named(cast.bob, patient_id, django_capture_on_commit_callbacks))
    for said in ({"password": "secret"}, {"agrees": ""}, {"sha256": "x"}):
        assert visitor().post(f"/claim/{link}/", form() | said).status_code == 200
    assert handovers.offer(Actor(), link).email == MIA


def test_who_may_hand_over_and_when(cast: Cast) -> None:
    young, acting = opened(cast.bob, child(5))
    assert handovers.one(cast.bob, young).too_early
    with pytest.raises(Refused):
        handovers.name(cast.bob, young, email=MIA)
    ward, _ = opened(cast.bob, Draft("Boy", aged(5), Authority.GUARDIAN))
    assert handovers.one(cast.bob, ward).since == dependents.birthday(aged(5), 13)
    with pytest.raises(Refused):
        handovers.name(cast.bob, ward, email=MIA)
    boy = Draft("Boy", aged(14), Authority.GUARDIAN)
    assert "I can hand the record over to Boy" in "".join(boy.words())
    handovers.name(cast.bob, opened(cast.bob, boy)[0], email="boy@example.org")
    old, _ = opened(cast.bob, GUARDED)
    with pytest.raises(Refused):
        handovers.name(cast.bob, old, email="bob@example.org")
    for actor in (cast.carol, acting, Actor()):
        with pytest.raises(Denied):
            handovers.name(actor, young, email=MIA)
        with pytest.raises(Denied):
            handovers.withdraw(actor, young)


def test_old_ones_are_forgotten_with_the_address(
    cast: Cast, django_capture_on_commit_callbacks: Commit
) -> None:
    patient_id, _ = opened(cast.bob, GUARDED)
    named(cast.bob, patient_id, django_capture_on_commit_callbacks)
    assert handovers.forget_over(Actor.job(System.PURGE)) == 0
    with as_owner():
        Handover.objects.update(ends_at=timezone.now() - timedelta(days=31))
    assert handovers.forget_over(Actor.job(System.PURGE)) == 1


def test_no_search_engine_keeps_the_page_and_no_other_site_learns_of_it(
    cast: Cast, django_capture_on_commit_callbacks: Commit
) -> None:
    patient_id, _ = opened(cast.bob, GUARDED)
    link = token(named(cast.bob, patient_id, django_capture_on_commit_callbacks))
    somebody = visitor()
    asked, refused = somebody.get(f"/claim/{link}/"), somebody.post(f"/claim/{link}/", {})
    taken, gone = (somebody.post(f"/claim/{link}/", form()) for _ in range(2))
    assert [each.status_code for each in (asked, refused, taken, gone)] == [200, 200, 302, 404]
    for answer in (asked, refused, taken, gone):
        assert answer.headers["X-Robots-Tag"] == "noindex, nofollow, noarchive"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"


def test_a_claim_is_not_tried_again_and_again(
    cast: Cast, django_capture_on_commit_callbacks: Commit, settings: LazySettings
) -> None:
    assert settings.ACCOUNT_RATE_LIMITS["claim"] == "20/h/ip"
    settings.ACCOUNT_RATE_LIMITS = {"claim": "2/h/ip"}
    patient_id, _ = opened(cast.bob, GUARDED)
    link = token(named(cast.bob, patient_id, django_capture_on_commit_callbacks))
    for _ in range(2):
        page = text(visitor().post(f"/claim/{link}/", form() | {"password": "secret"}))
        assert TOO_OFTEN not in page
    assert TOO_OFTEN in text(visitor().post(f"/claim/{link}/", form()))
    assert handovers.offer(Actor(), link).email == MIA
    assert visitor().post(f"/claim/{link}/", form(), REMOTE_ADDR="192.0.2.7").status_code == 302


def test_nothing_is_mailed_to_the_placeholder(
    cast: Cast, django_capture_on_commit_callbacks: Commit, settings: LazySettings
) -> None:
    patient_id, _ = opened(cast.bob, GUARDED)
    with as_owner():
        placeholder = Patient.objects.get(pk=patient_id).user
        OutgoingMail.objects.all().delete()
    settings.EMAIL_BACKEND = "accounts.mail.OutboxBackend"
    for address in (placeholder.email, "carol@example.org"):
        outbox.send(address, "sharing/invitation", link="https://portal.example/")
        with django_capture_on_commit_callbacks(execute=True):
            visitor().post("/accounts/password/reset/", {"email": address})
        with as_owner():
            assert OutgoingMail.objects.exists() is (address == "carol@example.org")
