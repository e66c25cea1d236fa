"""A permission is paused, resumed, changed and ended with all the others; nothing brings it back."""

import re
from dataclasses import replace
from uuid import UUID

import pytest
from django.template import Template
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts import ledger
from accounts.acting import acting_as
from accounts.actors import Actor, Denied, System
from accounts.ledger import Kind
from accounts.models import Patient
from phr.services import foresight, marks, records
from sharing.models import Grant, Purpose
from sharing.policy import Restricted
from sharing.services import closing, granting, listing, replaying, vetting
from sharing.services.recipients import Recipient
from tests.cast import ALL, ORDINARY, Cast
from tests.doors import sign_in, text
from tests.raw import as_owner, open_walls
from tests.worlds.facilities import opened
from tests.worlds.kept import keep

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
RECONCILER = Actor.job(System.RECONCILE)


def states(cast: Cast) -> list[str]:
    return [held.state for held in listing.given(cast.alice)]


def sees(cast: Cast) -> bool:
    return sign_in("bob@example.org").get(f"/shared/{cast.alice_id}/").status_code == 200


def epoch(cast: Cast) -> int:
    with acting_as(cast.alice):
        return int(Grant.objects.select_related("patient").all()[0].patient.access_epoch)


def test_it_is_paused_and_goes_on_from_the_list(cast: Cast) -> None:
    grant_id, alice = cast.share(), sign_in("alice@example.org")
    before = epoch(cast)

    alice.post(f"/sharing/grants/{grant_id}/pause/")
    page = text(alice.get("/sharing/"))
    assert "Paused" in page
    assert "Go on sharing" in page
    assert not sees(cast)
    assert epoch(cast) > before

    alice.post(f"/sharing/grants/{grant_id}/resume/")
    assert sees(cast)
    assert "Go on sharing" not in text(alice.get("/sharing/"))


@pytest.mark.parametrize("act", [granting.pause, granting.resume])
def test_nobody_else_can(cast: Cast, act: object) -> None:
    grant_id = cast.share()
    for actor in (cast.bob, cast.carol, cast.sam, Actor()):
        with pytest.raises(Denied):
            act(actor, grant_id)  # type: ignore[operator]


def test_an_invitation_is_not_paused_and_an_end_is_an_end(cast: Cast) -> None:
    waiting = granting.grant(cast.alice, "dora@example.org", scope=ALL)
    granting.pause(cast.alice, waiting)
    assert states(cast) == ["waiting"]

    ended = cast.share()
    granting.pause(cast.alice, ended)
    granting.revoke(cast.alice, ended)
    granting.resume(cast.alice, ended)
    assert not sees(cast)
    assert sorted(states(cast)) == ["revoked", "waiting"]


def test_who_rests_may_pause_but_not_go_on(cast: Cast) -> None:
    grant_id = cast.share()
    granting.pause(cast.alice, grant_id)
    open_walls()
    with as_owner():
        Patient.objects.filter(pk=cast.alice_id).update(restricted_at=timezone.now())
    with pytest.raises(Restricted):
        granting.resume(cast.alice, grant_id)


