#!/usr/bin/env python3
"""Django's command line. In a second shell it works with what a running `make run` started."""

import os
import sys
from pathlib import Path

VENV_PYTHON = Path(__file__).resolve().parent / ".venv" / "bin" / "python"


def main() -> None:
    """Run one management command, in `.venv` and beside a running demo when there is one."""
    if sys.prefix == sys.base_prefix and VENV_PYTHON.exists():
        os.execv(VENV_PYTHON, [str(VENV_PYTHON), *sys.argv])  # noqa: S606  a list, no shell
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from phr.launch import join

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "phr.settings")
    join.running_demo(sys.argv)
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as broken_setting:
        sys.exit(str(broken_setting))


if __name__ == "__main__":
    main()
