"""What a page costs, through every middleware, decrypted and audited, as records grow."""

from collections.abc import Callable
from functools import partial
from statistics import median
from uuid import UUID

from phr.services import records
from tests.bench.people import Person, patient
from tests.bench.report import Report, Times, by_turns, work
from tests.cast import put_in
from tests.worlds.bulk import count_rows, multiply_records
from tests.worlds.synthea import lines

SMALL, MIDDLE, LARGE, HUGE = 1_000, 10_000, 100_000, 1_000_000
MOST_GROWTH = 1.25
# The slowest of twenty is told by very few measurements, and the machine is not alone.
MOST_GROWTH_P95 = 1.5
MOST_SEARCH = 50.0
WORDS = ("creatinine", "glu", "blood", "lisinopril 10", "zebra")


def run(report: Report, *, million: bool) -> None:
    """Timeline, search and record of one patient with 10^3, 10^5 and perhaps 10^6 records."""
    searches, alone = _searches(report)
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
            most, least = (times[f"{page}, {n:,} records"].p95 for n in (size, SMALL))
            report.at_most(f"{page} p95, {size:,} : {SMALL:,}", most / least, MOST_GROWTH_P95)
    report.say(f"The same searches, {sum(sizes):,} records of others in the table besides")
    crowded = by_turns(searches)
    for name, found in crowded.items():
        report.say(f"  {name:36} {found}")
    for of in ("p50", "p95"):
        growth = median(getattr(crowded[each], of) / getattr(alone[each], of) for each in searches)
        limit = MOST_GROWTH if of == "p50" else MOST_GROWTH_P95
        report.at_most(f"search {of}, crowded : alone, median", growth, limit)


def _searches(report: Report) -> tuple[dict[str, Callable[[], object]], dict[str, Times]]:
    """The service call alone, over 10^4 records, with the limit in milliseconds."""
    report.say(f"Search among {MIDDLE:,} records of one patient, the service call: milliseconds")
    person, patient_id = patient()
    put_in(person.actor, b"".join(lines(MIDDLE, seed=MIDDLE)))
    count_rows()
    find = partial(records.timeline, person.actor, patient_id)
    acts: dict[str, Callable[[], object]] = {word: partial(find, text=word) for word in WORDS}
    acts["(the timeline)"] = find
    found = by_turns(acts)
    for name, times in found.items():
        report.say(f"  {name:36} {times}")
    slowest = max(work(acts[word]) for word in WORDS)
    report.at_most("search, slowest word, ms of processor", slowest, MOST_SEARCH)
    return acts, found


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
