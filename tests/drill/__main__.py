"""`python -m tests.drill [--records N]`: a disaster on servers of its own; exit 1 if it wins."""

import argparse
import logging
import os
import sys
import time

from tests.bench.ground import ground


def main() -> int:
    parser = argparse.ArgumentParser(prog="make drill", description=__doc__)
    parser.add_argument("--records", type=int, default=2000, help="records of each of three people")
    asked = parser.parse_args()
    os.environ.setdefault("PHR_MAIL_BACKEND", "django.core.mail.backends.dummy.EmailBackend")
    with ground() as data:
        logging.disable(logging.ERROR)
        from django.conf import settings

        from tests.drill.story import Story, drill

        began = time.monotonic()
        story = Story.begin(records_each=asked.records)
        print(f"Three records filled in {time.monotonic() - began:.1f} s.")
        told = drill(story)
        stored = sum(
            path.stat().st_size for path in (data / "backups").rglob("*") if path.is_file()
        )
        print(
            f"\nBackup:  {told.row.rows} rows, {told.row.files} files,"
            f" {stored / 1e6:.1f} MB in the repository, made and read back in {told.made:.1f} s"
            f"\nRPO:     {told.lost:.1f} s here; at most {settings.PHR_BACKUP_HOURS} h"
            " and the time of one backup, by the settings"
            f"\nRTO:     {told.restored + told.reconciled:.1f} s (restore {told.restored:.1f} s,"
            f" reconcile {told.reconciled:.1f} s)"
        )
    for sentence in told.wrong:
        print(f"WRONG: {sentence}")
    print("Something came back." if told.wrong else "Nothing came back.")
    return 1 if told.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
