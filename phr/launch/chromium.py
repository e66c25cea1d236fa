"""Chromium for the browser tests: found, or installed from Debian's packages when root may.

`python -m phr.launch.chromium` says what it did; under CI (`CI=true`) a missing Chromium fails.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

# The first is the same browser without its windows: it takes a quarter less of the processor.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
LEFT_OUT = "Chromium is missing and cannot be installed here, so the browser tests are left out."


def find() -> Path | None:
    """The browser named by `PHR_CHROMIUM`, else the first one on this machine, else None."""
    given = os.environ.get("PHR_CHROMIUM")
    found = given or next(filter(None, map(shutil.which, NAMES)), None)
    return Path(found) if found else None


def install() -> None:
    """Install Debian's Chromium without windows, which only root can do; without effect elsewhere."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    print("Installing Debian's Chromium for the browser tests…", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-qq", "-y", "--no-install-recommends", NAMES[0]],
    ):
        subprocess.run(command, env=environment, capture_output=True, check=False)


def main() -> int:
    """Make sure there is a Chromium. The exit status: 1 when it is missing under CI, else 0."""
    if find() is None:
        install()
    if find() is not None:
        return 0
    print(LEFT_OUT, file=sys.stderr)
    return 1 if os.environ.get("CI") == "true" else 0


if __name__ == "__main__":
    sys.exit(main())
