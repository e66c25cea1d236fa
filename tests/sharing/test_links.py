"""Links: what opens one, what it counts, and what ends it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import ProgrammingError, connections
from django.utils import timezone

from accounts import ledger
from accounts.acting import acting_as
from accounts.actors import Actor, Denied, System
from accounts.ledger import Kind
from accounts.models import AuditEvent
from phr.services import link_documents, records
from sharing import health_links
from sharing.labels import Sensitivity
from sharing.models import MOST_WRONG, Grant, Notice, NoticeKind, ShareLink
from sharing.opening import lookup
from sharing.policy import Action
from sharing.scopes import Scope
from sharing.services import granting, links, listing, replaying
from tests.cast import ALL, ORDINARY, Cast
from tests.raw import as_owner, open_walls
from tests.worlds.kept import keep

pytestmark = pytest.mark.django_db(databases=["default", "vault"])
NOBODY = Actor(request_id="r" * 32)
LEE = "Dr Lee"


def week(scope: Scope = ALL) -> Scope:
    return replace(scope, ends_at=timezone.now() + timedelta(days=7))


def made(cast: Cast, **said: Any) -> tuple[links.Made, str]:
    """A link of alice's, and the secret in its address."""
    scope = said.pop("scope", week())
    link = links.make(cast.alice, LEE, scope=scope, **said)
    return link, secret_of(cast, link)


def secret_of(cast: Cast, link: links.Made) -> str:
    url = links.one(cast.alice, link.grant_id).url
    return url.partition("/link/")[2].partition("/")[0]


def enter(secret: str, passcode: str = "") -> Actor:
    return links.opened(NOBODY, secret, recipient=LEE, passcode=passcode)


def row_of(link: links.Made) -> ShareLink:
    with as_owner():
        return ShareLink.objects.raw(
            "SELECT * FROM sharing_sharelink WHERE grant_id = %s", [link.grant_id]
        )[0]


def test_whoever_has_link_and_passcode_sees_what_it_covers_and_nothing_else(cast: Cast) -> None:
    ordinary, mental = keep(cast.alice_id), keep(cast.alice_id, labels=[Sensitivity.PSY])
    link, secret = made(cast, scope=week(ORDINARY))

    assert links.needs_passcode(NOBODY, secret)
    visitor = enter(secret, f"{link.passcode[:4]} {link.passcode[4:]}")

    shown = records.timeline(visitor, cast.alice_id)
    assert [item.id for item in shown.items] == [ordinary.pk]
    assert shown.patient_name == "Alice Archer"
    with pytest.raises(Denied):
        records.open_record(visitor, cast.alice_id, mental.pk)
    with pytest.raises(Denied):
        records.timeline(visitor, cast.carol_id)


def test_her_own_pages_say_who_opened_it_and_she_is_told(cast: Cast) -> None:
    link, secret = made(cast)
    visitor = enter(secret, link.passcode)
    records.timeline(visitor, cast.alice_id)

    shown = links.one(cast.alice, link.grant_id)
    assert [(one.recipient, one.app) for one in shown.openings] == [(LEE, False)]
    assert [one.recipient for one in links.mine(cast.alice)] == [LEE]
    [held] = listing.given(cast.alice)
    assert (held.person.name, held.state) == ("Link for Dr Lee", "active")
    assert held.looked_at is not None
    with acting_as(cast.alice):
        assert Notice.objects.get(kind=NoticeKind.LINK_OPENED).grant_id == link.grant_id
        bases = set(AuditEvent.objects.filter(door="link").values_list("basis", flat=True))
    assert bases == {f"grant:{link.grant_id}"}


def test_neither_secret_nor_passcode_nor_name_is_kept_in_clear(cast: Cast) -> None:
    link, secret = made(cast)
    raw = health_links.bytes_of(secret)
    row = row_of(link)

    kept = b"".join(bytes(one or b"") for one in (row.lookup, row.secret_sealed))
    assert raw not in kept
    assert secret.encode() not in kept
    assert LEE.encode() not in bytes(row.recipient_sealed)
    assert link.passcode not in row.passcode_hash
    assert bytes(row.lookup) == lookup(raw)
    assert len(raw) == 32


