"""A print as PDF, set by typst in a process of its own (`phr.printing.press`)."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import orjson

from phr.formats.parsed import MB

MEMORY: Final = 1024 * MB
SECONDS: Final = 60
# At once in one web process; each takes a core for a second or two.
_PRESSES: Final = threading.BoundedSemaphore(2)
_WAIT_SECONDS: Final = 20
_ROOT: Final = str(Path(__file__).resolve().parents[2])
_START: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); from phr.printing.press import main; main()"
)
_ENVIRONMENT: Final = {"LC_ALL": "C.UTF-8", "RAYON_NUM_THREADS": "2", "MALLOC_ARENA_MAX": "2"}


class CannotPrint(Exception):
    """There is no PDF; the message is a sentence for the person who wanted it."""


def make_pdf(data: dict[str, Any], *, folders: list[str], memory: int = MEMORY) -> bytes:
    """The PDF of what `document.typ` shows; `memory` in bytes, `folders` of more fonts.

    Nothing is written to a disk. Raises CannotPrint.
    """
    if not _PRESSES.acquire(timeout=_WAIT_SECONDS):
        raise CannotPrint("Many PDFs are being made just now. Please try again in a minute.")
    try:
        return _press(data, {"folders": folders, "memory": memory, "seconds": SECONDS})
    finally:
        _PRESSES.release()


def _press(data: dict[str, Any], asked: dict[str, Any]) -> bytes:
    child = subprocess.Popen(
        [sys.executable, "-I", "-c", _START, _ROOT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env=_ENVIRONMENT,
        start_new_session=True,
    )
    try:
        made, _ = child.communicate(orjson.dumps(asked) + b"\n" + orjson.dumps(data), SECONDS)
    except subprocess.TimeoutExpired:
        raise CannotPrint("The PDF took too long to make. Print the page instead.") from None
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        for stream in (child.stdin, child.stdout):
            if stream:
                stream.close()
    if child.returncode or not made.startswith(b"%PDF"):
        raise CannotPrint("The PDF could not be made. Print the page instead.")
    return made
