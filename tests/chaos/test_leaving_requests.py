"""A request to delete an account, killed anywhere: either nothing happened, or all of it will."""

from collections import defaultdict
from typing import Any
from uuid import UUID

import pytest

from accounts import ledger, wake
from accounts import services as accounts
from accounts.actors import Actor
from accounts.ledger import Kind
from rights import replay
from rights.services import erasures
from tests import raw
from tests.cast import PURGER, join
from tests.chaos.endings import Story, naming, remembered
from tests.chaos.kills import EVERY, Kill, Worker, evenly, line_of, stretches
from tests.chaos.states import sound
from tests.worlds.leaving import Leaver, Town, undo_deletion

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.slow,
    pytest.mark.usefixtures("outbox"),
    pytest.mark.timeout(3600 if EVERY else 120),
    pytest.mark.django_db(databases=["default", "vault"], transaction=True),
]
DELETE = "tests.worlds.leaving:delete_account"


BEGUN = line_of(erasures.erase_everything, "_new(")
REMEMBERED = line_of(erasures.erase_everything, "_begin(")
COMMITTED = line_of(wake._send, "if time.monotonic()")
STANDING = """
    SELECT (SELECT erasing_at IS NOT NULL FROM accounts_patient WHERE id = %(patient)s),
           (SELECT NOT is_active FROM accounts_user WHERE id = %(user)s),
           NOT EXISTS (SELECT FROM usersessions_usersession WHERE user_id = %(user)s),
           NOT EXISTS (SELECT FROM sharing_grant WHERE patient_id = %(patient)s
                       AND revoked_at IS NULL),
           EXISTS (SELECT FROM rights_erasure WHERE user_id = %(user)s)
"""
LATER = "UPDATE vault_ledgerentry SET made_at = made_at - interval '3 minutes' WHERE id = %s"
UNDO = "tests.worlds.leaving:undo_deletion"
FOUND = line_of(erasures.undo, "rows = ")
SHOWN = line_of(erasures.remember_undone, "ledger.remember(")
UNDONE = """
    SELECT erasing_at IS NULL, is_active, undone_at IS NOT NULL
    FROM rights_erasure e JOIN accounts_patient p ON p.id = e.patient_id
    JOIN accounts_user u ON u.id = e.user_id WHERE e.user_id = %(user)s
"""
UNDONE_BEFORE = """
    UPDATE rights_erasure SET undone_at = undone_at - interval '3 minutes' WHERE user_id = %s
"""


def test_killed_anywhere_a_request_is_carried_out_or_never_was(worker: Worker) -> None:
    town = Town.enter()
    neighbour = naming(town.neighbour)
    undisturbed = town.leaver(0)
    answer = worker.watch(
        DELETE, undisturbed.actor.user_id, stations=[BEGUN, REMEMBERED, COMMITTED]
    )
    story = Story.of(undisturbed)
    story.finish()
    after, outcomes = story.ending(), set()

    for number, kill in enumerate(chosen(answer, most=1), start=1):
        leaver = town.leaver(number)
        assert worker.run(DELETE, leaver.actor.user_id, kill)["killed"], kill

        remembers, hidden = standing(leaver)
        assert remembers or not hidden, kill
        if remembers:
            assert carried_out(leaver, hidden=hidden).ending() == after, kill
        outcomes.add((remembers, hidden))
        assert naming(town.neighbour) == neighbour, kill
        assert sound(), kill

    assert outcomes == {(False, False), (True, False), (True, True)}


def chosen(answer: dict[str, Any], most: int) -> list[Kill]:
    """An even choice of the kills after each station, or all."""
    found = defaultdict[str, list[Kill]](list)
    for stretch in stretches(answer):
        found[stretch.station] += stretch.kills
    return [kill for kills in found.values() for kill in (kills if EVERY else evenly(kills, most))]


def standing(leaver: Leaver) -> tuple[bool, bool]:
    """Whether the ledger knows, and whether she is hidden: wholly, or not at all."""
    assert leaver.actor.user_id
    ids = [leaver.actor.user_id, leaver.patient_id]
    with raw.seeing() as opened:
        [facts] = opened.execute(STANDING, {"user": ids[0], "patient": ids[1]}).fetchall()
    assert len(set(facts)) == 1, "half-hidden"
    return bool(remembered(leaver.actor.user_id)), facts[0]


def carried_out(leaver: Leaver, *, hidden: bool) -> Story:
    """What jobs make of it, once the request can no longer be running."""
    story = Story.of(leaver)
    if not hidden:
        assert replay.resume(PURGER) == 0, "it may still be running"
        with raw.owner("vault") as opened:
            opened.execute(LATER, [story.erasure_id])
        assert replay.resume(PURGER) == 1
        assert standing(leaver) == (True, True)
    story.finish()
    return story


def test_killed_anywhere_an_undoing_is_carried_out_or_never_was(worker: Worker) -> None:
    """The ledger must not say that nothing is to be erased while it is being erased."""
    answer = worker.watch(UNDO, waiting(0), stations=[FOUND, SHOWN])
    outcomes = set()

    for number, kill in enumerate(chosen(answer, most=3), start=1):
        user_id = waiting(number)
        assert worker.run(UNDO, user_id, kill)["killed"], kill

        undone, remembers = undoing(user_id)
        outcomes.add((undone, remembers))
        if not undone:
            undo_deletion(str(user_id))
        elif not remembers:
            assert replay.resume(PURGER) == 0, "it may still be running"
            with raw.owner() as opened:
                opened.execute(UNDONE_BEFORE, [user_id])
            assert replay.resume(PURGER) == 1
        assert undoing(user_id) == (True, True), kill
        assert (replay.resume(PURGER), replay.replay(PURGER)) == (0, 0), kill

    assert outcomes >= {(False, False), (True, False)}


def waiting(number: int) -> UUID:
    """Somebody whose deletion can still be undone."""
    actor = Actor.session(join(f"waiting{number}@example.org").pk)
    accounts.begin_record(actor, name="Wes")
    erasures.erase_everything(actor, account=True, undo_hours=72)
    assert actor.user_id
    return actor.user_id


def undoing(user_id: UUID) -> tuple[bool, bool]:
    """Whether a deletion is undone, wholly or not at all, and whether the ledger says so."""
    with raw.seeing() as opened:
        [facts] = opened.execute(UNDONE, {"user": user_id}).fetchall()
    assert len(set(facts)) == 1, "half-undone"
    newest = ledger.latest(Kind.ERASURE)[ledger.token(Kind.ERASURE, f"user {user_id}")]
    assert facts[0] or not newest.state.startswith(erasures.UNDONE), "a restore would bring it back"
    return facts[0], newest.state.startswith(erasures.UNDONE)
