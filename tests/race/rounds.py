"""Round after round: everybody asks, one way of taking access away, everybody asks again."""

import random
import time
from datetime import datetime, timedelta

from django.utils import timezone

from accounts.acting import acting_as
from phr.bodies import open_bytes
from phr.deliveries import Delivery, Remark
from phr.models import Record
from phr.senders import open_text
from phr.services import remarks
from tests.cast import IMPORTER
from tests.race.askers import Asker, Errand, Moment
from tests.race.endings import Ending, Endings
from tests.race.lockers import Locker, let_through
from tests.race.told import Told
from tests.race.web import served
from tests.race.world import CANARY, NEWER, WRITING, World, signed_in

ASKERS = 20
LONGEST_WAIT = 0.3
HELD = ("patient", "grant", "item", None, None, None)
FORMS = {"person notes": "note", "person corrects": "note", "person sends": "file",
         "facility notes": "note", "manager enters": "entry"}  # fmt: skip


def run(world: World, application: str, trials: int, chosen: random.Random) -> Told:
    """Rounds until there were so many trials."""
    told = Told()
    with served(application) as web, let_through():
        rounds = _Rounds(world, web.ports, chosen, told)
        while told.trials < trials:
            rounds.one()
        told.errors = web.errors()
    return told


class _Rounds:
    def __init__(self, world: World, ports: list[int], chosen: random.Random, told: Told) -> None:
        self.world, self.ports, self.chosen, self.told = world, ports, chosen, told
        self.endings = Endings(world, signed_in(world.cast.alice))
        self.askers = [Asker(ports) for _ in range(ASKERS)]
        self.left: list[int] = []
        whose = world.cast.alice_id
        self.sessions = {
            "person": [signed_in(world.cast.bob) for _ in range(4)],
            "facility": [signed_in(world.dora) for _ in range(4)],
            "manager": [signed_in(world.dana, acting_for=whose) for _ in range(4)],
        }

    def one(self) -> None:
        """One round, and everything as it was before."""
        ending = self._next()
        began, moment = timezone.now() - timedelta(seconds=1), Moment()
        threads = [
            asker.start(errand, moment, random.Random(self.chosen.random()))
            for asker, errand in zip(self.askers, self._errands(ending), strict=True)
        ]
        try:
            soon = self._end(ending, moment, began)
        finally:
            if moment.at is None:
                moment.over.set()
            for thread in threads:
                thread.join()
        self._judge(moment.at or 0.0, soon, kept_since(self.world, began))
        ending.back()
        self.world.say(CANARY)

    def _next(self) -> Ending:
        """Each way comes as often as the others, everything at once first."""
        every = self.endings.all(self.chosen.choice(self.ports))
        if not self.left:
            self.left = [*self.chosen.sample(range(1, len(every)), len(every) - 1), 0]
        return every[self.left.pop()]

    def _errands(self, ending: Ending) -> list[Errand]:
        """By turns, what those do who lose something; writers fewer than readers."""
        reading = [one for one in ending.whose if one not in WRITING]
        writing = [one for one in ending.whose if one in WRITING]
        names = [*reading * ASKERS][: ASKERS - len(writing)] + writing
        linked = [self.world.opened_link()] if "link reads" in names else []
        sessions = self.sessions | {"link": linked}
        return [
            Errand(name, self.chosen.choice(sessions[name.partition(" ")[0]]),
                   self.world.paths(name), FORMS.get(name, ""))
            for name in names
        ]  # fmt: skip

    def _end(self, ending: Ending, moment: Moment, began: datetime) -> set[str]:
        """Take it away, and write something new. Returns the marks of what was kept by then."""
        kind = self.chosen.choice(HELD)
        locker = Locker(self.world, kind) if kind else None
        time.sleep(self.chosen.random() * LONGEST_WAIT)
        if locker:
            locker.hold()
        pressed = time.monotonic()
        try:
            ending.act()
            moment.at = time.monotonic()
            soon = kept_since(self.world, began)
            if kind != "item":
                self.world.say(NEWER)
        finally:
            if locker:
                locker.let_go()
        self.told.rounds += 1
        if kind in {"patient", "grant"}:
            self.told.held_up += 1
        else:
            self.told.acknowledged.append(moment.at - pressed)
        return soon

    def _judge(self, answered: float, soon: set[str], at_end: set[str]) -> None:
        every = [one for asker in self.askers for one in asker.asked]
        for one in every:
            self.told.judge(one, answered)
        self.told.judge_writes(every, answered, soon, at_end)


def kept_since(world: World, began: datetime) -> set[str]:
    """The marks that stand in what others wrote into the record since then."""
    whose, found = world.cast.alice_id, set[str]()
    with acting_as(IMPORTER, about=whose):
        for remark in Remark.objects.filter(patient=whose, made_at__gte=began):
            found.add(remarks.text_of(remark))
        arrived = Delivery.objects.filter(patient=whose, begun_at__gte=began)
        for delivery in arrived.filter(received_at__isnull=False):
            name = open_text(delivery, "file_name", delivery.file_name_sealed)
            found.add(name.removesuffix(".txt"))
        for row in Record.objects.filter(patient_id=whose, created_at__gte=began):
            said = open_bytes(whose, row.pk, row.version, bytes(row.body_sealed))
            found.add(_mark(said))
    return found


def _mark(said: bytes) -> str:
    at = said.find(b"mark")
    return said[at : at + 20].decode() if at >= 0 else ""