def test_a_restored_backup_pauses_again_what_was_paused_last(
    cast: Cast, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    kept, resumed = cast.share(), cast.share(ORDINARY)
    for grant_id in (kept, resumed):
        granting.pause(cast.alice, grant_id)
    with django_capture_on_commit_callbacks(execute=True):
        granting.resume(cast.alice, resumed)
    open_walls()
    with as_owner():
        Grant.objects.update(paused_at=None)

    assert replaying.replay_pauses(RECONCILER) == 1
    assert replaying.replay_pauses(RECONCILER) == 0
    with acting_as(cast.alice):
        assert list(Grant.objects.filter(paused_at__isnull=False).values_list("pk", flat=True)) == [
            kept
        ]


def test_a_change_is_a_new_agreement_with_the_same_person(cast: Cast) -> None:
    old = cast.share()
    narrower = replace(ORDINARY, purpose=Purpose.SECOND_OPINION)

    new = granting.change(cast.alice, old, scope=narrower, agreement="the new words")

    assert sees(cast)
    given = {held.grant.pk: held for held in listing.given(cast.alice)}
    assert given[old].state == "revoked"
    assert given[old].replaced
    assert given[new].state == "active"
    assert given[new].grant.replaces == old
    assert given[new].scope.purpose is Purpose.SECOND_OPINION
    assert listing.receipt(cast.alice, new).agreement == "the new words"
    assert {ledger.token(Kind.REVOCATION, str(old))} <= set(ledger.latest(Kind.REVOCATION))
    with pytest.raises(granting.Refused, match="has ended"):
        granting.change(cast.alice, old, scope=ALL)


def test_a_changed_pause_stays_a_pause(cast: Cast) -> None:
    old = cast.share()
    granting.pause(cast.alice, old)
    granting.change(cast.alice, old, scope=ORDINARY)
    assert not sees(cast)


def test_a_changed_invitation_is_a_new_invitation(cast: Cast) -> None:
    old = granting.grant(cast.alice, "bob@example.org", scope=ALL)
    new = granting.change(cast.alice, old, scope=ORDINARY)

    with pytest.raises(Denied):
        granting.accept(cast.bob, old)
    granting.accept(cast.bob, new)
    assert sees(cast)


def test_everything_stops_at_once(cast: Cast) -> None:
    cast.share()
    invited = granting.grant(cast.alice, "dora@example.org", scope=ALL)
    alice, other = sign_in("alice@example.org"), sign_in("alice@example.org")
    page = text(alice.get("/sharing/end/"))
    assert "Dr Bob Brown" in page
    assert "dora@example.org" in page

    answer = alice.post("/sharing/end/", {"alone": "yes"})

    assert "2 ended" in text(answer)
    assert not sees(cast)
    assert states(cast) == ["revoked", "revoked"]
    assert alice.get("/records/").status_code == 200
    assert other.get("/records/").status_code == 302
    assert ledger.token(Kind.REVOCATION, str(invited)) in ledger.latest(Kind.REVOCATION)
    assert granting.revoke_all(cast.alice) == 0


def test_everything_stops_when_no_page_and_no_mail_can_be_made(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast.share()
    alice = sign_in("alice@example.org")

    def broken(*_: object, **__: object) -> str:
        raise OSError("no template can be rendered")

    with monkeypatch.context() as broken_down:
        broken_down.setattr(Template, "render", broken)
        answer = alice.post("/sharing/end/", {"all": "yes"})

    assert "1 ended" in text(answer)
    assert states(cast) == ["revoked"]


def test_all_sharing_of_one_is_nothing_to_another(cast: Cast) -> None:
    cast.share()
    assert granting.revoke_all(cast.carol) == 0
    assert sees(cast)


# --- the pages --------------------------------------------------------------------------------------

CHOSEN = {"categories": ["laboratory", "documents"], "may_copy": "no", "purpose": "COC"}


def check(alice: Client, **more: object) -> str:
    return text(alice.post("/sharing/new/", CHOSEN | {"email": "bob@example.org"} | more))


def test_the_check_shows_what_they_will_see_and_lets_her_leave_out(cast: Cast) -> None:
    first, second = keep(cast.alice_id), keep(cast.alice_id)
    alice = sign_in("alice@example.org")

    page = check(alice)
    assert "They will see 2 items." in page
    assert not re.search(r'type="hidden"[^>]*name="(items|types|tags)"', page), "nothing is chosen"
    assert str(first.pk) in page
    left = check(alice, besides=[str(first.pk)])
    assert "They will see 1 item." in left
    assert "without 1 item" in left

    check(alice, besides=[str(first.pk)], confirmed="yes")
    (held,) = listing.given(cast.alice)
    assert held.scope.besides == (first.pk,)
    granting.accept(cast.bob, held.grant.pk)
    assert [item.id for item in records.timeline(cast.bob, cast.alice_id).items] == [second.pk]


def test_one_item_is_shared_from_its_page(cast: Cast) -> None:
    row, _ = keep(cast.alice_id), keep(cast.alice_id)
    alice = sign_in("alice@example.org")
    assert f"/sharing/with/?items={row.pk}" in text(alice.get(f"/records/{row.pk}/"))
    along = text(alice.get(f"/sharing/with/?items={row.pk}"))
    assert all(f"{place}?items={row.pk}" in along for place in ("/sharing/new/", "/directory/"))

    assert f'value="{row.pk}"' in text(alice.get(f"/sharing/new/?items={row.pk}"))
    assert "They will see 1 item." in check(alice, items=[str(row.pk)])


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"items": ["no id"]}, "Choose the items again."),
        ({"types": ["Obser\0vation"]}, "Choose the items again."),
        ({"until_day": "9999-12-31"}, "Choose an earlier day."),
        ({"from_day": "2026-02-02", "until_day": "2026-02-01"}, "must not be before"),
        ({"starts_on": "2126-02-02", "ends_on": "2126-02-01"}, "must not be before"),
        ({"tags": ["no tag"]}, "not one of the available choices"),
        ({"purpose": ""}, "required"),
    ],
)
def test_what_makes_no_sense_is_said_in_one_sentence(
    cast: Cast, more: dict[str, object], sentence: str
) -> None:
    page = check(sign_in("alice@example.org"), **more)
    assert sentence in page
    assert not listing.given(cast.alice)


