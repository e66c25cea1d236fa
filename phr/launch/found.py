"""Lets `./manage.py` in a second shell find the services of a running `make run`."""

import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import cast
from urllib.parse import parse_qs, urlsplit

from phr.launch.folder import in_use

FILE = "run.json"


def write(folder: Path, environment: Mapping[str, str]) -> None:
    """Note what the running demo's processes were given, readable by its account only."""
    fresh = folder / f"{FILE}.new"
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"pid": os.getpid(), "environment": dict(environment)}, file, indent=1)
    fresh.replace(folder / FILE)


def forget(folder: Path) -> None:
    """Remove the note when the demo stops."""
    (folder / FILE).unlink(missing_ok=True)


def services() -> dict[str, str]:
    """Settings of the running demo (DATABASE_URL, SECRET_KEY, PHR_DATA_DIR …), by name.

    Empty when `DATABASE_URL` is set, when no demo runs from this data folder, when it belongs to
    another account, or when its PostgreSQL does not answer.
    """
    if "DATABASE_URL" in os.environ:
        return {}
    try:
        note = json.loads((in_use(os.environ) / FILE).read_text())
        found = cast("dict[str, str]", note["environment"])
        alive = answers(found["DATABASE_URL"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return found if alive else {}


def answers(database_url: str) -> bool:
    """Whether somebody listens where `database_url` points."""
    parts = urlsplit(database_url)
    host = parse_qs(parts.query).get("host", [parts.hostname or "localhost"])[0]
    port = parts.port or 5432
    if not host.startswith("/"):
        with socket.create_connection((host, port), timeout=2):
            return True
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(2)
        client.connect(f"{host}/.s.PGSQL.{port}")
        return True
