"""Whom the demo's processes run as: never root."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

NAME = "phr-demo"


class CannotStart(Exception):
    """One clear sentence for the person at the terminal."""


class Switch(TypedDict, total=False):
    """Arguments of `subprocess` that change the account."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """A system account: name, user id, group id."""

    name: str
    uid: int
    gid: int

    def can_run(self, program: Path, *arguments: str) -> bool:
        """Whether this account reaches and may run `program`."""
        command = [str(program), *arguments]
        try:
            done = subprocess.run(
                command, capture_output=True, cwd="/", check=False, **switch(self)
            )
        except OSError:
            return False
        return done.returncode == 0

    def can_enter(self, folder: Path) -> bool:
        """Whether this account may enter `folder` and every folder above it."""
        return self.can_run(Path("/usr/bin/test"), "-x", str(folder))

    def own(self, path: Path) -> None:
        """Give one file or folder (not what is in it) to this account."""
        os.chown(path, self.uid, self.gid)


def switch(account: Account | None) -> Switch:
    """Arguments for `subprocess` that step down to `account`; none when it is None."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def of_name(name: str) -> Account | None:
    """The account called `name`, or None."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def of_number(uid: int) -> Account | None:
    """The account with that user id, or None when it is root or has no name."""
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid) if entry.pw_uid else None


def make() -> Account | None:
    """Make the system account: no home, no shell, no password. None when this system cannot."""
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin")
    if useradd is None:
        return None
    flags = ["--system", "--no-create-home", "--home-dir", "/nonexistent", "--user-group"]
    command = [useradd, *flags, "--shell", "/usr/sbin/nologin", NAME]
    subprocess.run(command, capture_output=True, check=False)
    return of_name(NAME)


def for_demo() -> Account | None:
    """The account the demo runs as when started as root; None when it runs as who we are.

    Raises CannotStart when root has no lesser account to step down to.
    """
    if os.geteuid() != 0:
        return None
    found = of_name(NAME) or make() or of_name("nobody")
    if found is None:
        raise CannotStart(f"Started as root, but the account {NAME} could not be made.")
    return found


def for_tests() -> Account | None:
    """Like `for_demo`, but never adds an account to the machine."""
    if os.geteuid() != 0:
        return None
    found = of_name(NAME) or of_name("nobody")
    if found is None:
        raise CannotStart("Started as root, and there is no account to run PostgreSQL as.")
    return found
