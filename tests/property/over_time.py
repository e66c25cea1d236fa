"""What the machine of `test_sharing_over_time.py` expects: the rule over time, without a database.

Times are days since it began. Users are numbers; the first two are patients. So is a child without an
account, whose record one of them opened.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sharing.policy import KEEPING, UNRESTRICTED, Action

USERS, CHILD, OPENER = range(5), 5, 1
PATIENTS = (0, 1, CHILD)
OPEN = ("active", "paused", "later", "waiting")


@dataclass
class Thing:
    """One record."""

    patient: int
    category: str
    labels: set[str]
    tags: set[str] = field(default_factory=set)
    kept_back: bool = False


@dataclass(frozen=True)
class Part:
    """What is given, from when until when. No tags narrows nothing."""

    categories: frozenset[str]
    labels: frozenset[str]
    tags: frozenset[str]
    copy: bool
    reshare: bool
    starts: float
    ends: float


@dataclass
class Given:
    """One permission; `who` has the address it was sent to, or nobody."""

    patient: int
    path: str
    who: int | None
    part: Part
    waits_until: float
    accepted: bool = False
    paused: bool = False
    revoked: bool = False
    via: "Given | None" = None
    manages: bool = False
    decides: bool = False
    card: Part | None = None


@dataclass
class Job:
    """What somebody is at the facility; shifts from when until when."""

    user: int
    code: str
    waits_until: float
    accepted: bool = False
    suspended: bool = False
    ends: float = float("inf")
    shifts: list[tuple[float, float]] = field(default_factory=list)


@dataclass
class Asked:
    """That somebody who works in care asked a patient to be let in."""

    user: int
    patient: int
    open_until: float
    granted: bool = False
    refused: float | None = None


@dataclass(frozen=True)
class Who:
    """Who asks: as herself, acting for a patient, or by a link (its place among what was given)."""

    user: int | None = None
    acts_for: int | None = None
    link: int | None = None


@dataclass
class Model:
    things: list[Thing]
    given: list[Given] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    cards: dict[int, Part] = field(default_factory=dict)
    resting: set[int] = field(default_factory=set)
    off: set[int] = field(default_factory=set)
    now: float = 0

    def may(self, who: Who, action: Action, thing: Thing) -> bool:
        """Whether she may do this to this record."""
        if self.decides(who):
            return who.acts_for == thing.patient
        if who.acts_for is None and who.user == thing.patient:
            return self.keeps(who, action) == thing.patient
        by = self.by(who, action, thing.patient)
        return not thing.kept_back and any(covers(one.part, thing) for one in by)

    def keeps(self, who: Who, action: Action) -> int | None:
        """The patient whose record she may do this to as its keeper."""
        if who.acts_for is not None:
            kept = self.decides(who) or self.by(who, action, who.acts_for)
            return who.acts_for if kept else None
        rests = who.user in self.resting and action not in UNRESTRICTED
        return who.user if who.user in PATIENTS and who.user not in self.off and not rests else None

    def owns(self, who: Who, action: Action, patient: int) -> bool:
        """Whether she may do this to the whole of a patient's record, given or not."""
        if who.acts_for is not None:
            return who.acts_for == patient and self.decides(who)
        return who.user == patient == self.keeps(who, action)

    def decides(self, who: Who) -> bool:
        """Whether she stands in for the child."""
        hers = (one for one in self.given if one.decides and self.holds(who, one))
        return who.acts_for is not None and any(self.stands(one) for one in hers)

    def gives(self, who: Who, given: Given) -> bool:
        """Who stands in gives nothing to herself, nobody her own place, and nothing that outlasts it."""
        places = [one for one in self.given if one.decides and who.acts_for == one.patient]
        others = given.path != "proxy" and given.who != who.user
        return all(others and given.part.ends <= one.part.ends for one in places)

    def opens(self, user: int, patient: int) -> bool:
        """Whether her card opens her record to this user, whom she did not show out before."""
        card, to = self.cards.get(patient), [one for one in self.given if one.path == "emergency"]
        hers = [one for one in to if one.who == user]
        shown_out = any(one.revoked and one.card is card for one in hers)
        often = sum(self.now - one.part.starts < 1 for one in hers) >= 5
        there = user in self.team() and user != patient and patient not in self.resting
        return card is not None and there and not (shown_out or often)

    def asks(self, user: int, patient: int) -> Asked | None:
        """What comes of it: nothing while it waits; whom she refused lately, she is not asked by."""
        same = [one for one in self.asked if (one.user, one.patient) == (user, patient)]
        if any(not one.granted and self.now < one.open_until for one in same):
            return None
        lately = [at for one in same if (at := one.refused) is not None and self.now < at + 90]
        return Asked(user, patient, self.now + 30, refused=max(lately, default=None))

    def answers(self, one: Asked) -> bool:
        """Whether it can be granted: it waits, and she is still one of the facility's people."""
        waits = self.now < one.open_until and one.refused is None and not one.granted
        jobs = (job for job in self.jobs if job.user == one.user and job.code != "admin")
        there = any(self.works(job) for job in jobs) and one.user not in self.off
        return waits and there and one.user != one.patient

    def by(self, who: Who, action: Action, patient: int) -> list[Given]:
        """The permissions of a patient that let her."""
        mine = (one for one in self.given if one.patient == patient and self.holds(who, one))
        return [one for one in mine if self.stands(one) and allows(who, one, action)]

    def holds(self, who: Who, one: Given) -> bool:
        if who.link is not None:
            return one is self.given[who.link]
        if who.user in self.off or one.path == "link":
            return False
        if who.acts_for is not None:
            return one.manages and (one.patient, one.who) == (who.acts_for, who.user)
        here = one.path not in {"facility", "emergency"} or who.user in self.team()
        return here and one.who in {who.user, None}

    def stands(self, one: Given) -> bool:
        above = one.via is None or (self.goes_on(one.via) and one.via.who not in self.off)
        return above and self.goes_on(one) and one.patient not in self.resting

    def goes_on(self, one: Given) -> bool:
        begun = one.part.starts <= self.now < one.part.ends
        return begun and one.accepted and not (one.paused or one.revoked)

    def state(self, one: Given) -> str:
        """How the list of all ways shows it to its patient."""
        own = self.by_itself(one)
        above = "active" if one.via is None else self.by_itself(one.via)
        if own in OPEN and above not in OPEN:
            return "ended"
        if own != "active":
            return own
        if above != "active":
            return "paused"
        return "active" if self.stands(one) and self.held(one) else "nobody"

    def held(self, one: Given) -> bool:
        """Whether somebody is there who can use it; of links nobody knows."""
        return one.path == "link" or any(self.holds(Who(user), one) for user in USERS)

    def by_itself(self, one: Given) -> str:
        if one.revoked:
            return "revoked"
        if one.part.ends <= self.now:
            return "ended"
        if not one.accepted:
            return "waiting" if self.now < one.waits_until else "expired"
        if one.paused:
            return "paused"
        return "later" if one.part.starts > self.now else "active"

    def end(self, ended: Given) -> None:
        """With it goes what was passed on from it."""
        for one in self.given:
            one.revoked |= one is ended or one.via is ended

    def stop(self, patient: int) -> None:
        """With all that she gave goes her card; who waits to be let in is refused."""
        self.cards.pop(patient, None)
        for one in self.asked:
            if one.patient == patient and not one.granted and one.refused is None:
                one.refused = self.now

    def waits(self, one: Given) -> bool:
        """Whether it can be accepted."""
        over = one.accepted or one.revoked
        return not over and self.now < min(one.waits_until, one.part.ends)

    def team(self) -> set[int]:
        """Who sees now what is shared with the facility."""
        return {one.user for one in self.jobs if self.serves(one)} - self.off

    def serves(self, one: Job) -> bool:
        on_shift = any(begins <= self.now < ends for begins, ends in one.shifts)
        return self.works(one) and (
            one.code in {"clinician", "nurse"} or (one.code == "on-call" and on_shift)
        )

    def works(self, one: Job) -> bool:
        return one.accepted and not one.suspended and self.now < one.ends

    def everybody(self) -> Iterator[Who]:
        """Whoever could see anything, and some who cannot."""
        yield from (Who(user) for user in USERS)
        yield from {Who(one.who, one.patient) for one in self.given if one.path == "proxy"}
        yield from (Who(link=at) for at, one in enumerate(self.given) if one.path == "link")
        yield Who(USERS[-1], PATIENTS[0])


def herself(patient: int) -> Who:
    return Who(OPENER, CHILD) if patient == CHILD else Who(patient)


def allows(who: Who, one: Given, action: Action) -> bool:
    if action in KEEPING:
        return who.acts_for is not None and action in {Action.CREATE, Action.UPDATE}
    return action is Action.READ or (one.part.copy if action is Action.COPY else one.part.reshare)


def covers(part: Part, thing: Thing) -> bool:
    narrow = not part.tags or bool(part.tags & thing.tags)
    return thing.category in part.categories and thing.labels <= part.labels and narrow
