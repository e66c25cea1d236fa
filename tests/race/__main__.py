"""`python -m tests.race [--trials N]`: exit 1 when anything is served or written after access was
taken away.

A trial is a request that was under way when the answer to "take it back" came, or was sent later.
First the harness must catch a portal that is broken on purpose.
"""

import argparse
import logging
import os
import random
import sys
import time
from typing import TYPE_CHECKING

from tests.bench.ground import ground

if TYPE_CHECKING:
    from tests.race.told import Told

BROKEN_TRIALS = 400
MOST_SHOWN = 20
# A day of many people in a few minutes.
ROOM = {
    "PHR_MAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend",
    "PHR_INVITATIONS_A_DAY": "10000000",
    "PHR_REMARKS_A_DAY": "10000000",
    "PHR_DELIVERIES_MOST": "10000000",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make race", description=__doc__)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    asked = parser.parse_args()
    os.environ.update(ROOM)
    with ground():
        logging.disable(logging.ERROR)
        from tests.race.rounds import run
        from tests.race.web import BROKEN, HONEST
        from tests.race.world import World

        world, chosen = World.make(), random.Random(asked.seed)
        print(f"seed {asked.seed}", flush=True)
        broken = run(world, BROKEN, BROKEN_TRIALS, chosen)
        print(
            f"Broken on purpose: {len(broken.served)} served and {len(broken.written)} written"
            f" of {broken.trials} trials caught.",
            flush=True,
        )
        began = time.monotonic()
        told = run(world, HONEST, asked.trials, chosen)
        took = time.monotonic() - began
    return report(broken, told, took)


def report(broken: "Told", told: "Told", took: float) -> int:
    print(
        f"{told.trials} trials in {told.rounds} rounds, {took:.0f} s"
        f"\n{told.later} were sent after the answer; in {told.held_up} rounds somebody held a row"
        f"\nserved to what was sent after it: {len(told.served)}"
        f"\nserved, though written after it: {len(told.newer)}"
        f"\nwritten by what was sent after it: {len(told.written)}"
        f"\nwritten after it by what was sent before: {len(told.late)}"
        f"\nanswered 500: {told.failed}"
        f"\nlongest a stream went on: {told.most_seconds:.2f} s, {told.most_bytes} bytes"
        f"\ntaking it back, p95: {told.p95 * 1000:.0f} ms while everybody asks"
        f"\nerrors in the logs of the web processes: {len(told.errors)}"
        f"\ndone while it was allowed: {dict(told.did)}"
    )
    for line in [*told.wrong, *told.errors][:MOST_SHOWN]:
        print(line)
    caught = broken.served and broken.written
    if not caught:
        print("The harness did not catch the portal that is broken on purpose.")
    if told.blind:
        print(f"Nothing was ever done by: {told.blind}")
    wrong = told.wrong or told.errors or told.blind or told.failed
    return 1 if wrong or not caught else 0


if __name__ == "__main__":
    sys.exit(main())
