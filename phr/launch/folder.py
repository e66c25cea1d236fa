"""Where a demo keeps what it must keep: `PHR_DATA_DIR`, else a folder of its own."""

import fcntl
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from phr.launch.account import CannotStart

ROOT = Path(__file__).resolve().parents[2]
SYSTEM = Path("/var/lib/phr-demo")
ELSEWHERE = "elsewhere"
MARK = "lock"


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


def claim(folder: Path) -> None:
    """Make `folder` ours and private. Raises CannotStart when it holds what is not ours."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()) and not (folder / MARK).exists():
            raise CannotStart(
                f"{folder} holds other things: give PHR_DATA_DIR a folder of its own."
            )
        folder.chmod(0o700)
        (folder / MARK).touch(mode=0o666)
        (folder / "log").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise CannotStart(f"PHR_DATA_DIR cannot be used: {error.strerror}: {folder}.") from None


def lock(folder: Path) -> int:
    """Hold `folder` for this process until it ends; gives the open file.

    Raises CannotStart when another launcher holds it.
    """
    held = os.open(folder / MARK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise CannotStart(f"A portal already runs from {folder}: stop it first.") from None
    return held


def kept_secrets(folder: Path) -> dict[str, str]:
    """The demo's own secrets, made on its first start: `SECRET_KEY`, `admin` and `owner`.

    Raises CannotStart when they are missing beside data they protect.
    """
    path = folder / "secrets.json"
    if path.exists():
        return cast("dict[str, str]", json.loads(path.read_text()))
    if (folder / "postgres").exists():
        raise CannotStart(f"{path} is missing, and the data beside it cannot be opened without it.")
    made = {name: secrets.token_urlsafe(36) for name in ("SECRET_KEY", "admin", "owner")}
    fresh = folder / "secrets.json.new"
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(made, file)
    fresh.replace(path)
    return made
