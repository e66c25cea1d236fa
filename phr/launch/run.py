"""`make run`, from the first check to the last process stopped."""

import os
import signal
import socket
import sys
from collections.abc import Mapping

from phr.launch import account, child, folder, lower
from phr.launch.account import CannotStart
from phr.launch.demo import Demo
from phr.launch.stop import Stop, Stopped


def main() -> int:
    """Run the portal until it is told to stop. The exit status: 0, or 1 after one sentence."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    try:
        return launch(os.environ)
    except CannotStart as sentence:
        print(sentence, file=sys.stderr)
        return 1


def launch(environment: Mapping[str, str]) -> int:
    """Check, step down from root, start, watch, stop. Raises CannotStart."""
    port = port_of(environment)
    lesser = account.for_demo()
    wanted = folder.asked_for(environment)
    if lesser:
        check_free(port)
        lower.step_down(lesser, wanted)
    folder.claim(wanted)
    held = folder.lock(wanted)
    check_free(port)
    stop = Stop()
    if "PHR_STOP_WITH_PARENT" in environment:
        child.end_with_parent(signal.SIGTERM, os.getppid())
    try:
        Demo(wanted, port, environment, stop).run()
    except Stopped:
        print("Stopped.")
    finally:
        os.close(held)
    return 0


def port_of(environment: Mapping[str, str]) -> int:
    """The number in `PORT`, 8000 without. Raises CannotStart when it is not a port."""
    text = environment.get("PORT") or "8000"
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise CannotStart(f"PORT must be a number from 1 to 65535, not “{text}”.")
    return int(text)


def check_free(port: int) -> None:
    """Raise CannotStart when the port on this machine is taken or not allowed."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise CannotStart(f"Port {port} is not allowed: choose one above 1023.") from None
        except OSError:
            raise CannotStart(
                f"Port {port} is taken: stop what uses it, or choose another, as in PORT=8001."
            ) from None
