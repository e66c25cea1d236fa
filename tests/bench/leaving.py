"""What erasing costs: linear in the size of the record, and nobody else waits for it."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.conf import settings
from django.db import connections

from accounts.acting import acting_as
from phr.services import removal
from rights import saga
from rights.models import Erasure
from rights.services import erasures
from sharing.services import granting
from tests.bench.people import Person, patient, share
from tests.bench.report import Report, Times, measure
from tests.cast import PURGER, put_in
from tests.worlds.bulk import as_owner, multiply_records
from tests.worlds.synthea import lines

SMALL, LARGE = 10_000, 100_000
MOST_GROWTH = 1.5
MOST_TO_FLOOR = 10.0
# On two cores the purge takes one of them and PostgreSQL the other.
MOST_WAITING = 5.0


def run(report: Report) -> None:
    """Purge 10^4 and 10^5 records, beside one bare DELETE; revoke while a large purge runs."""
    report.say("Erasing a whole record: microseconds for each item")
    floor = _bare_delete(_full(SMALL, seed=21)[1], SMALL)
    small, large = (_purge(_full(count, seed=count % 97), count) for count in (SMALL, LARGE))
    report.say(f"  one bare DELETE of {SMALL:,}: {floor:.0f}, purge of {SMALL:,}: {small:.0f},")
    report.say(f"  purge of {LARGE:,}: {large:.0f}")
    report.at_most(f"purge, {LARGE:,} : {SMALL:,}, for each item", large / small, MOST_GROWTH)
    report.at_most("purge : one bare DELETE", small / floor, MOST_TO_FLOOR)
    _revoke_meanwhile(report)


def _full(count: int, *, seed: int) -> tuple[Person, UUID]:
    """A patient with so many records."""
    owner, patient_id = patient()
    put_in(owner.actor, b"".join(lines(400, seed=seed)))
    multiply_records(patient_id, count)
    return owner, patient_id


def _bare_delete(patient_id: UUID, count: int) -> float:
    began = time.perf_counter()
    with as_owner("phr_record", "phr_provenance") as cursor:
        cursor.execute("DELETE FROM phr_provenance WHERE patient_id = %s", [patient_id])
        cursor.execute("DELETE FROM phr_record WHERE patient_id = %s", [patient_id])
    return (time.perf_counter() - began) / count * 1e6


def _purge(full: tuple[Person, UUID], count: int) -> float:
    reference = erasures.erase_everything(full[0].actor, account=True, undo_hours=0)
    with acting_as(PURGER):
        erasure_id = Erasure.objects.get(reference=reference).pk
    began = time.perf_counter()
    saga.carry_on(PURGER, erasure_id)
    took = time.perf_counter() - began
    with acting_as(PURGER):
        assert "records" in Erasure.objects.get(pk=erasure_id).steps
    return took / count * 1e6


def _revoke_meanwhile(report: Report) -> None:
    """How long taking access back takes for one patient while another's record is purged."""
    settings.PHR_INVITATIONS_A_DAY = 1000
    owner, _ = patient()
    readers = [Person.new() for _ in range(3)]
    _, leaving_id = _full(LARGE, seed=5)
    idle = _revoke(owner, readers)
    with _purging(leaving_id):
        busy = _revoke(owner, readers)
    report.say(f"  revoke, idle:          {idle}")
    report.say(f"  revoke, while purging: {busy}")
    report.at_most("revoke while purging : idle, p50", busy.p50 / idle.p50, MOST_WAITING)


def _revoke(owner: Person, readers: list[Person]) -> Times:
    granted = iter([share(owner, reader) for _ in range(12) for reader in readers])
    return measure(lambda: granting.revoke(owner.actor, next(granted)), times=30)


@contextmanager
def _purging(patient_id: UUID) -> Iterator[None]:
    """Another process purges rows of this patient as long as the block lasts."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        removal.purge_rows(PURGER, patient_id)
        os._exit(0)
    try:
        yield
    finally:
        os.waitpid(child, 0)
