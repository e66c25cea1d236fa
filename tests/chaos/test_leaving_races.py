"""Workers at the same erasure, workers that wake up too late, and messages that come too late."""

from collections.abc import Callable
from uuid import UUID

import pytest

from accounts import services as accounts
from accounts.acting import acting_as
from accounts.actors import Actor
from phr import storage
from phr.parts import Parts
from phr.services import imports
from phr.tasks import import_upload
from rights import saga
from rights.models import Erasure
from rights.models.erasures import Scope
from rights.services import building, exports
from rights.steps import steps_of
from rights.tasks import build_export, purge, purge_due
from tests.cast import PURGER, join, receive
from tests.chaos.crowd import at_once
from tests.chaos.endings import Story, naming, remembered
from tests.chaos.kills import EVERY, Kill, Worker, evenly, line_of
from tests.chaos.states import sound
from tests.worlds import files
from tests.worlds.kept import keep, with_file
from tests.worlds.leaving import Leaver, Town, delete_account

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.slow,
    pytest.mark.usefixtures("outbox"),
    pytest.mark.timeout(3600 if EVERY else 120),
    pytest.mark.django_db(databases=["default", "vault"], transaction=True),
]


IMPORT, BUILD = "phr.tasks.import_upload", "rights.tasks.build_export"
CREATES = line_of(building._make, "with _file(")


def leave(leaver: Leaver) -> Story:
    delete_account(str(leaver.actor.user_id))
    story = Story.of(leaver)
    story.let_time_pass()
    return story


def row(story: Story) -> Erasure:
    with acting_as(PURGER):
        return Erasure.objects.get(pk=story.erasure_id)


def test_two_workers_at_once_do_it_once_and_messages_of_before_do_nothing() -> None:
    town = Town.enter()
    alone, leaver = leave(town.leaver(0)), town.leaver(1)
    both = leave(leaver)
    purge(str(alone.erasure_id))

    assert sorted(at_once(purge, both.erasure_id)) == [0, 1]

    assert alone.ending() == both.ending()
    assert row(both).finished_at
    before, kept = naming(both.ids), set(storage.names())
    for task, about in (
        (import_upload, leaver.upload_id),
        (build_export, leaver.export_id),
        (purge, both.erasure_id),
    ):
        assert task(str(about)) == 0
    assert purge_due() == 0
    assert naming(both.ids) == before
    assert set(storage.names()) == kept


WORK, MARK = line_of(saga._take, "step.work("), line_of(saga._take, "with acting_as(")
COUNT = len(steps_of(Scope.ACCOUNT))
# Before each step, and after its work. The line of a `with` is run again at its end.
STOPS = [
    Kill(line, time, "SIGSTOP")
    for number in range(COUNT)
    for line, time in ((WORK, number + 1), (MARK, 2 * number + 1))
]


def test_a_worker_that_wakes_up_late_does_no_harm(worker: Worker) -> None:
    """It lost its lease; another one came to the end meanwhile."""
    town = Town.enter()
    neighbour = naming(town.neighbour)
    alone = leave(town.leaver(0))
    alone.finish()
    after = alone.ending()

    for number, stop in enumerate(STOPS if EVERY else evenly(STOPS, 3), start=1):
        story = leave(town.leaver(number))
        assert worker.run("rights.tasks.purge", story.erasure_id, stop)["stopped"], stop
        story.finish()
        finished = row(story)

        assert not worker.go_on()["failed"], stop

        late = row(story)
        assert (late.steps, late.finished_at) == (finished.steps, finished.finished_at), stop
        assert story.ending() == after, stop
        assert naming(town.neighbour) == neighbour, stop
        assert sound(), stop


def an_import(actor: Actor, _patient_id: UUID) -> UUID:
    return receive(actor, files.picture("PNG"), "photo.png")


def an_export(actor: Actor, patient_id: UUID) -> UUID:
    with_file(keep(patient_id), b"a scan")
    return exports.request_export(actor)


@pytest.mark.parametrize(
    ("begin", "task", "place"),
    [
        (an_import, IMPORT, line_of(Parts._begin, "if not Binary")),
        (an_import, IMPORT, line_of(imports._publish, "rows = ")),
        (an_export, BUILD, CREATES),
        (an_export, BUILD, line_of(building._finish, "with acting_as(")),
    ],
)
def test_work_that_goes_on_late_leaves_nothing_of_who_is_gone(
    worker: Worker, begin: Callable[[Actor, UUID], UUID], task: str, place: str
) -> None:
    """Neither a row nor a file is left, although the worker still knows the key."""
    actor = Actor.session(join("lea@example.org").pk)
    patient_id = accounts.begin_record(actor, name="Lea")
    about = begin(actor, patient_id)
    assert worker.run(task, about, Kill(place, signal="SIGSTOP"))["stopped"]
    delete_account(str(actor.user_id))
    assert actor.user_id
    [erasure_id] = remembered(actor.user_id)
    story = Story(actor.user_id, patient_id, erasure_id)
    story.finish()

    assert not worker.go_on()["failed"]

    assert set(story.ending().rows) == {"accounts_auditevent"}
    assert storage.names() == []
    assert sound()


def test_an_archive_that_was_called_off_leaves_no_file(worker: Worker) -> None:
    """Whoever destroyed it came before the file was there."""
    actor = Actor.session(join("lea@example.org").pk)
    export_id = an_export(actor, accounts.begin_record(actor, name="Lea"))
    kept = storage.names()
    assert worker.run(BUILD, export_id, Kill(CREATES, signal="SIGSTOP"))["stopped"]
    exports.end_export(actor, export_id)
    assert exports.destroy_due(PURGER) == 1

    assert not worker.go_on()["failed"]

    assert storage.names() == kept
    assert sound()