@pytest.mark.parametrize("said", ["", "x", "A" * 43, "ü", "=" * 9])
def test_a_secret_of_no_link_opens_nothing(cast: Cast, said: str) -> None:
    made(cast)
    with pytest.raises(Denied):
        enter(said)


def test_wrong_passcodes_are_counted_over_the_whole_life_of_a_link(cast: Cast) -> None:
    link, secret = made(cast)
    for left in range(MOST_WRONG - 1, 0, -1):
        with pytest.raises(links.WrongPasscode) as wrong:
            enter(secret, "00000000x")
        assert wrong.value.left == left
    enter(secret, link.passcode)
    with pytest.raises(links.WrongPasscode) as wrong:
        enter(secret, "wrong")
    assert wrong.value.left == 0

    with pytest.raises(Denied):
        enter(secret, link.passcode)
    assert links.one(cast.alice, link.grant_id).state == "locked"
    with acting_as(cast.alice):
        denied = AuditEvent.objects.filter(action=links.OPEN, outcome="denied")
        assert denied.count() == MOST_WRONG + 1


def test_to_say_no_passcode_is_no_guess(cast: Cast) -> None:
    _, secret = made(cast)
    with pytest.raises(links.WrongPasscode) as wrong:
        enter(secret, "  ")
    assert wrong.value.left == MOST_WRONG


def test_a_link_without_a_passcode_opens_as_often_as_it_may(cast: Cast) -> None:
    link, secret = made(cast, passcode=False, uses=2)
    assert link.passcode == ""
    enter(secret)
    enter(secret)
    with pytest.raises(Denied):
        enter(secret)
    assert links.one(cast.alice, link.grant_id).state == "used"


def destroy(cast: Cast, link: links.Made) -> None:
    granting.revoke(cast.alice, link.grant_id)


def stop_all(cast: Cast, _link: links.Made) -> None:
    granting.revoke_all(cast.alice)


def pause(cast: Cast, link: links.Made) -> None:
    granting.pause(cast.alice, link.grant_id)


def guess(cast: Cast, link: links.Made) -> None:
    for _ in range(MOST_WRONG):
        with pytest.raises(links.WrongPasscode):
            enter(secret_of(cast, link), "wrong")


@pytest.mark.parametrize("stop", [destroy, stop_all, pause, guess])
def test_what_stops_a_link_stops_also_who_came_in_before(
    cast: Cast, stop: Callable[[Cast, links.Made], None]
) -> None:
    keep(cast.alice_id)
    link, secret = made(cast)
    visitor = enter(secret, link.passcode)
    stop(cast, link)

    with pytest.raises(Denied):
        records.timeline(visitor, cast.alice_id)
    with pytest.raises(Denied):
        enter(secret, link.passcode)


def test_wrong_passcodes_end_the_permission_and_she_is_told(cast: Cast) -> None:
    link, _ = made(cast)
    guess(cast, link)

    assert row_of(link).secret_sealed is None
    with acting_as(cast.alice):
        assert Grant.objects.get(pk=link.grant_id).revoked_at
        assert Notice.objects.get(kind=NoticeKind.ENDED).grant_id == link.grant_id
    assert ledger.token(Kind.REVOCATION, str(link.grant_id)) in ledger.latest(Kind.REVOCATION)
    assert links.one(cast.alice, link.grant_id).state == "locked"


def test_who_came_in_may_go_on_when_it_is_used_up_and_after_a_pause(cast: Cast) -> None:
    keep(cast.alice_id)
    link, secret = made(cast, uses=1)
    visitor = enter(secret, link.passcode)
    address = link_documents.manifest(visitor).files[0]["location"]
    by_ticket, _ = link_documents.ticket_of(address.rpartition("/")[2])
    for who in (visitor, by_ticket):
        assert records.timeline(who, cast.alice_id).items
    pause(cast, link)
    granting.resume(cast.alice, link.grant_id)
    assert records.timeline(by_ticket, cast.alice_id).items


def test_a_paused_link_works_again(cast: Cast) -> None:
    link, secret = made(cast)
    pause(cast, link)
    granting.resume(cast.alice, link.grant_id)
    assert enter(secret, link.passcode).grant_id == link.grant_id


