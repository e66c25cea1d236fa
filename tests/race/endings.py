"""The ways of taking access away: from whom, how, and how it is given back."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from http.client import HTTPConnection

from sharing.categories import Category
from sharing.services import granting, members
from tests.cast import ALL
from tests.race.askers import PATIENCE, headers
from tests.race.world import READING, WRITING, World


@dataclass(frozen=True, slots=True)
class Ending:
    """Who loses what by `act`, named by what they do, and what gives it back to them."""

    name: str
    whose: tuple[str, ...]
    act: Callable[[], None]
    back: Callable[[], None]


class Endings:
    """What can be pressed at one of the web processes; and two ways that have no button alone."""

    def __init__(self, world: World, session: str) -> None:
        self.world, self._session = world, session

    def all(self, port: int) -> list[Ending]:
        world = self.world
        persons, facilities = _of("person"), _of("facility")
        everybody = Ending("all", (*READING, *WRITING), self._end(port), self._give_all)
        return [
            everybody,
            everybody,
            Ending("person", persons, self._press(port, "person", "revoke"), world.give_person),
            Ending("paused", persons, self._press(port, "person", "pause"), self._resume),
            Ending("narrowed", ("person reads",), self._narrow, self._widen),
            Ending("facility", facilities, self._press(port, "facility", "revoke"),
                   world.give_facility),
            Ending("suspended", facilities, self._suspend, self._let_work),
            Ending("link", _of("link"), self._press(port, "link", "revoke"), world.give_link),
            Ending("manager", _of("manager"), self._press(port, "manager", "revoke"),
                   world.give_manager),
        ]  # fmt: skip

    def _press(self, port: int, whose: str, button: str) -> Callable[[], None]:
        grant_id = getattr(self.world, whose)
        return lambda: press(port, self._session, f"/sharing/grants/{grant_id}/{button}/")

    def _end(self, port: int) -> Callable[[], None]:
        return lambda: press(port, self._session, "/sharing/end/")

    def _give_all(self) -> None:
        world = self.world
        for give in (world.give_person, world.give_facility, world.give_link, world.give_manager):
            give()

    def _resume(self) -> None:
        granting.resume(self.world.cast.alice, self.world.person)

    def _narrow(self) -> None:
        scope = replace(ALL, categories=(Category.DOCUMENTS,))
        world = self.world
        world.person = granting.change(world.cast.alice, world.person, scope=scope)

    def _widen(self) -> None:
        granting.revoke(self.world.cast.alice, self.world.person)
        self.world.give_person()

    def _suspend(self) -> None:
        members.suspend(self.world.cast.bob, self.world.role)

    def _let_work(self) -> None:
        members.resume(self.world.cast.bob, self.world.role)


def _of(group: str) -> tuple[str, ...]:
    return tuple(one for one in (*READING, *WRITING) if one.startswith(group))


def press(port: int, session: str, path: str) -> None:
    """Press a button. Raises RuntimeError unless it was done."""
    line = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        line.request("POST", path, headers=headers(session))
        answer = line.getresponse()
        answer.read()
    finally:
        line.close()
    if answer.status not in {200, 302}:
        raise RuntimeError(f"{path} answered {answer.status}")
