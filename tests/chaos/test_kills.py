"""A worker may be killed between any two lines: nothing half-done shows, and another one finishes.

Tries an even choice of all kills; PHR_CHAOS=all tries every one.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest

from accounts import services
from accounts.acting import acting_as
from accounts.actors import Actor
from phr.models import Record
from phr.services import imports, records
from rights import saga
from rights.services import building, exports
from rights.services import erasures as rights
from tests.cast import IMPORTER, PURGER, hand_in, join, put_in, receive
from tests.chaos.kills import EVERY, Kill, Worker, kills
from tests.chaos.states import clear_leftovers, end_leases, sound, state
from tests.worlds import files, kept
from tests.worlds.archive import EXPORTER
from tests.worlds.synthea import bundle

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.slow,
    pytest.mark.timeout(3600 if EVERY else 120),
    pytest.mark.django_db(databases=["default", "vault"], transaction=True),
]
IMPORT, PURGE = "phr.tasks.import_upload", "rights.tasks.purge"
BUILD = "rights.tasks.build_export"


@dataclass(frozen=True)
class Person:
    actor: Actor
    patient_id: UUID


def newcomer(number: int) -> Person:
    actor = Actor.session(join(f"chaos{number}@example.org").pk)
    return Person(actor, services.begin_record(actor, name="Alice Archer"))


Prepare = Callable[[Person], UUID]
Again = Callable[[UUID], bool]
State = dict[str, Any]


def a_history(person: Person) -> UUID:
    """A file that brings new items, changes some, repeats some and has some twice."""
    before = bundle(8, seed=5)
    put_in(person.actor, json.dumps(before).encode())
    after = bundle(14, seed=5)
    after["entry"][4]["resource"]["meta"] = {"lastUpdated": "2026-01-01T00:00:00Z"}
    after["entry"][4]["resource"]["language"] = "en"
    after["entry"] += [after["entry"][9], {"fullUrl": "urn:uuid:0"}]
    return receive(person.actor, json.dumps(after).encode())


def a_slice(person: Person) -> UUID:
    """A file that is kept itself, with a picture made from it."""
    return receive(person.actor, files.dicom(files.ct_slice()), "slice.dcm")


def a_disc(person: Person) -> UUID:
    """An archive with files that are kept themselves: two images of one scan, and a letter."""
    second = files.ct_slice(SOPInstanceUID=f"{files.STUDY_UID}.2.2")
    images = [files.dicom(files.ct_slice()), files.dicom(second)]
    inside = [("IM1", images[0]), ("IM2", images[1]), ("letter.pdf", files.pdf())]
    return receive(person.actor, files.packed(*inside), "disc.zip")


def a_mistake(person: Person) -> UUID:
    """A file that is refused at its end."""
    wrong = bundle(6, seed=6)
    wrong["entry"].append({"resource": {"resourceType": "Observation"}})
    return receive(person.actor, json.dumps(wrong).encode())


def a_question(person: Person) -> UUID:
    """A file that is only looked through, until its owner says yes."""
    return hand_in(person.actor, json.dumps(bundle(10, seed=7)).encode())


def an_erasure(person: Person) -> UUID:
    """One of two records with files is erased."""
    put_in(person.actor, files.dicom(files.ct_slice()), "slice.dcm")
    put_in(person.actor, files.picture("PNG"), "photo.png")
    first = records.timeline(person.actor, person.patient_id).items[0]
    return rights.erase_record(person.actor, first.id)


def an_export(person: Person) -> UUID:
    """Everything is to be taken away: items, one with a past, files and a picture."""
    for number in range(3):
        kept.with_file(kept.keep(person.patient_id, text=f"Item {number}"), b"bytes" * number)
    kept.with_past(kept.keep(person.patient_id))
    kept.with_file(kept.keep(person.patient_id), b"picture", use="picture")
    with acting_as(IMPORTER, about=person.patient_id):
        Record.objects.update(dated=False)
    return exports.request_export(person.actor)


def import_again(upload_id: UUID) -> bool:
    return imports.import_upload(IMPORTER, upload_id)


def purge_again(erasure_id: UUID) -> bool:
    return saga.carry_on(PURGER, erasure_id)


def build_again(export_id: UUID) -> bool:
    return building.build(EXPORTER, export_id)


STORIES = [
    pytest.param(a_history, IMPORT, import_again, 6, id="import"),
    pytest.param(a_slice, IMPORT, import_again, 4, id="picture"),
    pytest.param(a_disc, IMPORT, import_again, 4, id="disc"),
    pytest.param(a_mistake, IMPORT, import_again, 3, id="refused"),
    pytest.param(a_question, IMPORT, import_again, 3, id="import-looked-through"),
    pytest.param(an_erasure, PURGE, purge_again, 4, id="purge"),
    pytest.param(an_export, BUILD, build_again, 5, id="export"),
]


@pytest.mark.parametrize(("prepare", "task", "again", "most"), STORIES)
def test_another_worker_finishes(
    worker: Worker, prepare: Prepare, task: str, again: Again, most: int
) -> None:
    undisturbed = newcomer(0)
    about = prepare(undisturbed)
    before = state(undisturbed.patient_id)
    lines = worker.watch(task, about)["lines"]
    after = state(undisturbed.patient_id)
    assert after != before
    survived = []

    for number, kill in enumerate(kills(lines, most=most), start=1):
        person, about, killed = die_at(worker, prepare, task, number, kill)
        if not killed:
            survived.append(kill)

        check_no_orphans(worker, kill)
        check_nothing_half_done(person, before, after, kill)
        finish(person, about, again, after)

        clear_leftovers(person.patient_id)
        assert state(person.patient_id) == after, kill
        assert sound(), kill

    assert len(survived) < most / 4, survived


def die_at(
    worker: Worker, prepare: Prepare, task: str, number: int, kill: Kill
) -> tuple[Person, UUID, bool]:
    """Somebody whose task was killed. How often a line comes may differ: it waits for a parser."""
    for attempt in range(3):
        person = newcomer(number + 1000 * attempt)
        about = prepare(person)
        answer = worker.run(task, about, kill)
        if answer["killed"] or not answer["came"]:
            break
        kill = replace(kill, time=answer["came"])
    return person, about, answer["killed"]


def check_no_orphans(worker: Worker, kill: Kill) -> None:
    """The parser process of a killed worker ends by itself."""
    deadline = time.monotonic() + 10
    while worker.orphans():
        assert time.monotonic() < deadline, kill
        time.sleep(0.05)


def check_nothing_half_done(person: Person, before: State, after: State, kill: Kill) -> None:
    """What shows is all as before or all as after, in the tables and on the page."""
    shows = state(person.patient_id)["visible"]
    assert shows in (before["visible"], after["visible"]), kill
    assert len(records.timeline(person.actor, person.patient_id).items) == len(shows), kill


def finish(person: Person, about: UUID, again: Again, after: State) -> None:
    """A second worker takes the work up once the first one's lease is over."""
    end_leases(person.patient_id)
    deadline = time.monotonic() + 10
    while not again(about) and not _over(state(person.patient_id), after):
        # The database may not have noticed yet that the killed worker is gone.
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _over(now: State, after: State) -> bool:
    return bool(now["records"] == after["records"] and now["exports"] == after["exports"])
