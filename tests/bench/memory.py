"""Peak memory of an import, worker and parser process together; run as a program for each size."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.bench.report import Report

# About 10^3, 10^4 and 10^5 resources.
SIZES_MB = (1, 11, 114)
BYTES_A_RESOURCE = 1140
# A file a hundred times as large may take so much more memory, in MB: the allocator's slack.
MOST_GROWTH_MB = 150.0
MOST_MB = 600.0
ROOT = Path(__file__).resolve().parent.parent.parent
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1_000_000


def run(report: Report) -> None:
    """Import bundles of about 10^3, 10^4 and 10^5 resources, each in a fresh worker."""
    report.say("Peak resident memory of an import, worker and box together")
    peaks = {}
    for size in SIZES_MB:
        found = _in_fresh_process(size)
        peaks[size] = found["peak"]
        report.say(
            f"  {size:4} MB, {found['resources']:7,} resources: {found['peak']:5.0f} MB"
            f" (before it began {found['before']:.0f} MB), {found['rate']:,.0f} /s"
        )
    least, *_, most = (peaks[size] for size in SIZES_MB)
    report.at_most(f"peak at {SIZES_MB[-1]} MB", most, MOST_MB)
    report.at_most("growth from the smallest to the largest", most - least, MOST_GROWTH_MB)


def _in_fresh_process(megabytes: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.memory", str(megabytes)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


class Watch(threading.Thread):
    """Adds up what this process and all that it started hold, twenty times a second."""

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
    """Resident megabytes of this process and of all that it started."""
    found = ["self"]
    for pid in found:
        found += _children(pid)
    return sum(map(_resident, found))


def _children(pid: str) -> list[str]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [one for task in tasks for one in (task / "children").read_text().split()]
    except OSError:
        return []


def _resident(pid: str) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_MB
    except OSError:
        return 0.0


def main(megabytes: int) -> None:
    """The fresh worker: the file is put in piece by piece and never whole in memory."""
    import django

    django.setup()
    from phr.services import imports, reviews, uploads
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
    reviews.confirm(person.actor, upload_id, about_me=True)
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
