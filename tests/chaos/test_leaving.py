"""The way out, with workers killed before, inside and after every step (DESIGN D9).

A chain of workers carries one erasure out: each of them is killed at the next point, the last one
comes to its end. PHR_CHAOS=all tries a kill before every line.
"""

import inspect
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from pytest_django import Settings

from accounts.acting import acting_as
from phr.models import Upload
from rights import saga, steps
from rights.models import Erasure
from rights.models.erasures import PART, Scope
from rights.services import erasures
from rights.steps import steps_of
from tests.cast import PURGER
from tests.chaos.endings import Ending, Story, naming, within
from tests.chaos.kills import EVERY, Kill, Worker, line_of, stretches
from tests.chaos.states import sound
from tests.worlds.kept import keep
from tests.worlds.leaving import Town

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.slow,
    pytest.mark.usefixtures("outbox"),
    pytest.mark.timeout(3600 if EVERY else 120),
    pytest.mark.django_db(databases=["default", "vault"], transaction=True),
]
PURGE = "rights.tasks.purge"


def lines_of(function: Callable[..., Any]) -> set[str]:
    source, first = inspect.getsourcelines(function)
    return {f"rights/saga.py:{first + number}" for number in range(len(source))}


WORK, MARK = line_of(saga._take, "step.work("), line_of(saga._take, "with acting_as(")
WAITS, AGAIN = line_of(saga._look_again, "Erasure.objects"), line_of(steps.again, "rest = ")
# From the end of a step's work to the end of what notes that it is done.
MARKING = (lines_of(saga._take) | lines_of(saga._mark)) - {WORK}
# How many chains of killed workers, unless all lines are tried.
CHAINS = 1
# In the log, in carol's receipt with the empty shell that it names, and what the law makes us keep.
LEFT = {
    "accounts_auditevent", "accounts_practitioner", "accounts_user", "rights_heldfile",
    "rights_helditem", "rights_hold", "sharing_grant",
}  # fmt: skip


def an_account(town: Town, number: int) -> Story:
    leaver = town.leaver(number)
    erasures.erase_everything(leaver.actor, account=True, undo_hours=0)
    return Story.of(leaver)


def an_item(town: Town, number: int) -> Story:
    leaver = town.leaver(number)
    assert leaver.actor.user_id
    pk = erasures.erase_record(leaver.actor, leaver.record_id)
    return Story(
        leaver.actor.user_id, leaver.patient_id, pk, frozenset({leaver.scan}), leaver.addresses
    )


def an_import(town: Town, number: int) -> Story:
    leaver = town.leaver(number)
    assert leaver.actor.user_id
    with acting_as(PURGER, about=leaver.patient_id):
        upload_id = Upload.objects.get(original__name=leaver.scan).pk
    reference = erasures.undo_import(leaver.actor, upload_id)
    with acting_as(PURGER):
        pk = Erasure.objects.get(reference=reference).pk
    files = frozenset({leaver.scan})
    return Story(leaver.actor.user_id, leaver.patient_id, pk, files, leaver.addresses)


Begin = Callable[[Town, int], Story]


KINDS = {"before", "inside", "after"}


@dataclass(frozen=True)
class Course:
    """Where a worker can be killed that comes to a step first: in its work and in its marking."""

    work: dict[str, list[Kill]]
    mark: dict[str, list[Kill]]

    @classmethod
    def of(cls, names: list[str], answer: dict[str, Any]) -> "Course":
        """By the lines of an undisturbed run, whose stations were `WORK` and `MARK`."""
        claim = answer["stations"][0][1]
        found = stretches(answer)
        starts = [number for number, one in enumerate(found) if one.station == WORK]
        assert len(starts) == len(names), "the undisturbed run did not take every step"
        work, mark = {}, {}
        for name, at in zip(names, starts, strict=True):
            lines = [kill.at for kill in found[at].kills if kill.at != WORK]
            work[name] = [Kill(line, claim.get(line, 0) + 1) for line in lines]
            after = [kill.at for one in found[at + 1 : at + 3] for kill in one.kills]
            mark[name] = [Kill(line) for line in dict.fromkeys(after) if line in MARKING]
        return cls(work, mark)

    def points(self, name: str, chain: int, chains: int) -> Iterator[tuple[str, Kill]]:
        """Where one of several chains kills at this step: at one line of each kind, while there are."""
        kinds = {"before": [Kill(WORK)], "inside": self.work[name], "after": self.mark[name]}
        for kind, kills in kinds.items():
            at = chain if EVERY else len(kills) * (2 * chain + 1) // (2 * chains)
            if at < len(kills):
                yield kind, kills[at]

    @property
    def longest(self) -> int:
        return max(len(kills) for kills in (*self.work.values(), *self.mark.values()))


