"""Every cell of `docs/who-may-see-what.md`, tried through the services that the pages call."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction
from django.http import Http404

from accounts.acting import acting_as
from accounts.actors import Actor, System
from accounts.audit import about
from phr.models import Binary, Record
from phr.services import files, looks, records, removal
from sharing import policy
from sharing.labels import Sensitivity
from sharing.models import Grant
from sharing.policy import Action
from sharing.services import granting
from tests.cast import ALL, Cast
from tests.raw import as_owner, open_walls
from tests.sharing.scenes import ERASING, SCENES, Stage, patient
from tests.standing import Standing
from tests.worlds.kept import keep

pytestmark = pytest.mark.django_db(databases=["default", "vault"])

TEXT = (Path(settings.BASE_DIR) / "docs" / "who-may-see-what.md").read_text(encoding="utf-8")


def table(heading: str) -> dict[str, dict[str, str]]:
    """The first table under a heading: row name → column name → cell."""
    lines = TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line]
    columns = rows[0][1:]
    return {row[0]: dict(zip(columns, row[1:], strict=True)) for row in rows[2:]}


PEOPLE, JOBS = table("People"), table("The portal's own jobs")


def opens(which: str) -> Callable[[Actor, Stage], str]:
    def try_it(actor: Actor, at: Stage) -> str:
        row: Record = getattr(at, which)
        opened = records.open_record(actor, at.cast.alice_id, row.pk)
        page = records.timeline(actor, at.cast.alice_id)
        assert opened.id in {item.id for item in page.items}
        return "yes"

    return try_it


def takes(which: str, *, copy: bool) -> Callable[[Actor, Stage], str]:
    def try_it(actor: Actor, at: Stage) -> str:
        binary: Binary = getattr(at, which)
        opened = files.open_file(actor, at.cast.alice_id, at.test.pk, binary.pk, copy=copy)
        assert b"".join(opened.pieces) == which.encode()
        return "yes"

    return try_it


# What came of sorting, deleting and sharing; anything else is a mistake.
DECIDES: dict[tuple[bool, ...], str] = {
    (True, True, True): "yes",
    (False, True, False): "delete only",
    (True, False, False): "sort only",
    (False, False, False): "no",
}


def decides(actor: Actor, at: Stage) -> str:
    """All of it, nothing of it, or some of it."""
    acts: list[Callable[[], object]] = [
        lambda: records.classify(actor, at.test.pk, labels=[Sensitivity.HIV]),
        lambda: removal.hide_record(actor, at.test.pk),
        lambda: share_alices(actor, at),
    ]
    done = []
    for act in acts:
        try:
            with transaction.atomic():
                act()
            done.append(True)
        except Http404:
            done.append(False)
    return DECIDES[tuple(done)]


def share_alices(actor: Actor, at: Stage) -> None:
    """Anybody with a record may share; what counts is whose record it is."""
    grant_id = granting.grant(actor, "dora@example.org", scope=ALL)
    with as_owner():
        patient_id = Grant.objects.get(pk=grant_id).patient_id
    if patient_id != at.cast.alice_id:
        raise Http404


def sees_looks(actor: Actor, at: Stage) -> str:
    with acting_as(actor):
        visible = about(at.cast.alice_id).exists()
    try:
        told = bool(looks.log(actor).lines)
    except Http404:
        told = False
    if visible:
        return "yes" if told else "ids only"
    return "no"


COLUMNS: dict[str, Callable[[Actor, Stage], str]] = {
    "open the blood test": opens("test"),
    "look at its picture": takes("picture", copy=False),
    "download its file": takes("file", copy=True),
    "open the mental-health item": opens("mental"),
    "open the unsorted item": opens("unsorted"),
    "open the letter": opens("letter"),
    "open the deleted item": opens("deleted"),
    "sort, delete or share": decides,
    "see who has looked": sees_looks,
}


def one_patient_is_as_the_list_says(who: Actor, at: Stage) -> None:
    """What is found of one patient is what the rule lists; offered as a copy is what may be copied."""
    with acting_as(who, about=at.cast.alice_id):
        for action in Action:
            listed = policy.patients(who, action).filter(pk=at.cast.alice_id).first()
            assert policy.grounds(who, action, at.cast.alice_id).patient == listed, action
        looking = policy.grounds(who, Action.READ, at.cast.alice_id)
        for row in (at.test, at.mental, at.unsorted, at.letter):
            offered = looking.lets_copy(row) and bool(looking.of(row))
            assert offered == bool(policy.explain(who, Action.COPY, row)), row


@pytest.fixture(scope="module")
def world(standing: Standing, standing_cast: Cast) -> Stage:
    open_walls()
    with standing.built():
        return Stage.enter(standing_cast)


@pytest.mark.parametrize("name", list(PEOPLE))
def test_every_cell_of_a_row_is_true(world: Stage, name: str) -> None:
    at = world
    who = SCENES[name](at)
    one_patient_is_as_the_list_says(who, at)

    tried = {}
    for column, does in COLUMNS.items():
        with transaction.atomic():
            try:
                with transaction.atomic():
                    tried[column] = does(who, at)
            except Http404:
                tried[column] = "no"
            transaction.set_rollback(True)

    assert tried == PEOPLE[name]


def test_the_page_and_this_test_have_the_same_rows_and_columns() -> None:
    assert set(PEOPLE) == set(SCENES)
    assert set(JOBS) == set(System)
    for row in PEOPLE.values():
        assert list(row) == list(COLUMNS)


MEANT = {
    "add items": {Action.CREATE},
    "change items": {Action.UPDATE},
    "destroy items": {Action.DELETE},
    "read or copy items": {Action.READ, Action.COPY},
    "share": {Action.SHARE, Action.REVOKE, Action.RESHARE, Action.CONTRIBUTE},
}


@pytest.mark.parametrize("name", list(JOBS))
def test_every_cell_of_a_job_is_true(cast: Cast, name: str) -> None:
    row, actor = keep(cast.alice_id), Actor.job(System(name))
    assert set().union(*MEANT.values()) == set(Action)
    for column, cell in JOBS[name].items():
        for action in MEANT[column]:
            with acting_as(actor, about=cast.alice_id):
                found = policy.records(actor, action, Record.objects.all(), cast.alice_id)
                assert list(found) == ([row] if cell == "yes" else []), (name, action)


@pytest.mark.parametrize("job", list(System))
def test_no_job_touches_a_record_that_is_being_erased(world: Stage, job: System) -> None:
    alice_id = world.cast.alice_id
    patient(world, **ERASING)
    with acting_as(Actor.job(job), about=alice_id):
        for action in Action:
            found = policy.records(Actor.job(job), action, Record.objects.all(), alice_id)
            assert not found.exists()
