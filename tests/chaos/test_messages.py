"""Messages only hurry: one that is lost, doubled or late changes nothing (DESIGN D7)."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from django.db import connections

from phr.services import imports, records
from phr.tasks import import_due, import_upload
from rights.services import erasures as rights
from rights.tasks import purge, purge_due
from tests.cast import IMPORTER, Cast, receive
from tests.chaos.crowd import at_once
from tests.chaos.states import end_leases, state
from tests.worlds.synthea import lines

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.django_db(databases=["default", "vault"], transaction=True),
]
FILE = b"".join(lines(30, seed=8))


def imported(cast: Cast) -> int:
    return int(state(cast.alice_id)["events"]["import", "system", "success", 30])


def visible(cast: Cast) -> int:
    return len(state(cast.alice_id)["visible"])


def test_a_lost_message_is_made_up_for_by_the_sweep(cast: Cast) -> None:
    receive(cast.alice, FILE)
    assert visible(cast) == 0

    assert import_due() == 1

    assert (visible(cast), imported(cast)) == (30, 1)
    assert import_due() == 0


def test_a_doubled_message_imports_once(cast: Cast) -> None:
    upload_id = receive(cast.alice, FILE)

    assert sorted(at_once(import_upload, upload_id)) == [0, 1]

    assert (visible(cast), imported(cast)) == (30, 1)


def test_a_late_message_changes_nothing(cast: Cast) -> None:
    upload_id = receive(cast.alice, FILE)
    import_upload(str(upload_id))
    before = state(cast.alice_id)

    assert import_upload(str(upload_id)) == 0
    assert import_upload(str(uuid4())) == 0

    assert state(cast.alice_id) == before


def test_two_files_at_once_with_the_same_content_are_kept_once(cast: Cast) -> None:
    first, second = receive(cast.alice, FILE), receive(cast.alice, FILE)
    both = iter([first, second])

    at_once(lambda _: import_upload(str(next(both))), first)

    assert visible(cast) == 30


def test_a_slow_worker_that_lost_its_lease_does_not_publish(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may wake up after another one finished: what it staged is then dropped."""
    upload_id = receive(cast.alice, FILE)
    publish = imports._publish

    def late(*arguments: object) -> None:
        end_leases(cast.alice_id)
        monkeypatch.setattr(imports, "_publish", publish)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(in_a_thread_of_its_own, upload_id).result()
        publish(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(imports, "_publish", late)
    imports.import_upload(IMPORTER, upload_id)

    assert (visible(cast), imported(cast)) == (30, 1)


def in_a_thread_of_its_own(upload_id: UUID) -> None:
    try:
        imports.import_upload(IMPORTER, upload_id)
    finally:
        connections.close_all()


def test_a_doubled_purge_is_done_once(cast: Cast) -> None:
    import_upload(str(receive(cast.alice, FILE)))
    record = records.timeline(cast.alice, cast.alice_id).items[0]
    erasure_id = rights.erase_record(cast.alice, record.id)
    assert visible(cast) == 29

    assert sorted(at_once(purge, erasure_id)) == [0, 1]
    assert purge(str(erasure_id)) == 0
    assert purge_due() == 0

    assert len(state(cast.alice_id)["records"]) == 29
    assert state(cast.alice_id)["events"]["purge", "system", "success", 1] == 1


def test_a_lost_purge_is_made_up_for_by_the_sweep(cast: Cast) -> None:
    import_upload(str(receive(cast.alice, FILE)))
    record = records.timeline(cast.alice, cast.alice_id).items[0]
    rights.erase_record(cast.alice, record.id)

    assert purge_due() == 1

    assert len(state(cast.alice_id)["records"]) == 29