STORIES = [
    pytest.param(an_account, Scope.ACCOUNT, id="account"),
    pytest.param(an_item, Scope.ITEM, id="item"),
    pytest.param(an_import, Scope.IMPORT, id="undone-import"),
]


@pytest.fixture(autouse=True)
def any_number_of_invitations(settings: Settings) -> None:
    """Carol invites everybody who leaves."""
    settings.PHR_INVITATIONS_A_DAY = 10_000


@pytest.mark.parametrize(("begin", "scope"), STORIES)
def test_killed_at_every_step_it_ends_the_same(worker: Worker, begin: Begin, scope: Scope) -> None:
    town, names = Town.enter(), [step.name for step in steps_of(scope)]
    undisturbed = begin(town, 0)
    neighbour = naming(town.neighbour)
    undisturbed.let_time_pass()
    course = Course.of(names, worker.watch(PURGE, undisturbed.erasure_id, stations=[WORK, MARK]))
    after = undisturbed.ending()
    check_all_is_done(after, names, scope)
    tried = defaultdict[str, set[str]](set)

    chains = course.longest if EVERY else CHAINS
    for chain in range(chains):
        story = begin(town, chain + 1)
        for done, name in enumerate(names):
            for kind, kill in course.points(name, chain, chains):
                kill_one(worker, story, kill, names[:done])
                tried[name].add(kind)
        story.finish()

        assert story.ending() == after, chain
        assert naming(town.neighbour) == neighbour, chain
        assert sound(), chain

    assert tried == dict.fromkeys(names, KINDS), "a step without a kill"


def check_all_is_done(after: Ending, names: list[str], scope: Scope) -> None:
    """An undisturbed run leaves nothing behind, and says so."""
    assert set(after.steps) == set(names)
    assert after.ledger[1:] == (False, True)
    assert after.files == frozenset()
    assert [at and certified for _, at, certified in after.stages] == [True] * 3
    assert any(after.mails) == (scope in PART)
    if scope == Scope.ACCOUNT:
        assert after.ids == (None, None, None)
        assert set(after.rows) == LEFT


def kill_one(worker: Worker, story: Story, kill: Kill, done: list[str]) -> None:
    """Another worker takes it up and is killed there; no step counts as done before it is."""
    missing = len(done) - len(story.steps())
    if kill.at == WORK:
        # The step before this one is taken again where nobody could note that it was done.
        kill = replace(kill, time=1 + missing)
    elif missing:
        kill_one(worker, story, Kill(WORK), done)
    for _ in within():
        story.let_time_pass()
        if worker.run(PURGE, story.erasure_id, kill)["killed"]:
            break
    taken = story.steps()
    assert set(done) <= taken, kill
    assert len(taken) <= len(done) + (kill.at in MARKING), kill


def test_killed_while_it_begins_to_wait_it_ends_all_the_same(worker: Worker) -> None:
    """A mail that has just been written may still go; nobody waits for it for ever."""
    town = Town.enter()
    story = an_account(town, 1)

    assert worker.run(PURGE, story.erasure_id, Kill(WAITS))["killed"]

    names = [step.name for step in steps_of(Scope.ACCOUNT)]
    assert story.steps() == set(names[: names.index("mail")])
    story.finish()
    assert not any(story.ending().mails)
    assert sound()


def test_what_comes_in_meanwhile_is_gone_through_again_killed_or_not(worker: Worker) -> None:
    """A row that came in behind the purge keeps the patient; all is gone through once more."""
    town = Town.enter()
    undisturbed, story = an_account(town, 0), an_account(town, 1)
    undisturbed.finish()
    last = [step.name for step in steps_of(Scope.ACCOUNT)].index("patient")
    story.let_time_pass()
    assert worker.run(PURGE, story.erasure_id, Kill(WORK, last + 1))["killed"]
    keep(story.patient_id, text="Came in late")

    for _ in within():
        story.let_time_pass()
        if worker.run(PURGE, story.erasure_id, Kill(AGAIN))["killed"]:
            break

    assert "records" in story.steps()
    story.finish()
    after, expected = story.ending(), undisturbed.ending()
    assert (after.rows, after.files, after.steps) == (expected.rows, expected.files, expected.steps)
    assert sound()