def test_the_words_she_agreed_to_are_kept(cast: Cast) -> None:
    keep(cast.alice_id)
    alice = sign_in("alice@example.org")
    check(alice, confirmed="yes", from_day="2024-01-01", until_day="2024-12-31")
    (held,) = listing.given(cast.alice)

    kept = listing.receipt(cast.alice, held.grant.pk).agreement
    for words in ("I let bob@example.org look at", "from 1 January 2024 on",
                  "up to 31 December 2024", "For a second opinion", "I take it back"):  # fmt: skip
        assert words in kept
    page = text(alice.get(f"/sharing/receipts/{held.grant.pk}/"))
    assert "What you agreed to" in page
    assert held.scope.last_day is not None
    assert held.scope.last_day.isoformat() == "2024-12-31"


def test_she_changes_a_permission_on_its_page(cast: Cast) -> None:
    keep(cast.alice_id)
    grant_id, alice = cast.share(), sign_in("alice@example.org")
    address = f"/sharing/grants/{grant_id}/change/"
    assert "Change what you share with Dr Bob Brown" in text(alice.get(address))

    assert "Check before you share" in text(alice.post(address, CHOSEN))
    answer = alice.post(address, CHOSEN | {"confirmed": "yes"})

    assert answer.headers["Location"] == "/sharing/"
    newest = listing.given(cast.alice)[0]
    assert newest.state == "active"
    assert not newest.scope.may_copy
    page = text(alice.get(f"/sharing/receipts/{newest.grant.pk}/"))
    assert "What it was before you changed it" in page
    assert "changed on" in text(alice.get("/sharing/"))


def test_she_sees_it_as_they_do(cast: Cast) -> None:
    shown, hidden = keep(cast.alice_id), keep(cast.alice_id)
    grant_id = cast.share(replace(ALL, besides=(hidden.pk,)))

    page = foresight.as_they_see(cast.alice, grant_id)
    assert [item.id for item in page.items] == [shown.pk]
    assert [item.id for item in records.timeline(cast.bob, cast.alice_id).items] == [shown.pk]
    told = text(sign_in("alice@example.org").get(f"/sharing/grants/{grant_id}/as-they-see/"))
    assert "As they see it" in told
    with pytest.raises(Denied):
        foresight.as_they_see(cast.bob, grant_id)


def test_a_first_day_that_is_to_come_gives_nothing_yet(cast: Cast) -> None:
    keep(cast.alice_id)
    alice = sign_in("alice@example.org")
    check(alice, confirmed="yes", starts_on="2126-01-01")
    (held,) = listing.given(cast.alice)
    granting.accept(cast.bob, UUID(str(held.grant.pk)))

    assert not sees(cast)
    assert states(cast) == ["later"]
    assert "They see nothing before the first day." in text(alice.get("/sharing/"))


