"""Lets a command from a second shell work with a running demo, as the account the demo runs as."""

import os
from collections.abc import Sequence

from phr.launch import found, lower
from phr.launch.account import Account, of_number
from phr.launch.folder import in_use

# Commands that write into the checkout stay with who typed them.
ABOUT_CODE = {"makemigrations", "makemessages", "compilemessages", "startapp", "startproject"}


def running_demo(arguments: Sequence[str]) -> None:
    """Take over the settings of a running demo; as root also its account, keeping root's reading.

    `arguments` is `sys.argv`. Nothing happens when `DATABASE_URL` is set or no demo runs. A command
    that wrote files as root would leave files the portal itself cannot open.
    """
    settings = found.services()
    if not settings:
        return
    account = of_number(in_use(os.environ).stat().st_uid)
    os.environ.update(settings)
    if os.geteuid() == 0 and account is not None and not ABOUT_CODE.intersection(arguments[1:2]):
        lower_to(account, arguments)


def lower_to(account: Account, arguments: Sequence[str]) -> None:
    """Go on as `account`, from the copy of the code when it cannot run the checkout itself."""
    tree = lower.copy_of_checkout()
    if not lower.reaches_checkout(account) and tree.exists():
        python = str(tree / ".venv" / "bin" / "python")
        # Without DATABASE_URL the copy looks for the demo itself.
        environment = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
        command = [python, str(tree / "manage.py"), *arguments[1:]]
        os.execve(python, command, environment)  # noqa: S606  a list, no shell
    lower.drop_but_read(account)
    os.umask(0o077)
