"""Work that is killed between two lines: what it had committed stays, the rest is rolled back."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import FrameType, ModuleType
from typing import Any

from django.core.files.storage import storages
from django.db import connections

from phr import storage

Place = tuple[str, int]


class Killed(BaseException):
    """The process is gone; nothing of ours catches this."""


class Effects:
    """What work has done so far to the databases and to the files."""

    def __init__(self) -> None:
        self.statements = 0

    def __call__(self, run: Callable[..., Any], statement: str, *rest: Any) -> Any:
        """Count a statement that changes something, or ends a transaction (Django's hook)."""
        self.statements += not statement.startswith("SELECT")
        return run(statement, *rest)

    def so_far(self) -> tuple[object, ...]:
        sizes = [(name, storages["files"].size(name)) for name in sorted(storage.names())]
        return self.statements, *sizes


def telling_lines(work: Callable[[], object], *modules: ModuleType) -> list[Place]:
    """The lines of these modules before which `work` has just changed something, in their order."""
    effects = Effects()
    found: dict[Place, None] = {}
    last = effects.so_far()

    def look(here: Place) -> None:
        nonlocal last
        if (now := effects.so_far()) != last:
            last = now
            found.setdefault(here)

    with ExitStack() as stack:
        for alias in connections:
            stack.enter_context(connections[alias].execute_wrapper(effects))
        _trace(work, modules, look)
    return list(found)


def killed_before(place: Place, work: Callable[[], object], *modules: ModuleType) -> bool:
    """Run `work` and kill it before it runs this line. Returns whether it came there."""

    def look(here: Place) -> None:
        if here == place:
            raise Killed

    try:
        _trace(work, modules, look)
    except Killed:
        return True
    return False


def _trace(
    work: Callable[[], object], modules: tuple[ModuleType, ...], look: Callable[[Place], object]
) -> None:
    files = {module.__file__ for module in modules}

    def within(frame: FrameType, event: str, _argument: Any) -> Any:
        if frame.f_code.co_filename not in files:
            return None
        if event == "line":
            look((frame.f_code.co_filename, frame.f_lineno))
        return within

    before = sys.gettrace()
    sys.settrace(within)
    try:
        work()
    finally:
        sys.settrace(before)


def at_every_point(
    make: Callable[[], Callable[[], object]], *modules: ModuleType
) -> Iterator[Callable[[], object]]:
    """Fresh work from `make` for each of its effects, killed right after it; to be run again."""
    for place in telling_lines(make(), *modules):
        work = make()
        assert killed_before(place, work, *modules)
        yield work
