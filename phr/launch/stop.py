"""Being told to stop: Ctrl-C, SIGTERM or a closed terminal, noticed between two steps."""

import signal
import time
from collections.abc import Callable
from types import FrameType

from phr.launch.child import Child

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):
    """Somebody asked the launcher to stop."""


class Stop:
    """Remembers that a signal came; a second one changes nothing."""

    def __init__(self) -> None:
        self.requested = False
        for number in SIGNALS:
            signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self.requested = True

    def check(self) -> None:
        """Raise Stopped when a signal came."""
        if self.requested:
            raise Stopped

    def wait_until(self, done: Callable[[], bool], *, seconds: float, step: float = 0.1) -> bool:
        """Whether `done()` became true within `seconds`. Raises Stopped when a signal came."""
        deadline = time.monotonic() + seconds
        while not done():
            self.check()
            if time.monotonic() > deadline:
                return False
            time.sleep(step)
        return True

    def wait_for(self, child: Child, *, seconds: float) -> int | None:
        """The exit status of `child`, or None when it takes longer than `seconds`.

        Raises Stopped, after ending the child, when a signal came.
        """
        try:
            self.wait_until(lambda: child.ended is not None, seconds=seconds, step=0.05)
        except Stopped:
            child.ask_to_stop()
            child.end(within=5)
            raise
        return child.ended
