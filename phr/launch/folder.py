"""Where a demo keeps what it must keep: `PHR_DATA_DIR`, else a folder of its own."""

import os
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SYSTEM = Path("/var/lib/phr-demo")
ELSEWHERE = "elsewhere"


def asked_for(environment: Mapping[str, str]) -> Path:
    """The folder the settings ask for, absolute; it need not exist."""
    if given := environment.get("PHR_DATA_DIR"):
        return Path(given).expanduser().absolute()
    return SYSTEM / "data" if os.geteuid() == 0 else ROOT / ".data"


def in_use(environment: Mapping[str, str]) -> Path:
    """The folder really used: root's demo notes in `elsewhere` when it had to put it elsewhere."""
    folder = asked_for(environment)
    try:
        return Path((folder / ELSEWHERE).read_text().strip())
    except OSError:
        return folder
