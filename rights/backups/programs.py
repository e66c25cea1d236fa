"""PostgreSQL's own programs, as the owner of the tables. Passwords go by environment alone."""

import os
import re
import shutil
import subprocess
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from threading import Thread
from typing import IO, Any, cast

import psycopg
from django.db import connections
from psycopg.conninfo import make_conninfo

from phr.launch.postgres import server_folders

PIECE = 256 * 1024
Feed = Generator[bytes]


class ProgramFailed(Exception):
    """A program is missing or ended with an error; one sentence without anybody's data."""


def login(alias: str) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection of its own as the tables' owner."""
    return psycopg.connect(_conninfo(alias), password=_password(alias))


def _conninfo(alias: str) -> str:
    settings = connections[alias].settings_dict
    options = {k: v for k, v in settings["OPTIONS"].items() if k != "assume_role"}
    names = {"dbname": "NAME", "user": "USER", "host": "HOST", "port": "PORT"}
    return make_conninfo(
        **options, **{key: settings[name] for key, name in names.items() if settings[name]}
    )


def _password(alias: str) -> str | None:
    return connections[alias].settings_dict["PASSWORD"] or None


def _environment(alias: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name.startswith("PG")}
    kept |= {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    return kept | ({"PGPASSWORD": password} if (password := _password(alias)) else {})


@cache
def folder(server: int) -> Path:
    """The programs for a server of this major version: its own, else the next newer ones.

    Raises `ProgramFailed` when there are none.
    """
    on_path = shutil.which("pg_dump")
    places = [*server_folders(), *([Path(on_path).resolve().parent] if on_path else [])]
    found = {version: place for place in reversed(places) if (version := _version(place)) >= server}
    if not found:
        raise ProgramFailed(
            f"pg_dump {server} was not found: install PostgreSQL's client, or set PHR_POSTGRES_BIN."
        )
    return found[min(found)]


def _version(place: Path) -> int:
    if not all((place / name).exists() for name in ("pg_dump", "pg_restore", "psql")):
        return 0
    said = subprocess.run(
        [place / "pg_dump", "--version"], capture_output=True, text=True, check=False
    ).stdout
    number = re.search(r"(\d+)", said)
    return int(number[1]) if number else 0


@contextmanager
def running(
    alias: str, server: int, program: str, *arguments: str, feed: Feed | None = None
) -> Iterator[IO[bytes]]:
    """Run a program, `feed` on its standard input; yields its standard output.

    Leaving the block waits for its end. Raises `ProgramFailed` when it failed, and what `feed`
    raised; nothing it was fed is in the message.
    """
    joined = ["--dbname", _conninfo(alias)] if program in {"pg_dump", "psql"} else []
    process = subprocess.Popen(
        [folder(server) / program, *joined, *arguments],
        stdin=subprocess.PIPE if feed is not None else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(alias),
        cwd="/",
    )
    with process:
        feeder = _Feeder(process, feed or nothing())
        reader = _Words(cast("IO[bytes]", process.stderr))
        out = cast("IO[bytes]", process.stdout)
        try:
            yield out
            out.read()
        except BaseException:
            process.kill()
            raise
        finally:
            feeder.join()
            reader.join()
    if feeder.error is not None:
        raise feeder.error
    if process.returncode:
        raise ProgramFailed(f"{program} ended with {process.returncode}: {reader.first}")


def nothing() -> Feed:
    yield from ()


class _Feeder(Thread):
    """Writes to a program while somebody else reads from it."""

    def __init__(self, process: subprocess.Popen[bytes], feed: Feed) -> None:
        super().__init__(daemon=True)
        self._process, self._feed = process, feed
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        if self._process.stdin is None:
            return
        try:
            # A program that ended early says why by itself.
            with suppress(BrokenPipeError), self._process.stdin as out, closing(self._feed) as feed:
                for piece in feed:
                    out.write(piece)
        except Exception as error:  # noqa: BLE001 - `running` raises it where somebody hears it
            self.error = error
            self._process.kill()


class _Words(Thread):
    """Keeps the first line of what a program complains about: later ones may quote rows."""

    def __init__(self, said: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self._said = said
        self.first = ""
        self.start()

    def run(self) -> None:
        self.first = self._said.readline(500).decode(errors="replace").strip()
        while self._said.read(PIECE):
            pass
