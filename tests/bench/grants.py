"""What deciding costs a care provider, by how many patients share with her."""

from collections.abc import Callable
from functools import partial

from phr.services import records
from tests.bench.people import Person, patient, share
from tests.bench.report import Report, by_turns
from tests.cast import put_in
from tests.worlds.bulk import multiply_grants
from tests.worlds.synthea import lines

COUNTS = (1, 100, 10_000)
MOST_GROWTH = 1.15


def run(report: Report) -> None:
    """The page of one record and the timeline of one patient, for 1, 10^2 and 10^4 grants held."""
    report.say("Pages for a care provider, by how many patients share with her, by turns")
    owner, patient_id = patient()
    put_in(owner.actor, b"".join(lines(300, seed=11)))
    chosen = records.timeline(owner.actor, patient_id).items[0].id
    acts: dict[str, Callable[[], object]] = {}
    for count in COUNTS:
        reader = Person.new()
        multiply_grants(share(owner, reader), count - 1)
        acts[f"timeline, {count:,}"] = partial(reader.get, f"/shared/{patient_id}/")
        acts[f"record, {count:,}"] = partial(reader.get, f"/shared/{patient_id}/{chosen}/")
    times = by_turns(acts, rounds=100)
    for name, found in times.items():
        report.say(f"  {name:36} {found}")
    for page in ("timeline", "record"):
        for count in COUNTS[1:]:
            growth = times[f"{page}, {count:,}"].p50 / times[f"{page}, 1"].p50
            report.at_most(f"{page}, {count:,} grants : 1", growth, MOST_GROWTH)