def test_before_its_first_and_after_its_last_day_it_opens_nothing(cast: Cast) -> None:
    later = timezone.now() + timedelta(days=1)
    link, secret = made(cast, scope=replace(week(), starts_at=later))
    with pytest.raises(Denied):
        enter(secret, link.passcode)
    assert links.one(cast.alice, link.grant_id).state == "later"

    over = replace(ALL, ends_at=timezone.now() + timedelta(microseconds=1))
    link, secret = made(cast, scope=over)
    with pytest.raises(Denied):
        enter(secret, link.passcode)


def test_nothing_is_left_that_could_open_a_destroyed_link(cast: Cast) -> None:
    link, _ = made(cast)
    destroy(cast, link)

    assert row_of(link).secret_sealed is None
    shown = links.one(cast.alice, link.grant_id)
    assert (shown.state, shown.url, shown.uri) == ("revoked", "", "")


def test_after_a_restore_a_destroyed_link_ends_again(cast: Cast) -> None:
    link, secret = made(cast)
    sealed = row_of(link).secret_sealed
    destroy(cast, link)
    open_walls()
    with as_owner():
        Grant.objects.filter(pk=link.grant_id).update(revoked_at=None)
        ShareLink.objects.filter(grant=link.grant_id).update(secret_sealed=sealed)

    replaying.replay_revocations(Actor.job(System.RECONCILE))

    assert row_of(link).secret_sealed is None
    with pytest.raises(Denied):
        enter(secret, link.passcode)


def test_looking_is_not_copying(cast: Cast) -> None:
    link, secret = made(cast, scope=week(ORDINARY))
    assert links.one(cast.alice, link.grant_id).uri == ""
    with pytest.raises(Denied):
        links.opened(NOBODY, secret, recipient="app", passcode=link.passcode, action=Action.COPY)


def test_a_link_ends_some_day_and_lets_nobody_send_or_pass_on(cast: Cast) -> None:
    with pytest.raises(granting.Refused):
        links.make(cast.alice, LEE, scope=ALL)
    wide = replace(
        week(), may_reshare=True, inward_categories=ALL.categories, inward_labels=ALL.labels
    )
    link, _ = made(cast, scope=wide)
    with acting_as(cast.alice):
        row = Grant.objects.get(pk=link.grant_id)
    assert (row.may_reshare, row.inward_categories) == (False, [])
    with pytest.raises(granting.Refused):
        granting.change(cast.alice, link.grant_id, scope=week())


def test_so_many_links_in_a_day(cast: Cast, settings: Any) -> None:
    settings.PHR_INVITATIONS_A_DAY = 1
    made(cast)
    with pytest.raises(granting.Refused):
        made(cast)


def test_nobody_else_finds_her_links(cast: Cast) -> None:
    link, _ = made(cast)
    assert links.mine(cast.carol) == []
    with pytest.raises(Denied):
        links.one(cast.carol, link.grant_id)
    with pytest.raises(Denied):
        links.about(cast.bob)


def test_the_database_lets_the_counters_only_fall(cast: Cast) -> None:
    link, _ = made(cast, uses=3)
    visitor = Actor.link(link.grant_id)
    for more in ({"attempts_left": 6}, {"uses_left": 4}, {"uses_left": None}):
        with pytest.raises(ProgrammingError), acting_as(visitor):
            ShareLink.objects.update(**more)


@pytest.mark.django_db(databases=["default", "vault"], transaction=True)
def test_of_many_guesses_at_once_no_more_are_taken_than_it_has(cast: Cast) -> None:
    link, secret = made(cast)
    answers = at_once(12, lambda: enter(secret, "wrong"))
    assert answers.count("WrongPasscode") == MOST_WRONG
    assert answers.count("Denied") == 12 - MOST_WRONG
    assert links.one(cast.alice, link.grant_id).wrong == MOST_WRONG


@pytest.mark.django_db(databases=["default", "vault"], transaction=True)
def test_of_many_openings_at_once_no_more_are_let_in_than_it_has(cast: Cast) -> None:
    link, secret = made(cast, uses=3)
    answers = at_once(10, lambda: enter(secret, link.passcode))
    assert sorted(answers) == ["Denied"] * 7 + ["in"] * 3


def at_once(times: int, act: Callable[[], object]) -> list[str]:
    def one(_: int) -> str:
        try:
            act()
        except (Denied, links.WrongPasscode) as refused:
            return type(refused).__name__
        finally:
            connections.close_all()
        return "in"

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(one, range(times)))