def test_what_a_narrowed_timeline_shows_can_be_shared_alone(cast: Cast) -> None:
    keep(cast.alice_id)
    alice = sign_in("alice@example.org")
    page = text(alice.get("/records/?category=laboratory&type=Observation&year=2024"))
    link = "categories=laboratory&amp;types=Observation&amp;from_day=2024-01-01"
    assert link in page
    assert "Share only what is shown here" not in text(alice.get("/records/?favourite=1"))

    form = text(alice.get("/sharing/new/?" + link.replace("&amp;", "&")))
    assert "Only: Measurement or finding." in form
    assert 'value="2024-01-01"' in form
    assert form.count(" checked") == 4, "one kind, no copies, not passed on, for my care"


def test_a_change_does_not_widen_what_was_narrowed_to_a_tag_that_is_gone(cast: Cast) -> None:
    tagged, _ = keep(cast.alice_id), keep(cast.alice_id)
    marks.tag(cast.alice, tagged.pk, name="Knee")
    (word,) = marks.own_tags(cast.alice)
    grant_id = cast.share(replace(ALL, tags=(word.token,)))
    marks.untag(cast.alice, tagged.pk, tag_id=word.id)
    assert not marks.own_tags(cast.alice)

    alice, address = sign_in("alice@example.org"), f"/sharing/grants/{grant_id}/change/"
    page = text(alice.post(address, CHOSEN))
    assert "They will see nothing yet." in page
    assert "a tag that you do not use any more" in page
    alice.post(address, CHOSEN | {"confirmed": "yes"})
    assert not records.timeline(cast.bob, cast.alice_id).items


def test_changing_an_invitation_again_and_again_sends_no_more_mails(
    cast: Cast, settings: Settings
) -> None:
    accepted = cast.share()
    settings.PHR_INVITATIONS_A_DAY = 2
    accepted = granting.change(cast.alice, accepted, scope=ORDINARY)
    invited = granting.grant(cast.alice, "dora@example.org", scope=ALL)
    with pytest.raises(granting.Refused, match="2 invitations"):
        granting.grant(cast.alice, "erin@example.org", scope=ALL)
    for _ in range(2):
        invited = granting.change(cast.alice, invited, scope=ORDINARY)

    with pytest.raises(granting.Refused, match="4 invitations"):
        granting.change(cast.alice, invited, scope=ALL)
    granting.change(cast.alice, accepted, scope=ALL)
    assert sorted(one for one in states(cast) if one != "revoked") == ["active", "waiting"]


def test_who_is_invited_is_not_told_that_something_was_left_out(cast: Cast) -> None:
    row = keep(cast.alice_id)
    scope = replace(ALL, besides=(row.pk,))
    invited = granting.grant(cast.alice, "bob@example.org", scope=scope)

    assert "without 1 item" in text(sign_in("alice@example.org").get("/sharing/"))
    page = text(sign_in("bob@example.org").get(f"/sharing/invitations/{invited}/"))
    assert "Accept" in page
    assert "without" not in page
    assert ">Only<" not in page


def test_the_check_says_that_there_is_more_than_it_lists(cast: Cast, settings: Settings) -> None:
    settings.PHR_PAGE_SIZE = 1
    keep(cast.alice_id)
    keep(cast.alice_id)
    alice = sign_in("alice@example.org")
    (listed,) = re.findall(r'name="besides" value="([^"]*)" id', check(alice))

    page = check(alice, besides=[listed])
    assert "They will see 1 item." in page
    assert "What they will see: the newest" in page


def test_nothing_is_changed_with_a_facility_that_is_suspended_or_closes(cast: Cast) -> None:
    facility = opened(cast)
    grant_id = granting.grant(cast.alice, Recipient(organization_id=facility), scope=ORDINARY)
    vetting.suspend(cast.sam, facility)
    with pytest.raises(granting.Refused):
        granting.change(cast.alice, grant_id, scope=ALL)

    vetting.resume(cast.sam, facility)
    grant_id = granting.change(cast.alice, grant_id, scope=ALL)
    closing.announce(cast.bob, facility, on=closing.first_day())
    with pytest.raises(granting.Refused):
        granting.change(cast.alice, grant_id, scope=ORDINARY)
    granting.pause(cast.alice, grant_id)
    granting.revoke(cast.alice, grant_id)
