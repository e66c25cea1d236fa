"""Everything a demo needs before it can serve, in one process: starting Django is most of the work.

`python -m phr.launch.prepare FILE` migrates both databases, makes the key on the first start,
collects static files, fills the demo once, and writes who can sign in to FILE.
"""

import gc
import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from django.utils.module_loading import import_string

from phr.launch.demo import LOCKED


def main(people: Path) -> None:
    """Run every step; each does nothing when its work is done already. Raises what a step raises.

    `people` gets what `fill_demo --show` prints, nothing without a demo, or that the portal is
    locked: it is started nevertheless, or nobody could reconcile it.
    """
    django.setup()
    call_command("check")
    call_command("migrate", interactive=False)
    call_command("migrate", interactive=False, database="vault")
    call_command("prepare_keys")
    if not settings.DEBUG:
        call_command("collectstatic", interactive=False, verbosity=0)
    with people.open("w") as shown:
        if import_string("accounts.gate.closed")():
            shown.write(LOCKED)
        elif settings.PHR_DEMO:
            call_command("fill_demo")
            call_command("fill_demo", show=True, stdout=shown)


if __name__ == "__main__":
    # Migrations build models by the thousand: to look for garbage so often took a quarter of it.
    gc.set_threshold(100_000, 50, 100)
    main(Path(sys.argv[1]))
