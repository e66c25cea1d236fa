"""One process the launcher started: it ends with the launcher, whatever ends the launcher."""

import contextlib
import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from phr.launch.account import Account, switch

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
LIBC = ctypes.CDLL(None)


def end_with_parent(with_signal: int, parent: int) -> None:
    """Ask the kernel (Linux) to signal this process when `parent`, its parent, dies."""
    if hasattr(LIBC, "prctl"):
        LIBC.prctl(PR_SET_PDEATHSIG, with_signal)
    if os.getppid() != parent:
        os._exit(1)


@dataclass(frozen=True, slots=True)
class Command:
    """What to start. `stop_with` is the signal that asks it to finish what it holds and go."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    account: Account | None = None
    folder: str = "/"
    stop_with: int = signal.SIGTERM

    def start(self) -> "Child":
        """Start it in a session of its own, writing to its log, with only this environment.

        Raises OSError when the program cannot be run.
        """
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        try:
            process = subprocess.Popen(
                list(self.arguments),
                env=dict(self.environment),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                umask=0o077,
                preexec_fn=self._tie(),  # noqa: PLW1509  the launcher has one thread
                **switch(self.account),
            )
        finally:
            os.close(log)
        return Child(self, process)

    def _tie(self) -> Callable[[], None]:
        parent = os.getpid()
        # Nobody is left to wait for: a worker must not linger over a broker that is gone.
        left = signal.SIGQUIT if self.stop_with == signal.SIGTERM else self.stop_with

        def tie() -> None:
            # A shell lets what it starts in the background ignore these two.
            for number in (signal.SIGINT, signal.SIGQUIT):
                signal.signal(number, signal.SIG_DFL)
            end_with_parent(left, parent)

        return tie


@dataclass(slots=True)
class Child:
    """A running command."""

    command: Command
    process: subprocess.Popen[bytes]

    @property
    def ended(self) -> int | None:
        """Its exit status once it has ended, else None."""
        return self.process.poll()

    def ask_to_stop(self) -> None:
        """Send the signal it stops well with; nothing happens when it has ended."""
        if self.ended is None:
            self.process.send_signal(self.command.stop_with)

    def end(self, *, within: float) -> None:
        """Wait at most `within` seconds for it to go, then kill it and all it started."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(within)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def last_words(self, lines: int = 12) -> str:
        """The end of its log."""
        text = self.command.log.read_text(errors="replace")
        return "\n".join(text.splitlines()[-lines:])


def adopt_strays() -> None:
    """Become the parent (Linux) of whatever our children leave behind."""
    if hasattr(LIBC, "prctl"):
        LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1)


def strays(known: Collection[int]) -> list[int]:
    """Processes right below this one that are not `known`."""
    listing = Path(f"/proc/self/task/{os.getpid()}/children")
    below = listing.read_text().split() if listing.exists() else []
    return [pid for pid in map(int, below) if pid not in known]


def reap_strays(known: Collection[int]) -> None:
    """Let go of adopted processes that have ended; those `known` are waited for elsewhere."""
    for pid in strays(known):
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def end_strays() -> None:
    """Kill every process still below this one, level by level, until none is left."""
    while pids := strays(known=()):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
