"""What a page costs, through every middleware, decrypted and audited, as records grow."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

from phr.services import records
from tests.bench.people import Person, patient
from tests.bench.report import Report, Times, by_turns
from tests.cast import put_in
from tests.worlds.bulk import multiply_records
from tests.worlds.synthea import lines

SMALL, LARGE, HUGE = 1_000, 100_000, 1_000_000
MOST_GROWTH = 1.25


def run(report: Report, *, million: bool) -> None:
    """Timeline, search and record of one patient with 10^3, 10^5 and perhaps 10^6 records."""
    sizes = [SMALL, LARGE, *([HUGE] if million else [])]
    report.say("Pages of one patient, all records in one table, measured by turns")
    acts: dict[str, Callable[[], object]] = {}
    for size in sizes:
        person, patient_id = _patient_with(size)
        for name, act in _pages(person, patient_id).items():
            acts[f"{name}, {size:,} records"] = act
    times = by_turns(acts)
    for name, found in times.items():
        report.say(f"  {name:36} {found}")
    for page in ("timeline", "record"):
        for size in sizes[1:]:
            growth = _ratio(times, page, size)
            report.at_most(f"{page}, {size:,} : {SMALL:,}", growth, MOST_GROWTH)


def _ratio(times: dict[str, Times], page: str, size: int) -> float:
    return times[f"{page}, {size:,} records"].p50 / times[f"{page}, {SMALL:,} records"].p50


def _patient_with(size: int) -> tuple[Person, UUID]:
    person, patient_id = patient()
    put_in(person.actor, b"".join(lines(SMALL, seed=size)))
    if size > SMALL:
        multiply_records(patient_id, size)
    return person, patient_id


def _pages(person: Person, patient_id: UUID) -> dict[str, Callable[[], object]]:
    page = records.timeline(person.actor, patient_id)
    first, after = page.items[0], page.after
    return {
        "timeline": partial(person.get, "/records/"),
        "next page": partial(person.get, f"/records/?after={after}"),
        "category": partial(person.get, "/records/?category=laboratory"),
        "search": partial(person.search, "/records/", "creatinine"),
        "search, not there": partial(person.search, "/records/", "zebra"),
        "record": partial(person.get, f"/records/{first.id}/"),
    }
