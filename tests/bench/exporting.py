"""How fast a record becomes an archive, next to reading and opening the same rows and no more."""

import subprocess
import sys
from pathlib import Path
from uuid import UUID

from accounts.acting import acting_as
from phr.bodies import open_bytes
from phr.models import Record
from phr.services import imports
from rights.services import building, exports
from tests.bench.memory import Watch
from tests.bench.people import Person, patient
from tests.bench.report import Report, timed
from tests.cast import IMPORTER, receive
from tests.worlds.archive import EXPORTER
from tests.worlds.synthea import lines

SMALL, RESOURCES, MANY = 1000, 10_000, 100_000
REPEATS = 3
# An archive of 10^4 resources, of processor time here and in the database: on a machine that has
# nothing else to do it takes no longer by the clock, and a busy one changes it little.
MOST_SECONDS = 5.0
# Each resource is opened three times: for the Bundle and the names it is called by, for NDJSON and
# the table of results, and for its page in words, which takes as long as the rest together.
MOST_OF_BARE = 35.0
# The worker and the process that sets the PDF, which alone takes about 80.
MOST_MB = 200.0
MOST_GROWTH_MB = 60.0
FRESH = (
    "import sys, django; django.setup(); from tests.bench.exporting import peak; peak(sys.argv[1])"
)
ROOT = Path(__file__).resolve().parent.parent.parent


def run(report: Report, *, million: bool = False) -> None:
    """Archive and bare reading by turns, the fastest of three; then memory in fresh processes."""
    report.say(f"An archive of {RESOURCES:,} resources, as a worker makes it")
    person, patient_id = _filled(RESOURCES)
    bare, whole = [], []
    for _ in range(REPEATS):
        bare.append(timed(lambda: _open(patient_id)))
        whole.append(timed(lambda: _make(person)))
    best = min(whole, key=lambda one: one.every)
    clock, spent = min(one.clock for one in whole), best.processor
    opened = min(one.processor for one in bare)
    report.say(f"  whole archive:                      {RESOURCES / clock:8,.0f} /s")
    report.say(
        f"  bare read and open of the same rows: {RESOURCES / min(b.clock for b in bare):7,.0f} /s"
    )
    report.say(
        f"  processor seconds: {spent:.2f}, of which opening once takes {opened:.2f};"
        f" the PDF {best.children:.2f}, the database {best.database:.2f}; by the clock {clock:.2f}"
    )
    report.at_most("processor seconds of an archive, everywhere", best.every, MOST_SECONDS)
    report.at_most("archive : bare read and open, of the processor", spent / opened, MOST_OF_BARE)
    _memory(report, (SMALL, MANY if million else RESOURCES))


def _memory(report: Report, counts: tuple[int, int]) -> None:
    peaks = [_peak(count) for count in counts]
    for count, megabytes in zip(counts, peaks, strict=True):
        report.at_most(f"peak memory with {count:7,} resources, MB", megabytes, MOST_MB)
    report.at_most("growth of the peak, MB", peaks[1] - peaks[0], MOST_GROWTH_MB)


def _make(person: Person) -> None:
    building.build(EXPORTER, exports.request_export(person.actor))


def _filled(resources: int) -> tuple[Person, UUID]:
    person, patient_id = patient()
    imports.import_upload(IMPORTER, receive(person.actor, b"".join(lines(resources, seed=3))))
    return person, patient_id


def _open(patient_id: UUID) -> None:
    with acting_as(EXPORTER, about=patient_id):
        rows = Record.objects.filter(patient_id=patient_id)
        columns = rows.values_list("id", "version", "body_sealed")
        for pk, version, sealed in columns.iterator(500):
            open_bytes(patient_id, pk, version, bytes(sealed))


def _peak(resources: int) -> float:
    """Megabytes at the peak of an archive, in a process that did nothing else."""
    person, _ = _filled(resources)
    export_id = exports.request_export(person.actor)
    done = subprocess.run(
        [sys.executable, "-c", FRESH, str(export_id)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return float(done.stdout.splitlines()[-1])


def peak(export_id: str) -> None:
    """In the fresh process: make the archive and print the peak in megabytes."""
    watch = Watch()
    watch.start()
    made = building.build(EXPORTER, UUID(export_id))
    print(watch.end())
    if not made:
        raise SystemExit("the archive was not made")
