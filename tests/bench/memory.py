"""Peak memory of an import, worker and parser process together; run as a program for each size."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.bench.report import Report

SMALL_MB, LARGE_MB = 10, 100
BYTES_A_RESOURCE = 1140
# A file ten times as large may take so much more memory, in MB: flat but for the allocator's slack.
MOST_GROWTH_MB = 150.0
MOST_MB = 600.0
ROOT = Path(__file__).resolve().parent.parent.parent
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1_000_000


def run(report: Report) -> None:
    """Import a bundle of 10 MB and one of 100 MB, each in a fresh worker."""
    report.say("Peak resident memory of an import, worker and box together")
    peaks = {}
    for size in (SMALL_MB, LARGE_MB):
        found = _in_fresh_process(size)
        peaks[size] = found["peak"]
        report.say(
            f"  {size:4} MB, {found['resources']:7,} resources: {found['peak']:5.0f} MB"
            f" (before it began {found['before']:.0f} MB), {found['rate']:,.0f} /s"
        )
    report.at_most("peak at 100 MB", peaks[LARGE_MB], MOST_MB)
    report.at_most("peak at 100 MB - at 10 MB", peaks[LARGE_MB] - peaks[SMALL_MB], MOST_GROWTH_MB)


def _in_fresh_process(megabytes: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.memory", str(megabytes)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


class Watch(threading.Thread):
    """Adds up what this process and its children hold, twenty times a second."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = self.now = resident_mb()
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.05):
            self.now = resident_mb()
            self.peak = max(self.peak, self.now)

    def end(self) -> float:
        self._over.set()
        self.join()
        return self.peak


def resident_mb() -> float:
    """Resident megabytes of this process and its children."""
    own = Path("/proc/self/task")
    children = [
        child for task in own.iterdir() for child in (task / "children").read_text().split()
    ]
    return sum(_resident(pid) for pid in ["self", *children])


def _resident(pid: str) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_MB
    except OSError:
        return 0.0


def main(megabytes: int) -> None:
    """The fresh worker: the file is put in piece by piece and never whole in memory."""
    import django

    django.setup()
    from phr.services import imports, uploads
    from tests.bench.people import patient
    from tests.cast import IMPORTER
    from tests.worlds.synthea import lines

    person, _ = patient()
    resources = megabytes * 1_000_000 // BYTES_A_RESOURCE
    upload_id, writer = uploads.begin_upload(person.actor, file_name="large.json")
    for line in lines(resources, seed=megabytes):
        writer.write(line)
    writer.close()
    uploads.complete_upload(person.actor, upload_id, size=writer.size)
    watch = Watch()
    before = watch.peak
    watch.start()
    began = time.perf_counter()
    imports.import_upload(IMPORTER, upload_id)
    took = time.perf_counter() - began
    peak = watch.end()
    state = uploads.upload(person.actor, upload_id).state
    if state != "finished":
        raise SystemExit(f"the import ended as {state}")
    figures = {"peak": peak, "before": before, "rate": resources / took, "resources": resources}
    print(json.dumps(figures))


if __name__ == "__main__":
    main(int(sys.argv[1]))
