"""Months at a facility: who works there when, and what its people open in an emergency."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import rule

from accounts.acting import acting_as
from accounts.actors import Actor
from sharing.models import AccessRequest, Grant, Role
from sharing.policy import Action
from sharing.services import emergencies, members, requests, rosters
from sharing.services.emergencies import HOURS, Plan
from sharing.services.requests import Wish
from tests.property.months import (
    ADMINISTRATOR,
    CATEGORIES,
    DAY,
    LABELS,
    NAMES,
    Months,
    asked,
    askers,
    codes,
    managers,
    parts,
    patients,
    some,
    users,
)
from tests.property.over_time import OPENER, PATIENTS, USERS, Given, Job, Part, Who
from tests.raw import as_owner


class AtWork(Months):
    """Each step is one act of the portal, and the same in the model."""

    def manage(self, by: int, act: Callable[[Actor], object], *, may: bool = True) -> bool:
        done = asked(lambda: act(self.actor(Who(by))))
        assert done == (may and by == ADMINISTRATOR)
        return done

    @rule(by=managers, user=st.sampled_from(USERS[1:4]), code=codes)
    def invite(self, by: int, user: int, code: Role) -> None:
        same = (one for one in self.model.jobs if (one.user, one.code) == (user, code))
        there = any(self.model.now < one.ends for one in same)
        made, to = list[UUID](), f"{NAMES[user]}@example.org"
        facility = self.ground.facility
        act = partial(members.invite, organization_id=facility, email=to, code=code, ends_at=None)
        if self.manage(by, lambda actor: made.append(act(actor)), may=not there):
            self.roles += made
            self.model.jobs.append(Job(user, code, self.open_until()))

    @rule(which=some, who=st.none() | users)
    def begin_to_work(self, which: int, who: int | None) -> None:
        at = self.one_of(self.model.jobs, which)
        if at is None or who in self.model.off:
            return
        job = self.model.jobs[at]
        who = job.user if who is None else who
        over = job.accepted or job.suspended or self.model.now >= min(job.waits_until, job.ends)
        may = who == job.user and not over
        assert asked(lambda: members.accept(self.actor(Who(who)), self.roles[at])) == may
        job.accepted |= may

    @rule(
        which=some, by=managers, act=st.sampled_from([members.suspend, members.resume, members.end])
    )
    def suspend_or_end(self, which: int, by: int, act: Any) -> None:
        if (at := self.one_of(self.model.jobs, which)) is None:
            return
        job = self.model.jobs[at]
        done = self.manage(by, lambda actor: act(actor, self.roles[at]))
        if done and self.model.now < job.ends:
            if act is members.end:
                job.ends = self.model.now
            else:
                job.suspended = act is members.suspend

    @rule(which=some, by=managers, code=codes)
    def change_role(self, which: int, by: int, code: Role) -> None:
        if (at := self.one_of(self.model.jobs, which)) is None:
            return
        old, made = self.model.jobs[at], list[UUID]()
        may = old.accepted and self.model.now < old.ends
        change = partial(members.change, role_id=self.roles[at], code=code, ends_at=None)
        if self.manage(by, lambda actor: made.append(change(actor)), may=may) and code != old.code:
            self.roles += made
            waits: dict[str, Any] = {"accepted": False, "waits_until": self.open_until()}
            self.model.jobs.append(replace(old, code=code, shifts=[], **waits))
            old.ends = self.model.now

    @rule(
        which=some,
        by=managers,
        begins=st.sampled_from([0.0, 0.5]),
        length=st.sampled_from([0.5, 2.0]),
    )
    def put_on_call(self, which: int, by: int, begins: float, length: float) -> None:
        if (at := self.one_of(self.model.jobs, which)) is None:
            return
        job, now = self.model.jobs[at], timezone.now()
        span: dict[str, Any] = {
            "starts_at": now + begins * DAY,
            "ends_at": now + (begins + length) * DAY,
        }
        act = partial(rosters.add, organization_id=self.ground.facility, role_id=self.roles[at])
        if self.manage(
            by, lambda actor: act(actor, **span), may=job.code == "on-call" and job.accepted
        ):
            job.shifts.append((self.model.now + begins, self.model.now + begins + length))

    # --- requests ---------------------------------------------------------------------------------

    @rule(user=users, patient=st.sampled_from([0, 0, OPENER]))
    def ask(self, user: int, patient: int) -> None:
        wish, email = Wish("To treat her", CATEGORIES), f"{NAMES[patient]}@example.org"
        done = asked(lambda: requests.ask(self.actor(Who(user)), email, wish=wish))
        assert done == (user in self.model.team())
        if done and (fresh := self.model.asks(user, patient)):
            with as_owner():
                self.requests.append(AccessRequest.objects.latest("made_at").pk)
            self.model.asked.append(fresh)
        with as_owner():
            assert AccessRequest.objects.count() == len(self.requests)

    @rule(which=some, asker=askers, part=parts)
    def let_in(self, which: int, asker: Any, part: Part) -> None:
        """Who asked, at once; to say it again changes nothing."""
        if (at := self.one_of(self.requests, which)) is None:
            return
        one, made = self.model.asked[at], list[UUID]()
        who = self.asker(asker, one.patient)
        hers = self.model.keeps(who, Action.SHARE) == one.patient
        scope = self.scope(part, one.patient)
        act = partial(requests.grant, self.actor(who), self.requests[at], scope=scope)
        may = hers and self.model.answers(one)
        assert asked(lambda: made.append(act())) == (may or (hers and one.granted))
        if may:
            one.granted = True
            self.keep(
                Given(one.patient, "person", one.user, self.dated(part), 0, accepted=True), made
            )

    # --- emergencies ------------------------------------------------------------------------------

    @rule(asker=askers, patient=st.sampled_from([0, 0, 0, *PATIENTS]), part=parts)
    def arm(self, asker: Any, patient: int, part: Part) -> None:
        """With a new card: what the last one opened goes on, and the last one opens nothing more."""
        who = self.asker(asker, patient)
        about = self.model.keeps(who, Action.SHARE) if who.acts_for is None else None
        plan = Plan(
            tuple(one for one in CATEGORIES if one.value in part.categories),
            tuple(one for one in LABELS if one.value in part.labels),
        )
        done = asked(lambda: emergencies.arm(self.actor(who), plan))
        assert done == (about is not None)
        if about is not None:
            nothing: frozenset[str] = frozenset()
            self.model.cards[about] = replace(part, tags=nothing, copy=False, reshare=False)

    @rule(asker=askers, patient=patients)
    def disarm(self, asker: Any, patient: int) -> None:
        who = self.asker(asker, patient)
        about = self.model.keeps(who, Action.REVOKE)
        assert asked(lambda: emergencies.disarm(self.actor(who))) == (about is not None)
        if about is not None:
            self.model.cards.pop(about, None)

    @rule(user=users, patient=patients)
    def break_the_glass(self, user: int, patient: int) -> None:
        """With the card that is out, for four hours."""
        if (card := self.model.cards.get(patient)) is None or patient in self.model.off:
            return
        plan, may = emergencies.plan(self.actor(Who(patient))), self.model.opens(user, patient)
        act = partial(
            emergencies.break_glass,
            self.actor(Who(user)),
            plan.typed if plan else "",
            organization_id=self.ground.facility,
            reason="Found unconscious",
        )
        assert asked(act) == may
        if may:
            now = self.model.now
            part = replace(card, starts=now, ends=now + HOURS / 24)
            given = Given(patient, "emergency", user, part, 0, accepted=True, card=card)
            with acting_as(self.actor(Who(patient))):
                hers = Grant.objects.filter(patient=self.ground.patients[patient])
                row = hers.latest("serial")
            self.keep(given, [row.pk])
