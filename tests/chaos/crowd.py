"""Several workers at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

from django.db import connections


def at_once(task: object, about: UUID, times: int = 2) -> list[int]:
    """Run a task in several workers at the same moment."""
    gate = Barrier(times)

    def work() -> int:
        try:
            gate.wait()
            return int(task(str(about)))  # type: ignore[operator]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(times) as pool:
        return [future.result() for future in [pool.submit(work) for _ in range(times)]]
