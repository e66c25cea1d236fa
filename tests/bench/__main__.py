"""`python -m tests.bench [--million] [--only NAME]`: exit 1 when a figure is past its limit."""

import argparse
import logging
import os
import platform
import sys
from importlib import import_module

from tests.bench.ground import ground
from tests.bench.report import Report

PARTS = ("importing", "exporting", "pages", "marking", "grants", "leaving", "memory", "backups")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--million", action="store_true", help="also a patient with 10^6 records")
    parser.add_argument("--only", choices=PARTS, help="one part alone")
    asked = parser.parse_args()
    report = Report()
    report.say(f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}")
    with ground():
        logging.disable(logging.INFO)
        for name in [asked.only] if asked.only else PARTS:
            part = import_module(f"tests.bench.{name}")
            more = {"million": asked.million} if name in {"pages", "exporting"} else {}
            part.run(report, **more)
    report.say(f"Over the limit: {', '.join(report.over) or 'nothing'}.")
    return 1 if report.over else 0


if __name__ == "__main__":
    sys.exit(main())
